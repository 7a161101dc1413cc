/** An attacker who reaches the tunnel ports puts packets into other people's connections. */
import { DEFAULTS } from "../../nva-cloud-init/contract/contract";
import { type Finding, Level, type Resource, type Rule, Scope } from "../rule";
import {
  coversEverybody,
  coversUdp,
  foreignSources,
  inboundRules,
  isUnclear,
  portsIncluded,
  type SecurityRule,
  securityRuleTypes,
} from "../securityRules";
import { at, sameWord } from "../values";

/** Settings of {@link tunnelPortsAreNotTrusted}. */
export interface TunnelPortsAreNotTrustedSettings {
  /** UDP ports of the tunnels. */
  tunnelPorts: number[];
}

/**
 * No security group lets strangers reach the tunnel ports, an appliance's or a consumer's: VXLAN
 * has no authentication, and a consumer gets its packets after decapsulation, on its own ports.
 */
export const tunnelPortsAreNotTrusted: Rule<TunnelPortsAreNotTrustedSettings> = {
  name: "tunnel-ports-are-not-trusted",
  description: "Security groups open the tunnel ports to nobody outside the network.",
  level: Level.Mandatory,
  scope: Scope.Resource,
  types: securityRuleTypes,
  defaults: { tunnelPorts: [DEFAULTS.internal.port, DEFAULTS.external.port] },
  schema: {
    tunnelPorts: {
      type: "array",
      items: { type: "integer", minimum: 1, maximum: 65535 },
      description: "UDP ports of the tunnels.",
    },
  },
  check: (resources, { tunnelPorts }) =>
    resources.flatMap((resource) => findings(resource, tunnelPorts)),
};

function findings(resource: Resource, tunnelPorts: readonly number[]): Finding[] {
  const found: Finding[] = [];
  let closed: number[] = [];
  for (const rule of inboundRules(resource)) {
    if (!coversUdp(rule) || isUnclear(rule)) continue;
    const ports = portsIncluded(rule, tunnelPorts).filter((port) => !closed.includes(port));
    if (sameWord(at(rule.properties, "access"), "Deny")) {
      if (coversEverybody(rule)) closed = [...closed, ...ports];
      continue;
    }
    const message = objection(rule, ports);
    if (message !== undefined) found.push({ urn: resource.urn, message });
  }
  return found;
}

function objection(rule: SecurityRule, ports: readonly number[]): string | undefined {
  const sources = foreignSources(rule);
  if (ports.length === 0 || sources.length === 0) return undefined;
  const what = `the tunnel ports ${ports.join(" and ")} to ${sources.join(", ")}`;
  return `${rule.path}destinationPortRange: "${rule.name}" opens ${what} for UDP: narrow its protocol, its ports, or its sources to VirtualNetwork and AzureLoadBalancer`;
}
