import { type ArmError, refuse } from "../errors";
import { inUse } from "../inUse";
import { freePublicPrefix } from "../publicAddressing";
import { asNumber, asText, refOf } from "../resource";
import { refusalsOf } from "../rules";
import { list, readOnly, record, ref, required, text, whole } from "../schema";
import { docs } from "../sources";
import type { Put } from "../world";
import {
  networkName,
  type ResourceType,
  resourceGuid,
  topLevel,
  withProperties,
} from "./definition";
import { skuChange, zoneChange } from "./fixedAtCreation";

export const PUBLIC_IP_PREFIX_TYPE = "Microsoft.Network/publicIPPrefixes";

const refusals = refusalsOf(PUBLIC_IP_PREFIX_TYPE, {
  used: {
    code: "InUsePublicIpPrefixCannotBeDeleted",
    says: "A prefix stays while an address is of it.",
    ours: true,
    documented: docs.publicPrefixes,
  },
  length: {
    code: "PublicIpPrefixLengthCannotBeChanged",
    says: "The length of a prefix is fixed at creation.",
    ours: true,
    documented: docs.publicPrefixes,
  },
  none: {
    code: "AllocationFailed",
    says: "The region has a free prefix.",
    assumed: "The lab's range ends; the code is Compute's for a region without room.",
  },
});

/** A row of public addresses, of which addresses are made later. IPv4 only. */
export const publicIPPrefix: ResourceType = {
  type: PUBLIC_IP_PREFIX_TYPE,
  token: "azure-native:network:PublicIPPrefix",
  getter: "azure-native:network:getPublicIPPrefix",
  apiVersion: "2024-05-01",
  path: ["resourceGroupName", "publicIpPrefixName"],
  name: networkName(),
  located: true,
  shape: topLevel(
    {
      // Microsoft gives larger ones on request only.
      prefixLength: required(whole(28, 31)),
      publicIPAddressVersion: text("IPv4"),
      ipTags: list(record({ ipTagType: text(), tag: text() })),
      ipPrefix: readOnly(text()),
      publicIPAddresses: readOnly(list(ref)),
      ...resourceGuid,
    },
    {
      sku: record({ name: text("Standard"), tier: text("Regional", "Global") }),
      zones: list(text("1", "2", "3")),
    },
  ),
  prepare(put) {
    const { desired, existing } = put;
    const { properties } = desired;
    properties.publicIPAddressVersion ??= "IPv4";
    properties.ipTags ??= [];
    desired.sku = { name: "Standard", tier: "Regional", ...desired.sku };
    properties.ipPrefix =
      existing?.properties.ipPrefix ??
      freePublicPrefix(put, asNumber(properties.prefixLength) ?? 28);
  },
  ownRules: [changeRules],
  rules: [
    function* room({ desired }) {
      if (desired.properties.ipPrefix !== undefined) return;
      yield refuse(refusals.none, "No prefix of public addresses is left in the region.");
    },
  ],
  deleteRules: [
    function* used(existing, world) {
      const users = world.usersOf(existing.id).map(({ id }) => id);
      if (users.length > 0) yield inUse(refusals.used, existing.id, users);
    },
  ],
  present: (stored, world) =>
    withProperties(stored, {
      publicIPAddresses: world
        .usersOf(stored.id)
        .filter(({ properties }) => asText(refOf(properties.publicIPPrefix)) !== undefined)
        .map(({ id }) => ({ id })),
    }),
};

function* changeRules({ desired, existing }: Put): Generator<ArmError> {
  if (existing === undefined) return;
  yield* skuChange(desired, existing);
  yield* zoneChange(desired, existing);
  const [before, after] = [existing.properties.prefixLength, desired.properties.prefixLength];
  if (before === after) return;
  yield refuse(
    refusals.length,
    `The prefix length of ${desired.id} cannot be changed from ${before} to ${after}.`,
    "properties.prefixLength",
  );
}
