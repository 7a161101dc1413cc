import { parseAddress } from "../../../components/azure/addresses";
import { modelsNaming } from "../../compute/scaleSets/model";
import { namedChildren } from "../children";
import { type ArmError, refuse } from "../errors";
import { inUse, namedBy, removedChildren } from "../inUse";
import { asBodies, asBody, asText, type Child } from "../resource";
import type { Put, World } from "../world";

/** Backend pools: members by NIC or by address, never both; a pool in use stays. */
export function* poolRules(put: Put): Generator<ArmError> {
  for (const [pool, path] of namedChildren(put, "backendAddressPools")) {
    yield* memberProblems(put, pool, path);
    if (put.desired.sku?.name !== "Gateway" && pool.properties.tunnelInterfaces !== undefined) {
      yield refuse(
        "TunnelInterfacesOnlyAllowedForGatewaySku",
        `Pool ${pool.id} has tunnelInterfaces, which only a Gateway SKU load balancer takes.`,
        `${path}.properties.tunnelInterfaces`,
      );
    }
  }
  for (const gone of removedChildren(put.existing, put.desired, "backendAddressPools")) {
    const members = [...membersOf(gone.id, put.world), ...modelsNaming(gone.id, put.world)];
    if (members.length > 0) yield inUse("InUseBackendAddressPoolCannotBeDeleted", gone.id, members);
  }
}

function* memberProblems(put: Put, pool: Child, path: string): Generator<ArmError> {
  const addresses = asBodies(pool.properties.loadBalancerBackendAddresses);
  const at = `${path}.properties.loadBalancerBackendAddresses`;
  const members = membersOf(pool.id, put.world);
  if (addresses.length > 0 && members.length > 0) {
    yield refuse(
      "CannotMixIPBasedAddressesAndIPConfigurationsOnLoadBalancerBackendAddressPool",
      `Mixing backend IP configurations and IP addresses in backend pool ${pool.id} is not allowed: it has ${members.join(", ")}.`,
      at,
    );
  }
  for (const [i, address] of addresses.entries()) {
    const properties = asBody(address.properties) ?? {};
    // adminState on a Gateway SKU is not documented: the harsher reading is that it is refused.
    if (put.desired.sku?.name === "Gateway" && properties.adminState !== undefined) {
      yield refuse(
        "AdminStateNotSupportedForGatewaySku",
        `adminState in pool ${pool.id} is not possible on a Gateway SKU load balancer.`,
        `${at}[${i}].properties.adminState`,
      );
    }
    const ip = asText(properties.ipAddress);
    if (ip === undefined || parseAddress(ip) === undefined) {
      yield refuse(
        "InvalidIPAddressInRequest",
        `Backend address ${ip ?? ""} of pool ${pool.id} is no IP address.`,
        `${at}[${i}].properties.ipAddress`,
      );
    }
    if (properties.virtualNetwork === undefined && properties.subnet === undefined) {
      yield refuse(
        "BackendAddressMissingVirtualNetwork",
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
