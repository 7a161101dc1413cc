/** Body of a Gateway Load Balancer as plain data, in the fields of azure-native. */
import { FRONTEND_NAME, POOL_NAME, PROBE_NAME, RULE_NAME, ZONES_SUFFIX } from "../../azure/names";
import { FRONTEND, parseResourceId, sameText } from "../../azure/resourceId";
import type { Probe } from "./probe";
import type { TunnelPair } from "./tunnels";

/** Ids of the load balancer's children that others name. */
export interface GatewayIds {
  frontend: string;
  pool: string;
  probe: string;
}

/** Ids of the children of a load balancer. */
export function gatewayIds(loadBalancerId: string): GatewayIds {
  return {
    frontend: `${loadBalancerId}/frontendIPConfigurations/${FRONTEND_NAME}`,
    pool: `${loadBalancerId}/backendAddressPools/${POOL_NAME}`,
    probe: `${loadBalancerId}/probes/${PROBE_NAME}`,
  };
}

/**
 * Load balancers that a provider had before the one of this name, as far as they hold addresses:
 * their names differ by the zones. `holders` are what a subnet says of its addresses.
 */
export function earlierBalancers(
  own: string,
  holders: readonly { id?: string }[],
): { resourceGroup: string; name: string }[] {
  const bare = own.replace(ZONES_SUFFIX, "");
  const found = new Map<string, { resourceGroup: string; name: string }>();
  for (const { id = "" } of holders) {
    const { type = "", names: [name = ""] = [], resourceGroup = "" } = parseResourceId(id) ?? {};
    const same = sameText(name.replace(ZONES_SUFFIX, ""), bare) && !sameText(name, own);
    if (sameText(type, FRONTEND) && same) found.set(name, { resourceGroup, name });
  }
  return [...found.values()];
}

/**
 * The frontend: private, which is all that a Gateway SKU takes, and static, because the guest's
 * VXLAN devices name the address.
 */
export function gatewayFrontends(subnetId: string, address: string, zones: readonly string[]) {
  return [
    {
      name: FRONTEND_NAME,
      privateIPAddress: address,
      privateIPAllocationMethod: "Static",
      privateIPAddressVersion: "IPv4",
      subnet: { id: subnetId },
      ...(zones.length === 0 ? {} : { zones: [...zones] }),
    },
  ];
}

/**
 * The pool with both tunnels. An empty pool would be filled by the service with tunnels of its
 * own choice, so both are always sent; membership is said by the NICs, never here.
 */
export function gatewayPools({ internal, external }: TunnelPair) {
  const tunnel = (type: "Internal" | "External", { port, vni }: { port: number; vni: number }) => ({
    type,
    protocol: "VXLAN",
    port,
    identifier: vni,
  });
  return [
    {
      name: POOL_NAME,
      tunnelInterfaces: [tunnel("Internal", internal), tunnel("External", external)],
    },
  ];
}

/**
 * The probe. Any answer but 200 takes an NVA out at once; the threshold counts time-outs only.
 * `numberOfProbes` is ignored by the service, `probeThreshold` is what counts.
 */
export function gatewayProbes({ port, path, intervalSeconds }: Probe) {
  return [
    {
      name: PROBE_NAME,
      protocol: "Http",
      port,
      requestPath: path,
      intervalInSeconds: intervalSeconds,
      probeThreshold: 1,
    },
  ];
}

/** The one rule that a Gateway SKU takes: every protocol and port (HA ports). */
export function gatewayRules(ids: GatewayIds, idleTimeoutMinutes: number) {
  return [
    {
      name: RULE_NAME,
      protocol: "All",
      frontendPort: 0,
      backendPort: 0,
      idleTimeoutInMinutes: idleTimeoutMinutes,
      loadDistribution: "Default",
      frontendIPConfiguration: { id: ids.frontend },
      backendAddressPools: [{ id: ids.pool }],
      probe: { id: ids.probe },
    },
  ];
}
