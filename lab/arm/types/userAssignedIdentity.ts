import { guidOf, TENANT } from "../principals";
import { readOnly, text } from "../schema";
import { type ResourceType, topLevel } from "./definition";

/** An identity that machines and role assignments name. */
export const userAssignedIdentity: ResourceType = {
  type: "Microsoft.ManagedIdentity/userAssignedIdentities",
  token: "azure-native:managedidentity:UserAssignedIdentity",
  getter: "azure-native:managedidentity:getUserAssignedIdentity",
  apiVersion: "2024-11-30",
  path: ["resourceGroupName", "resourceName"],
  name: {
    max: 128,
    pattern: /^[A-Za-z0-9][A-Za-z0-9_-]{2,}$/,
    words:
      "letters, digits, hyphens and underscores, three or more; it begins with a letter or digit",
  },
  located: true,
  replaces: ["location"],
  shape: topLevel({
    isolationScope: text("None", "Regional"),
    principalId: readOnly(text()),
    clientId: readOnly(text()),
    tenantId: readOnly(text()),
  }),
  prepare({ desired, existing, serial }) {
    Object.assign(desired.properties, {
      tenantId: TENANT,
      principalId:
        existing?.properties.principalId ?? guidOf(`principal ${serial} of ${desired.id}`),
      clientId: existing?.properties.clientId ?? guidOf(`client ${serial} of ${desired.id}`),
    });
  },
};
