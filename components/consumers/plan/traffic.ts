/** Traffic that a consumer's security group lets in, as the user writes it and as rules. */
import type { Input } from "@pulumi/pulumi";
import { parseNetwork } from "../../azure/addresses";
import {
  at,
  choiceReason,
  formReason,
  type Problem,
  type Reason,
  shown,
  under,
} from "../../check/problem";
import { inbound, PROBE_DESCRIPTION, type SecurityRule } from "../../provider/plan/securityRules";

/** Protocols of allowed traffic; `any` is every protocol. */
export const TrafficProtocol = {
  /** TCP, by ports. */
  Tcp: "tcp",
  /** UDP, by ports. */
  Udp: "udp",
  /** ICMP, such as echo requests. */
  Icmp: "icmp",
  /** Every protocol of IP. */
  Any: "any",
} as const;
export type TrafficProtocol = (typeof TrafficProtocol)[keyof typeof TrafficProtocol];

/** Traffic that may reach the workload. It comes with the client's real address. */
export interface AllowedTraffic {
  /**
   * Name of the rule, 1 to 80 letters, digits, hyphens, underscores and periods; unique without
   * regard to case.
   */
  name: string;
  /** Protocol: `tcp`, `udp`, `icmp` or `any`. */
  protocol: TrafficProtocol;
  /**
   * Ports of the workload, each `22` or `8000-8100`. Needed for `tcp` and `udp` (`0-65535` for
   * all of them). Default: none, as the other protocols have none.
   */
  ports?: string[];
  /**
   * Where it may come from: IPv4 addresses, networks, or service tags of Azure. Default: the tag
   * `Internet`. Not empty.
   */
  sources?: Input<string>[];
}

/** Most rules that a list may have: the rest of a group's 1,000 is left to Azure and the user. */
export const TRAFFIC_MAX = 900;

const FIRST_PRIORITY = 200;
const AZURE_PROTOCOL = { tcp: "Tcp", udp: "Udp", icmp: "Icmp", any: "*" } as const;

/** Every problem of a list of allowed traffic, without what may be an Output. */
export function trafficProblems(list: readonly AllowedTraffic[]): Problem[] {
  const many =
    list.length > TRAFFIC_MAX
      ? `takes up to ${TRAFFIC_MAX} entries, got ${list.length}`
      : undefined;
  const seen = new Set<string>();
  return [
    ...at("", many),
    ...list.flatMap((traffic, i) => {
      const key = String(traffic.name).toLowerCase();
      const twice = seen.has(key)
        ? `must be unique, ${shown(traffic.name)} is there twice`
        : undefined;
      seen.add(key);
      return under(`[${i}]`, [
        ...at("name", ruleNameReason(traffic.name) ?? twice),
        ...one(traffic),
      ]);
    }),
  ];
}

/** Why a text is no source: an IPv4 address, a network, or the name of a service tag. */
export function sourceReason(source: string): Reason {
  const rule = "an IPv4 address, a network like 203.0.113.0/24, or a service tag like Internet";
  if (typeof source !== "string") return `must be ${rule}, got ${shown(source)}`;
  if (/^[A-Z][A-Za-z]*(\.[A-Za-z0-9]+)?$/.test(source) || source === "*") return undefined;
  const network = parseNetwork(source);
  if (network?.family === 4) return undefined;
  if (network?.family === 6)
    return `must be ${rule}: the public addresses here are IPv4, got ${shown(source)}`;
  return `must be ${rule}, got ${shown(source)}`;
}

/** Why a text is no port or range of ports. */
export function portsReason(text: string): Reason {
  const rule = 'a port like "22" or a range like "8000-8100", from 0 to 65535';
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(text)) ?? [];
  if (from === undefined || Number(from) > 65535 || Number(to) > 65535) {
    return `must be ${rule}, got ${shown(text)}`;
  }
  return Number(from) <= Number(to)
    ? undefined
    : `must run from the lower to the higher port: "${to}-${from}", got ${shown(text)}`;
}

/** Why a text is no name of a rule: Azure's form for parts of network resources. */
export function ruleNameReason(name: string): Reason {
  const form = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?$/;
  return formReason(name, form, "1 to 80 letters, digits, hyphens, underscores and periods");
}

/** Rules for allowed traffic; `sources` are the checked ones, one list for each entry. */
export function trafficRules(
  list: readonly AllowedTraffic[],
  sources: readonly string[][],
): SecurityRule[] {
  return list.map(({ name, protocol, ports = [] }, i) => {
    const from = sources[i] ?? ["Internet"];
    const to = ports.length === 0 ? ["*"] : ports;
    return {
      ...inbound(name, FIRST_PRIORITY + i, "Allow", `Client to workload: ${name}`),
      protocol: AZURE_PROTOCOL[protocol],
      ...(from.length === 1 ? { sourceAddressPrefix: from[0] } : { sourceAddressPrefixes: from }),
      ...(to.length === 1 ? { destinationPortRange: to[0] } : { destinationPortRanges: to }),
    };
  });
}

/** Lets the probe of a consumer's own load balancer in, whatever the user allows or denies. */
export function probeRule(port: number): SecurityRule {
  return {
    ...inbound("load-balancer-probe", 100, "Allow", PROBE_DESCRIPTION),
    protocol: "Tcp",
    sourceAddressPrefix: "AzureLoadBalancer",
    destinationPortRange: String(port),
  };
}

function one({ protocol, ports, sources }: AllowedTraffic): Problem[] {
  const unknown = choiceReason(protocol, Object.values(TrafficProtocol));
  const withPorts = protocol === TrafficProtocol.Tcp || protocol === TrafficProtocol.Udp;
  const none = withPorts && (ports === undefined || ports.length === 0);
  const extra = unknown === undefined && !withPorts && (ports ?? []).length > 0;
  return [
    ...at("protocol", unknown),
    ...at("ports", none ? `are needed for ${protocol}; ["0-65535"] is all of them` : undefined),
    ...at(
      "ports",
      extra ? `must be left out: ${protocol} has no ports, got ${shown(ports)}` : undefined,
    ),
    ...(ports ?? []).flatMap((text, i) => at(`ports[${i}]`, portsReason(text))),
    ...at(
      "sources",
      sources?.length === 0 ? "must not be empty; leave it out for the internet" : undefined,
    ),
    ...(sources ?? []).flatMap((source, i) =>
      typeof source === "string" ? at(`sources[${i}]`, sourceReason(source)) : [],
    ),
  ];
}
