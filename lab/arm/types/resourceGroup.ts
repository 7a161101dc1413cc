import { refuse } from "../errors";
import { refusalsOf } from "../rules";
import { map, readOnly, record, resource, text, unshownEtag } from "../schema";
import { quoted } from "../sources";
import type { ResourceType } from "./definition";

const refusals = refusalsOf("Microsoft.Resources/resourceGroups", {
  moved: {
    code: "InvalidResourceGroupLocation",
    says: "A group stays in its region.",
    http: 409,
    reported: quoted("InvalidResourceGroupLocation"),
  },
});

/** A resource group. Deleting it deletes what is in it: that walk is in `arm.ts`. */
export const resourceGroup: ResourceType = {
  type: "Microsoft.Resources/resourceGroups",
  token: "azure-native:resources:ResourceGroup",
  getter: "azure-native:resources:getResourceGroup",
  apiVersion: "2024-03-01",
  path: ["resourceGroupName"],
  name: {
    max: 90,
    pattern: /^[\p{L}\p{N}_().-]*[\p{L}\p{N}_()-]$/u,
    words: "letters, digits, underscores, parentheses, hyphens and periods; no period at the end",
  },
  located: true,
  replaces: ["location"],
  shape: resource(
    {
      id: readOnly(text()),
      name: readOnly(text()),
      type: readOnly(text()),
      etag: unshownEtag,
      location: text(),
      tags: map,
      managedBy: text(),
      // The SDK shows this one as it is, not flattened.
      properties: readOnly(record({ provisioningState: readOnly(text()) })),
    },
    {},
  ),
  rules: [
    function* location({ desired, existing }) {
      if (existing === undefined || existing.location === desired.location) return;
      yield refuse(
        refusals.moved,
        `Invalid resource group location '${desired.location}'. The Resource group already exists in location '${existing.location}'.`,
        "location",
      );
    },
  ],
};
