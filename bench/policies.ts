/** Policies as platform teams have them, of any size. Pure. */
import type { FirewallPolicy, FirewallRule } from "../components/policy";

export const NETWORKS = 10_000;
export const RULES = 500;

/** Ports of the measured flows: handshakes, ready-made SYNs, ready-made datagrams. */
export const PORTS = { handshakes: "8080", connections: "443", datagrams: "5001" } as const;

/** Sources of measured packets, which stay out of random networks. */
const MEASURED = /^(198\.(18|19|51)|20\.0|8\.8)\./;

/** Different /24 networks of no measured packet, always the same: a linear congruential generator. */
export function randomNetworks(count: number): string[] {
  const found = new Set<string>();
  for (let state = 7; found.size < count; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const [a, b, c] = [11 + ((state >>> 24) % 200), (state >>> 16) & 255, (state >>> 8) & 255];
    const network = `${a}.${b}.${c}.0/24`;
    if (!MEASURED.test(network)) found.add(network);
  }
  return [...found];
}

/** Rules for services, each of a network of its own; none matches a measured packet. */
export function manyRules(count: number): FirewallRule[] {
  return Array.from({ length: count }, (_, n) => ({
    name: `rule-${n}`,
    action: n % 3 === 0 ? ("allow" as const) : ("drop" as const),
    direction: "inbound" as const,
    sources: [`172.${16 + (n % 16)}.${n % 256}.0/24`],
    protocol: n % 4 === 0 ? ("udp" as const) : ("tcp" as const),
    ports: [`${1000 + n}`],
  }));
}

/** The reference case's only rule. */
export const referenceRule: FirewallRule = {
  name: "no-ssh-from-8-8-8-8",
  action: "drop",
  direction: "inbound",
  sources: ["8.8.8.8"],
  protocol: "tcp",
  ports: ["22"],
};

/** The reference case: its rule, everything else allowed. */
export const referencePolicy: FirewallPolicy = {
  rules: [referenceRule],
  defaultInbound: "allow",
  defaultOutbound: "allow",
};

/** A set of networks that are dropped, and so many rules; the measured flows match the last two. */
export function largePolicy({ rules = RULES, networks = NETWORKS, log = false } = {}) {
  const allowed = {
    action: "allow",
    direction: "inbound",
  } as const satisfies Partial<FirewallRule>;
  const { connections, handshakes, datagrams } = PORTS;
  const all: FirewallRule[] = [
    { name: "bad", action: "drop", direction: "inbound", sources: ["bad"] },
    referenceRule,
    ...manyRules(rules - 4),
    { ...allowed, name: "web", protocol: "tcp", ports: [connections, handshakes] },
    { ...allowed, name: "media", protocol: "udp", ports: [datagrams] },
  ];
  return {
    rules: all.map((rule) => (log ? { ...rule, log } : rule)),
    addressSets: { bad: randomNetworks(networks) },
    defaultInbound: "drop",
    defaultOutbound: "allow",
  } as const satisfies FirewallPolicy;
}
