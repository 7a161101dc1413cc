/** Rules of a network security group as plain data, in the fields of azure-native. */
import { PLATFORM } from "../../../nva-cloud-init/contract/contract";
import type { Probe } from "./probe";
import type { TunnelPair } from "./tunnels";

/** An inbound rule. Only the fields that are used here. */
export interface SecurityRule {
  name: string;
  description: string;
  priority: number;
  direction: "Inbound";
  access: "Allow" | "Deny";
  protocol: "Tcp" | "Udp" | "Icmp" | "*";
  sourceAddressPrefix?: string;
  sourceAddressPrefixes?: string[];
  sourcePortRange: "*";
  destinationAddressPrefix: "*";
  destinationPortRange?: string;
  destinationPortRanges?: string[];
}

/** Lowest priority that a rule can have; the platform's own rules come after it. */
export const DENY_PRIORITY = 4096;

export const PROBE_DESCRIPTION = `Health probe of the load balancer, from ${PLATFORM}`;
const TUNNEL_DESCRIPTION = "VXLAN of the Gateway Load Balancer";

/**
 * Rules of the NVAs: the tunnels, from both tags because sources contradict each other on which
 * of them the outer packets carry; the probe; nothing else. The tunnel ports are never open to
 * the internet: who reaches them can inject packets.
 */
export function nvaSecurityRules(tunnels: TunnelPair, probe: Probe): SecurityRule[] {
  const ports = [tunnels.internal.port, tunnels.external.port].map(String);
  const tunnel = (name: string, priority: number, source: string): SecurityRule => ({
    ...inbound(name, priority, "Allow", TUNNEL_DESCRIPTION),
    protocol: "Udp",
    sourceAddressPrefix: source,
    destinationPortRanges: ports,
  });
  return [
    tunnel("tunnels-from-network", 100, "VirtualNetwork"),
    tunnel("tunnels-from-load-balancer", 110, "AzureLoadBalancer"),
    {
      ...inbound("probe", 120, "Allow", PROBE_DESCRIPTION),
      protocol: "Tcp",
      sourceAddressPrefix: "AzureLoadBalancer",
      destinationPortRange: String(probe.port),
    },
    denyRest(),
  ];
}

/** Everything that no rule before it allows is denied, also what the platform's rules would take. */
export function denyRest(): SecurityRule {
  return {
    ...inbound("deny-rest", DENY_PRIORITY, "Deny", "Nothing else comes in"),
    protocol: "*",
    sourceAddressPrefix: "*",
    destinationPortRange: "*",
  };
}

/** The fields that all rules here have. */
export function inbound(
  name: string,
  priority: number,
  access: SecurityRule["access"],
  description: string,
) {
  return {
    name,
    description,
    priority,
    direction: "Inbound" as const,
    access,
    sourcePortRange: "*" as const,
    destinationAddressPrefix: "*" as const,
  };
}
