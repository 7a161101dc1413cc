/** Azure resource ids: taken apart and put together. */
import { type Reason, shown } from "../check/problem";

/** An id inside a resource group, e.g. of a load balancer's frontend. */
export interface ResourceId {
  subscription: string;
  resourceGroup: string;
  /** Type with its provider, e.g. `Microsoft.Network/loadBalancers/frontendIPConfigurations`. */
  type: string;
  /** One name per level of the type. */
  names: readonly string[];
}

export const FRONTEND = "Microsoft.Network/loadBalancers/frontendIPConfigurations";
export const LOAD_BALANCER = "Microsoft.Network/loadBalancers";
export const PUBLIC_ADDRESS = "Microsoft.Network/publicIPAddresses";
export const PUBLIC_PREFIX = "Microsoft.Network/publicIPPrefixes";
export const SUBNET = "Microsoft.Network/virtualNetworks/subnets";
export const VIRTUAL_NETWORK = "Microsoft.Network/virtualNetworks";

/** Takes an id apart; undefined for anything that is none. Keywords compare without case. */
export function parseResourceId(id: string): ResourceId | undefined {
  if (typeof id !== "string") return undefined;
  const form = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+)\/(.+)$/i;
  const [, subscription, resourceGroup, provider, rest = ""] = form.exec(id) ?? [];
  const parts = rest.split("/");
  if (subscription === undefined || resourceGroup === undefined || provider === undefined) {
    return undefined;
  }
  if (parts.length % 2 !== 0 || parts.some((part) => part === "")) return undefined;
  return {
    subscription,
    resourceGroup,
    type: [provider, ...parts.filter((_, i) => i % 2 === 0)].join("/"),
    names: parts.filter((_, i) => i % 2 === 1),
  };
}

/** Puts an id together; the reverse of {@link parseResourceId}. */
export function formatResourceId({ subscription, resourceGroup, type, names }: ResourceId): string {
  const [provider, ...kinds] = type.split("/");
  const levels = kinds.flatMap((kind, i) => [kind, names[i] ?? ""]);
  return ["", "subscriptions", subscription, "resourceGroups", resourceGroup, "providers", provider]
    .concat(levels)
    .join("/");
}

/** Ids and types of Azure compare without case. */
export const sameText = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/**
 * Why an id is no target for a chain. A chain points at one frontend of a Gateway Load Balancer;
 * the load balancer's own id is the usual slip.
 */
export function chainTargetReason(id: string): Reason {
  const parsed = parseResourceId(id);
  const form = "…/loadBalancers/<name>/frontendIPConfigurations/<frontend>";
  if (parsed !== undefined && sameText(parsed.type, FRONTEND)) return undefined;
  if (parsed !== undefined && sameText(parsed.type, LOAD_BALANCER)) {
    return `must be the id of a frontend (${form}), got the id of the load balancer itself, ${shown(id)}: use gatewayFrontendId of the GatewayProvider, or append /frontendIPConfigurations/<frontend>`;
  }
  return `must be the id of a Gateway Load Balancer's frontend (${form}), got ${shown(id)}`;
}

/** Why an id is not one of a subnet. */
export function subnetIdReason(id: string): Reason {
  const parsed = parseResourceId(id);
  if (parsed !== undefined && sameText(parsed.type, SUBNET)) return undefined;
  return `must be the id of a subnet (…/virtualNetworks/<network>/subnets/<subnet>), got ${shown(id)}`;
}

/** Why an id is not one of a public address. */
export function publicAddressIdReason(id: string): Reason {
  const parsed = parseResourceId(id);
  if (parsed !== undefined && sameText(parsed.type, PUBLIC_ADDRESS)) return undefined;
  return `must be the id of a public address (…/publicIPAddresses/<name>), got ${shown(id)}`;
}

/** Why an id is not one of a prefix of public addresses. */
export function publicIPPrefixIdReason(id: string): Reason {
  const parsed = parseResourceId(id);
  if (parsed !== undefined && sameText(parsed.type, PUBLIC_PREFIX)) return undefined;
  return `must be the id of a prefix of public addresses (…/publicIPPrefixes/<name>), got ${shown(id)}`;
}

/** Why the NVAs' subnet does not go with the frontend's: both must be in one network. */
export function sameNetworkReason(nvaSubnetId: string, gatewaySubnetId: string): Reason {
  const wanted = networkOfSubnet(gatewaySubnetId);
  if (sameText(wanted, networkOfSubnet(nvaSubnetId))) return undefined;
  return `must be in the network of gatewaySubnetId, ${wanted}, got ${shown(nvaSubnetId)}`;
}

/**
 * Id of a load balancer that does not exist yet, in the subscription of another resource. A rule
 * of a load balancer names the load balancer's own children by id, so the id comes before Azure
 * gives it.
 */
export function loadBalancerId(neighbour: string, resourceGroup: string, name: string): string {
  const subscription = parseResourceId(neighbour)?.subscription;
  if (subscription === undefined) throw new Error(`not the id of a resource: ${neighbour}`);
  return formatResourceId({ subscription, resourceGroup, type: LOAD_BALANCER, names: [name] });
}

/** Id of the network that a subnet is part of. */
export function networkOfSubnet(subnetId: string): string {
  return subnetId.split("/").slice(0, -2).join("/");
}
