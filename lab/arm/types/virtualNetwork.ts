import {
  contains,
  hasHostBits,
  type Network,
  overlaps,
  parseNetwork,
} from "../../../components/azure/addresses";
import { networksOf, prefixesOf } from "../addressing";
import { childNameProblems, nameChildren, namedChildren } from "../children";
import { type ArmError, refuse } from "../errors";
import { inUse, removedChildren } from "../inUse";
import { PLATFORM } from "../platform";
import { asBody, asTexts, childrenOf, type StoredResource } from "../resource";
import { refusalsOf } from "../rules";
import { child, flag, list, maintained, record, ref, required, text, whole } from "../schema";
import { docs, quoted, recordings } from "../sources";
import type { Put } from "../world";
import {
  networkName,
  type ResourceType,
  resourceGuid,
  topLevel,
  withProperties,
} from "./definition";
import {
  prepareSubnet,
  presentSubnet,
  RANGE_REFUSALS,
  subnetFields,
  subnetKeepers,
  subnetProblems,
} from "./subnet";

const refusals = refusalsOf("Microsoft.Network/virtualNetworks", {
  used: {
    code: "InUseSubnetCannotBeDeleted",
    says: "A subnet stays while a configuration, a frontend or a model is in it.",
    recorded: `DELETE of a network with a gateway in it; ${recordings.operator}`,
  },
  empty: {
    code: "InvalidRequestFormat",
    says: "An address space has a range.",
    documented: docs.apiErrors,
  },
  ...RANGE_REFUSALS,
  size: {
    code: "InvalidAddressPrefixFormat",
    says: "An IPv4 range of a network is /2 to /29.",
    assumed: `/29 is documented for subnets (${docs.vnet}); no source shows the refusal.`,
  },
  forbidden: {
    code: "AddressPrefixNotAllowed",
    says: "A range is no multicast, broadcast, loopback, link-local or platform address.",
    ours: true,
    documented: docs.vnet,
  },
  overlap: {
    code: "AddressPrefixesOverlap",
    says: "The ranges of a network do not overlap.",
    ours: true,
    assumed: "Overlapping ranges would mean one address twice; no source shows the code.",
  },
  outside: {
    code: "NetcfgSubnetRangeOutsideVnet",
    says: "A subnet is inside its network.",
    reported: quoted("NetcfgSubnetRangeOutsideVnet"),
  },
  clash: {
    code: "NetcfgSubnetRangesOverlap",
    says: "Subnets of one network do not overlap.",
    reported: quoted("NetcfgSubnetRangesOverlap"),
  },
});

/** A virtual network with its subnets inline. */
export const virtualNetwork: ResourceType = {
  type: "Microsoft.Network/virtualNetworks",
  token: "azure-native:network:VirtualNetwork",
  getter: "azure-native:network:getVirtualNetwork",
  apiVersion: "2024-05-01",
  path: ["resourceGroupName", "virtualNetworkName"],
  name: networkName(64),
  located: true,
  replaces: ["location"],
  shape: topLevel({
    addressSpace: required(record({ addressPrefixes: list(text()) })),
    subnets: maintained(list(child(subnetFields))),
    // Peerings are not modelled: what is shown is that there is none.
    virtualNetworkPeerings: list(record({}), 0, 0),
    ipAllocations: list(ref, 0, 0),
    dhcpOptions: record({ dnsServers: list(text()) }),
    enableDdosProtection: flag,
    enableVmProtection: flag,
    encryption: record({
      enabled: required(flag),
      enforcement: text("DropUnencrypted", "AllowUnencrypted"),
    }),
    flowTimeoutInMinutes: whole(4, 30),
    privateEndpointVNetPolicies: text("Disabled", "Basic"),
    ...resourceGuid,
  }),
  prepare(put) {
    nameChildren(put, "subnets");
    put.desired.properties.enableDdosProtection ??= false;
    put.desired.properties.privateEndpointVNetPolicies ??= "Disabled";
    put.desired.properties.subnets ??= [];
    put.desired.properties.virtualNetworkPeerings ??= [];
    for (const subnet of childrenOf(put.desired, "subnets")) prepareSubnet(subnet, put);
  },
  rules: [
    addressSpace,
    (put) => childNameProblems(put, "subnets"),
    subnetsFit,
    function* eachSubnet(put) {
      for (const [subnet, path] of namedChildren(put, "subnets")) {
        const before = childrenOf(put.existing ?? { properties: {} }, "subnets");
        yield* subnetProblems(
          put,
          subnet,
          before.find((b) => b.id === subnet.id),
          path,
        );
      }
    },
    removedSubnets,
  ],
  deleteRules: [
    function* used(existing, world) {
      const users = childrenOf(existing, "subnets").flatMap((s) => subnetKeepers(s.id, world));
      if (users.length > 0) yield inUse(refusals.used, existing.id, users);
    },
  ],
  present: (stored, world) =>
    withProperties(stored, {
      subnets: childrenOf(stored, "subnets").map((subnet) => presentSubnet(subnet, world)),
    }),
};

