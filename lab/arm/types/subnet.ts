import { hasHostBits, parseNetwork } from "../../../components/azure/addresses";
import { modelsNaming } from "../../compute/scaleSets/model";
import { holdersIn, networksOf, prefixesOf } from "../addressing";
import { type ArmError, refuse } from "../errors";
import { sameId } from "../ids";
import { namedBy, referenceProblems } from "../inUse";
import { asBodies, asBody, type Child, childrenOf, refOf } from "../resource";
import { behavesSo, refusalsOf } from "../rules";
import { child, flag, list, readOnly, record, ref, resource, served, text } from "../schema";
import { docs, quoted, recordings } from "../sources";
import type { Put, World } from "../world";
import { networkName, type ResourceType, withProperties } from "./definition";

/** Refusals of a range of addresses, in a subnet and in a network. */
export const RANGE_REFUSALS = {
  format: {
    code: "InvalidAddressPrefixFormat",
    says: "A range is in CIDR form.",
    reported: quoted("InvalidAddressPrefixFormat"),
  },
  hostBits: {
    code: "InvalidCIDRNotation",
    says: "A range has no host bits.",
    reported: quoted("InvalidCIDRNotation"),
  },
} as const;

const refusals = refusalsOf("Microsoft.Network/virtualNetworks/subnets", {
  sharing: {
    code: "SharingScopeRequiresPrivateSubnet",
    says: "Only a subnet without default outbound access is shared.",
    ours: true,
    documented: docs.types,
  },
  empty: {
    code: "InvalidRequestFormat",
    says: "A subnet has a range.",
    documented: docs.apiErrors,
  },
  ...RANGE_REFUSALS,
  small: {
    code: "SubnetTooSmall",
    says: "An IPv4 range is /29 or larger.",
    ours: true,
    documented: docs.vnet,
  },
  ipv6: {
    code: "InvalidIPv6SubnetSize",
    says: "An IPv6 range is /64.",
    ours: true,
    documented: docs.vnet,
  },
  held: {
    code: "InUsePrefixCannotBeDeleted",
    says: "A subnet that changes keeps the addresses that are in use.",
    reported: quoted("InUsePrefixCannotBeDeleted"),
  },
});

behavesSo("Microsoft.Network/virtualNetworks/subnets", {
  says: "A new subnet has no default outbound access with API 2026-03-01 or newer, unless it says so.",
  recorded: `PUT of a subnet with API 2026-03-01; ${recordings.client}`,
});

/** Properties of a subnet. */
export const subnetFields = {
  addressPrefix: text(),
  addressPrefixes: list(text()),
  defaultOutboundAccess: flag,
  natGateway: ref,
  networkSecurityGroup: ref,
  routeTable: ref,
  serviceEndpoints: list(
    record({ service: text(), locations: list(text()), provisioningState: readOnly(text()) }),
  ),
  delegations: list(
    resource(
      { name: text(), id: readOnly(text()), etag: readOnly(text()), type: readOnly(text()) },
      { serviceName: text(), actions: readOnly(list(text())), provisioningState: readOnly(text()) },
    ),
  ),
  // Policies and allocations are not carried; Azure's tools send the empty list.
  serviceEndpointPolicies: list(ref, 0, 0),
  ipAllocations: list(ref, 0, 0),
  privateEndpointNetworkPolicies: text(
    "Enabled",
    "Disabled",
    "NetworkSecurityGroupEnabled",
    "RouteTableEnabled",
  ),
  privateLinkServiceNetworkPolicies: text("Enabled", "Disabled"),
  sharingScope: text("Tenant", "DelegatedServices"),
  ipConfigurations: served,
  purpose: served,
};

/** A subnet as a resource of its own; it is stored inside its virtual network. */
export const subnet: ResourceType = {
  type: "Microsoft.Network/virtualNetworks/subnets",
  token: "azure-native:network:Subnet",
  getter: "azure-native:network:getSubnet",
  apiVersion: "2024-05-01",
  path: ["resourceGroupName", "virtualNetworkName", "subnetName"],
  name: networkName(),
  located: false,
  inline: { owner: "Microsoft.Network/virtualNetworks", collection: "subnets" },
  shape: child(subnetFields),
};

/** API version with which a new subnet is private unless the request says otherwise. */
const PRIVATE_SINCE = "2026-03-01";

