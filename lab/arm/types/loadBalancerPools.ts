import { parseAddress } from "../../../components/azure/addresses";
import { modelsNaming } from "../../compute/scaleSets/model";
import { namedChildren } from "../children";
import { type ArmError, refuse } from "../errors";
import { inUse, namedBy, removedChildren } from "../inUse";
import { asBodies, asBody, asText, type Child } from "../resource";
import { behavesSo, refusalsOf } from "../rules";
import { docs, issue } from "../sources";
import type { Put, World } from "../world";

const refusals = refusalsOf("Microsoft.Network/loadBalancers", {
  tunnels: {
    code: "TunnelInterfacesOnlyAllowedForGatewaySku",
    says: "Only a pool of SKU Gateway has tunnels.",
    ours: true,
    assumed: "The service's answer to tunnels of a Standard pool is not known.",
  },
  used: {
    code: "InUseBackendAddressPoolCannotBeDeleted",
    says: "A pool stays while it has members, or a scale set's model names it.",
    ours: true,
    assumed: "Other parts in use are refused so; no source shows the code.",
  },
  mixed: {
    code: "CannotMixIPBasedAddressesAndIPConfigurationsOnLoadBalancerBackendAddressPool",
    says: "The members of a pool are all addresses or all IP configurations.",
    reported: issue("hashicorp/terraform-provider-azurerm", 25962),
  },
  adminState: {
    code: "AdminStateNotSupportedForGatewaySku",
    says: "A member of a pool of SKU Gateway has no adminState.",
    ours: true,
    assumed: `Nothing says that it works there (${docs.adminState}).`,
  },
  noAddress: {
    code: "InvalidIPAddressInRequest",
    says: "The address of a member is an IP address.",
    ours: true,
    assumed: "No source shows the refusal of a string that is no address.",
  },
  noNetwork: {
    code: "BackendAddressMissingVirtualNetwork",
    says: "A member by address names its network.",
    ours: true,
    assumed: "The API's text asks for it; no source shows the refusal.",
  },
});

behavesSo("Microsoft.Network/loadBalancers", {
  says: "adminState of a member by address goes before its probe: Up takes new flows, Down takes none, and what runs goes on.",
  documented: docs.adminState,
});

/** Backend pools: members by NIC or by address, never both; a pool in use stays. */
export function* poolRules(put: Put): Generator<ArmError> {
  for (const [pool, path] of namedChildren(put, "backendAddressPools")) {
    yield* memberProblems(put, pool, path);
    if (put.desired.sku?.name !== "Gateway" && pool.properties.tunnelInterfaces !== undefined) {
      yield refuse(
        refusals.tunnels,
        `Pool ${pool.id} has tunnelInterfaces, which only a Gateway SKU load balancer takes.`,
        `${path}.properties.tunnelInterfaces`,
      );
    }
  }
  for (const gone of removedChildren(put.existing, put.desired, "backendAddressPools")) {
    const members = [...membersOf(gone.id, put.world), ...modelsNaming(gone.id, put.world)];
    if (members.length > 0) yield inUse(refusals.used, gone.id, members);
  }
}

function* memberProblems(put: Put, pool: Child, path: string): Generator<ArmError> {
  const addresses = asBodies(pool.properties.loadBalancerBackendAddresses);
  const at = `${path}.properties.loadBalancerBackendAddresses`;
  const members = membersOf(pool.id, put.world);
  if (addresses.length > 0 && members.length > 0) {
    yield refuse(
      refusals.mixed,
      `Mixing backend IP configurations and IP addresses in backend pool ${pool.id} is not allowed: it has ${members.join(", ")}.`,
      at,
    );
  }
  for (const [i, address] of addresses.entries()) {
    const properties = asBody(address.properties) ?? {};
    if (put.desired.sku?.name === "Gateway" && properties.adminState !== undefined) {
      yield refuse(
        refusals.adminState,
        `adminState in pool ${pool.id} is not possible on a Gateway SKU load balancer.`,
        `${at}[${i}].properties.adminState`,
      );
    }
    const ip = asText(properties.ipAddress);
    if (ip === undefined || parseAddress(ip) === undefined) {
      yield refuse(
        refusals.noAddress,
        `Backend address ${ip ?? ""} of pool ${pool.id} is no IP address.`,
        `${at}[${i}].properties.ipAddress`,
      );
    }
    if (properties.virtualNetwork === undefined && properties.subnet === undefined) {
      yield refuse(
        refusals.noNetwork,
        `Backend address ${ip ?? ""} of pool ${pool.id} names no virtual network.`,
        `${at}[${i}].properties.virtualNetwork`,
      );
    }
  }
}

/** NIC configurations that are members of a pool. */
export function membersOf(poolId: string, world: World): string[] {
  return world
    .usersOf(poolId)
    .flatMap((user) => namedBy(user, "ipConfigurations", "loadBalancerBackendAddressPools", poolId))
    .map((part) => part.id);
}