/** Networks of the address space, with their paths. */
function spaceOf(network: StoredResource): [string, Network | undefined, string][] {
  const prefixes = asTexts(asBody(network.properties.addressSpace)?.addressPrefixes);
  return prefixes.map((prefix, i) => [
    prefix,
    parseNetwork(prefix),
    `properties.addressSpace.addressPrefixes[${i}]`,
  ]);
}

/** Ranges that Azure does not take into an address space. */
const FORBIDDEN = [
  "224.0.0.0/4",
  "255.255.255.255/32",
  "127.0.0.0/8",
  "169.254.0.0/16",
  `${PLATFORM}/32`,
];

function* addressSpace({ desired }: Put): Generator<ArmError> {
  const space = spaceOf(desired);
  if (space.length === 0) {
    yield refuse(
      refusals.empty,
      `Virtual network ${desired.id} has no address prefix.`,
      "properties.addressSpace.addressPrefixes",
    );
  }
  for (const [i, [prefix, network, path]] of space.entries()) {
    if (network === undefined || !prefix.includes("/")) {
      yield refuse(refusals.format, `Address prefix ${prefix} is not in CIDR form.`, path);
      continue;
    }
    if (hasHostBits(prefix)) {
      yield refuse(refusals.hostBits, `The address prefix ${prefix} has host bits set.`, path);
    }
    if (network.family === 4 && (network.prefix < 2 || network.prefix > 29)) {
      yield refuse(refusals.size, `Address prefix ${prefix} must be /2 to /29.`, path);
    }
    const bad = FORBIDDEN.find((f) => {
      const range = parseNetwork(f);
      return range !== undefined && overlaps(range, network);
    });
    if (bad !== undefined) {
      yield refuse(refusals.forbidden, `Address prefix ${prefix} overlaps ${bad}.`, path);
    }
    for (const [other, otherNetwork] of space.slice(0, i)) {
      if (otherNetwork === undefined || !overlaps(network, otherNetwork)) continue;
      yield refuse(refusals.overlap, `Address prefixes ${other} and ${prefix} overlap.`, path);
    }
  }
}

function* subnetsFit({ desired }: Put): Generator<ArmError> {
  const space = spaceOf(desired).flatMap(([, network]) => network ?? []);
  const seen: [string, Network][] = [];
  for (const subnet of childrenOf(desired, "subnets")) {
    for (const network of networksOf(subnet.properties)) {
      if (!space.some((range) => contains(range, network))) {
        yield refuse(
          refusals.outside,
          `Subnet '${subnet.name}' is not valid because its IP address range ${prefixesOf(subnet.properties).join(", ")} is outside the IP address range of virtual network '${desired.name}'.`,
          subnet.id,
        );
      }
      const clash = seen.find(([, other]) => overlaps(other, network));
      if (clash !== undefined) {
        yield refuse(
          refusals.clash,
          `Subnet '${subnet.name}' is not valid because its IP address range overlaps with that of an existing subnet '${clash[0]}' in virtual network '${desired.name}'.`,
          subnet.id,
        );
      }
      seen.push([subnet.name, network]);
    }
  }
}

function* removedSubnets({ desired, existing, world }: Put): Generator<ArmError> {
  for (const subnet of removedChildren(existing, desired, "subnets")) {
    const users = subnetKeepers(subnet.id, world);
    if (users.length > 0) yield inUse(refusals.used, subnet.id, users);
  }
}
