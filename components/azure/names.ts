/** Names of what a component creates: the same as Azure name and as part of the logical name. */
import { createHash } from "node:crypto";
import type { Reason } from "../check/problem";
import { shown } from "../check/problem";

/** Longest name of a Linux VM and its host name, and of a network resource, in characters. */
export const VM_NAME_MAX = 64;
export const NETWORK_NAME_MAX = 80;

/** Names of a provider's resources. A child's logical name is the same text. */
export interface ProviderNames {
  network: string;
  gatewaySubnet: string;
  nvaSubnet: string;
  natGateway: string;
  natAddress: string;
  securityGroup: string;
  /** The load balancer's logical name. */
  gateway: string;
  /** Its Azure name: the frontend's zones are fixed for its life, so they are part of it. */
  loadBalancer: string;
  /** The VM, also its host name. */
  nva: string;
  nvaInterface: string;
  /** The fleet's scale set: its logical name. */
  fleet: string;
  /** Its Azure name: what is fixed for its life is part of it. */
  scaleSet: string;
  autoscale: string;
  /** Seed of the administrator's key; exists in the stack only. */
  keySeed: string;
}

/** First part of the host names of a fleet's instances, which Azure takes up to 15 characters of. */
export const hostPrefix = (name: string) => `${name.slice(0, 15 - "-nva".length)}-nva`;

const shortHash = (texts: readonly string[]) =>
  createHash("sha256").update(JSON.stringify(texts)).digest("hex").slice(0, 4);

/** Children of a load balancer, unique inside it. */
export const FRONTEND_NAME = "frontend";
export const POOL_NAME = "nvas";
export const PROBE_NAME = "health";
export const RULE_NAME = "all-ports";

/**
 * Names for a provider. `fixed` is what Azure fixes for the life of a scale set and differs from
 * the default: two of its scale sets can then stand side by side while one replaces the other.
 */
export function providerNames(
  name: string,
  frontendZones: readonly string[],
  fixed: readonly string[] = [],
): ProviderNames {
  const zones = frontendZones.length === 0 ? "" : `-zones-${[...frontendZones].sort().join("-")}`;
  return {
    network: `${name}-network`,
    gatewaySubnet: `${name}-gateway-subnet`,
    nvaSubnet: `${name}-nva-subnet`,
    natGateway: `${name}-nat`,
    natAddress: `${name}-nat-address`,
    securityGroup: `${name}-nva-nsg`,
    gateway: `${name}-gateway`,
    loadBalancer: `${name}-gateway${zones}`,
    nva: `${name}-nva`,
    nvaInterface: `${name}-nva-nic`,
    fleet: `${name}-nvas`,
    scaleSet: fixed.length === 0 ? `${name}-nvas` : `${name}-nvas-${shortHash(fixed)}`,
    autoscale: `${name}-nvas-autoscale`,
    keySeed: `${name}-nva-key`,
  };
}

/**
 * The name that a component had first: the last of its aliases that has one, else its own. Azure
 * names stay those of then, so that a renamed component keeps what it made, its public address above
 * all. Aliases that are known only later do not count.
 */
export function firstName(name: string, aliases: readonly unknown[] = []): string {
  const named = aliases.flatMap((alias) => {
    if (typeof alias === "string") return alias.split("::").at(-1) ?? [];
    const own = (alias as { name?: unknown } | undefined)?.name;
    return typeof own === "string" ? own : [];
  });
  return named.at(-1) ?? name;
}

/** Names for an ILPIP consumer. */
export function ilpipNames(name: string) {
  return {
    address: `${name}-address`,
    /** In the stack only. */
    existingAddress: `${name}-existing-address`,
    securityGroup: `${name}-nsg`,
    networkInterface: `${name}-nic`,
  };
}

/** Names for a public load balancer consumer. */
export function publicLoadBalancerNames(name: string) {
  return {
    address: `${name}-address`,
    /** In the stack only. */
    existingAddress: `${name}-existing-address`,
    outboundAddress: `${name}-outbound-address`,
    securityGroup: `${name}-nsg`,
    loadBalancer: `${name}-lb`,
  };
}

/** The end of a public address's name, of its zones: they are fixed for its life. */
export const addressZonesSuffix = (zones: readonly string[]): string =>
  zones.length === 0 ? "" : `-zones-${[...zones].sort().join("-")}`;

/** The end of a public address's name, of the prefix that it is of: that is fixed, too. */
export const addressPrefixSuffix = (prefixId: string): string =>
  `-prefix-${shortHash([prefixId.toLowerCase()])}`;

/** The end of a gateway's name that says its zones. */
export const ZONES_SUFFIX = /(-zones(-[1-3])+)$/;

/** Longest text that a component appends to its name for a load balancer: all three zones. */
const LONGEST_NETWORK_SUFFIX = "-gateway-zones-1-2-3".length;

/**
 * Why the name of a provider cannot be used: it becomes part of a VM's host name, which takes
 * letters, digits and hyphens only.
 */
export function providerNameReason(name: string, fleet = false): Reason {
  // The VM of a scale set has the scale set's name and eight digits more.
  const machine = fleet ? "-nvas-0000_00000000" : "-nva";
  const longest = Math.min(VM_NAME_MAX - machine.length, NETWORK_NAME_MAX - LONGEST_NETWORK_SUFFIX);
  return nameReason(name, /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/, "hyphens", longest);
}

/**
 * Why the name of a consumer cannot be used: it becomes part of network names. The name of an
 * address that has zones or is of a prefix is longer.
 */
export function consumerNameReason(
  name: string,
  { zones = [], ofPrefix = false }: { zones?: readonly string[]; ofPrefix?: boolean } = {},
): Reason {
  const more = addressZonesSuffix(zones).length + (ofPrefix ? addressPrefixSuffix("").length : 0);
  const longest = NETWORK_NAME_MAX - "-outbound-address".length - more;
  return nameReason(
    name,
    /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9_])?$/,
    "hyphens, underscores and periods",
    longest,
  );
}

function nameReason(name: string, form: RegExp, inside: string, longest: number): Reason {
  if (!form.test(name)) {
    return `must be letters, digits and, inside, ${inside}: it is part of Azure names, got ${shown(name)}`;
  }
  if (name.length <= longest) return undefined;
  return `must have up to ${longest} characters: it is part of Azure names, got ${name.length}`;
}
