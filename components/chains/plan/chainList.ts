/** Chains to a gateway, found in the answers of Azure Resource Manager. Pure. */

import { FRONTEND, LOAD_BALANCER, parseResourceId, sameText } from "../../azure/resourceId";
import { type Reason, shown } from "../../check/problem";

/** One chain: who is chained, and to which frontend of the gateway. */
export interface Chain {
  /** Id of the frontend or IP configuration that is chained. */
  id: string;
  /** Id of the load balancer or interface that it belongs to. */
  resourceId: string;
  /** Id of the public address that the chain is about; empty if Azure does not show one. */
  publicAddressId: string;
  /** Id of the gateway's frontend. */
  gatewayFrontendId: string;
}

/** Types whose lists hold all chains that there are. */
export const CHAINABLE_TYPES: readonly string[] = [
  LOAD_BALANCER,
  "Microsoft.Network/networkInterfaces",
];

/** The part of a listed resource that tells of chains. */
export interface ListedResource {
  id: string;
  properties?: {
    frontendIPConfigurations?: ListedEntry[];
    ipConfigurations?: ListedEntry[];
  };
}

interface ListedEntry {
  id: string;
  properties?: { gatewayLoadBalancer?: { id?: string }; publicIPAddress?: { id?: string } };
}

/** The chains to a gateway's frontend, or to all frontends of its load balancer, sorted by id. */
export function chainsTo(gatewayId: string, resources: readonly ListedResource[]): Chain[] {
  const chains = resources.flatMap(({ id: resourceId, properties = {} }) =>
    [...(properties.frontendIPConfigurations ?? []), ...(properties.ipConfigurations ?? [])]
      .filter((entry) => isUnder(entry.properties?.gatewayLoadBalancer?.id, gatewayId))
      .map((entry) => ({
        id: entry.id,
        resourceId,
        publicAddressId: entry.properties?.publicIPAddress?.id ?? "",
        gatewayFrontendId: entry.properties?.gatewayLoadBalancer?.id ?? "",
      })),
  );
  return chains.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** Why an id is neither a frontend nor a load balancer. */
export function gatewayReason(id: string): Reason {
  const type = parseResourceId(id)?.type;
  if (type !== undefined && (sameText(type, FRONTEND) || sameText(type, LOAD_BALANCER))) {
    return undefined;
  }
  return `must be the id of a gateway's frontend or of its load balancer, got ${shown(id)}`;
}

const isUnder = (id: string | undefined, outer: string): boolean =>
  id !== undefined &&
  (sameText(id, outer) || id.toLowerCase().startsWith(`${outer}/`.toLowerCase()));