/** Fills in what the service decides for a subnet. */
export function prepareSubnet(part: Child, put: Put): void {
  const { properties } = part;
  const before = childrenOf(put.existing ?? { properties: {} }, "subnets");
  const isNew = !before.some(({ id }) => sameId(id, part.id));
  if (isNew && (put.apiVersion ?? "") >= PRIVATE_SINCE) properties.defaultOutboundAccess ??= false;
  properties.privateEndpointNetworkPolicies ??= "Disabled";
  properties.privateLinkServiceNetworkPolicies ??= "Enabled";
  properties.delegations ??= [];
  for (const delegation of asBodies(properties.delegations)) {
    delegation.id = `${part.id}/delegations/${delegation.name}`;
    delegation.type = "Microsoft.Network/virtualNetworks/subnets/delegations";
    delegation.properties = {
      actions: ["Microsoft.Network/virtualNetworks/subnets/join/action"],
      ...asBody(delegation.properties),
      provisioningState: "Succeeded",
    };
  }
}

/** Resources that keep a subnet: IP configurations, frontends, and models of scale sets. */
export const subnetKeepers = (id: string, world: World): string[] => [
  ...subnetUsers(id, world),
  ...modelsNaming(id, world),
];

/** IP configurations and frontends inside a subnet. */
export function subnetUsers(id: string, world: World): string[] {
  return world
    .usersOf(id)
    .flatMap((user) => [
      ...namedBy(user, "ipConfigurations", "subnet", id),
      ...namedBy(user, "frontendIPConfigurations", "subnet", id),
    ])
    .map((part) => part.id);
}

/** A subnet with what is in it. */
export function presentSubnet(part: Child, world: World): Child {
  const users = subnetUsers(part.id, world);
  return withProperties(part, {
    ipConfigurations: users.length > 0 ? users.map((id) => ({ id })) : undefined,
  });
}

/** Problems of one subnet, apart from its place among the others. */
export function* subnetProblems(
  put: Put,
  part: Child,
  before: Child | undefined,
  path: string,
): Generator<ArmError> {
  yield* prefixProblems(part, path);
  const { networkSecurityGroup, natGateway, routeTable } = part.properties;
  for (const [name, value, type] of [
    ["networkSecurityGroup", networkSecurityGroup, "Microsoft.Network/networkSecurityGroups"],
    ["natGateway", natGateway, "Microsoft.Network/natGateways"],
    ["routeTable", routeTable, "Microsoft.Network/routeTables"],
  ] as const) {
    if (value === undefined) continue;
    yield* referenceProblems(put, refOf(value), [type], `${path}.properties.${name}`);
  }
  if (before !== undefined) yield* shrinkProblems(put, part, path);
  if (
    part.properties.sharingScope !== undefined &&
    part.properties.defaultOutboundAccess !== false
  ) {
    yield refuse(
      refusals.sharing,
      `sharingScope of subnet ${part.name} can only be set with defaultOutboundAccess false.`,
      `${path}.properties.sharingScope`,
    );
  }
}

function* prefixProblems(part: Child, path: string): Generator<ArmError> {
  const prefixes = prefixesOf(part.properties);
  const target = `${path}.properties.addressPrefix`;
  if (prefixes.length === 0) {
    yield refuse(refusals.empty, `Subnet ${part.name} has no address prefix.`, target);
  }
  for (const prefix of prefixes) {
    const network = parseNetwork(prefix);
    if (network === undefined || !prefix.includes("/")) {
      yield refuse(refusals.format, `Address prefix ${prefix} is not in CIDR form.`, target);
      continue;
    }
    if (hasHostBits(prefix)) {
      yield refuse(
        refusals.hostBits,
        `The address prefix ${prefix} in resource ${part.id} has an invalid CIDR notation: host bits are set.`,
        target,
      );
    }
    if (network.family === 4 && network.prefix > 29) {
      yield refuse(
        refusals.small,
        `Subnet ${part.name} is ${prefix}; the smallest is /29.`,
        target,
      );
    }
    if (network.family === 6 && network.prefix !== 64) {
      yield refuse(refusals.ipv6, `IPv6 prefix ${prefix} of a subnet must be /64.`, target);
    }
  }
}

/** A subnet in use may grow, but what is in it must stay in it. */
function* shrinkProblems(put: Put, part: Child, path: string): Generator<ArmError> {
  const networks = networksOf(part.properties);
  for (const { address, family, value, part: holder } of holdersIn(put.world, part.id)) {
    if (value === undefined) continue;
    if (networks.some((n) => n.family === family && n.first <= value && value <= n.last)) continue;
    yield refuse(
      refusals.held,
      `IpPrefix ${prefixesOf(part.properties).join(", ")} on Subnet ${part.name} does not hold ${address}, which is in use by ${holder}.`,
      `${path}.properties.addressPrefix`,
    );
    return;
  }
}
