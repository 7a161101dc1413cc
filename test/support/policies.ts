/** Random policies and packets from few enough values that they often meet. */
import fc from "fast-check";
import { formatAddress, formatNetwork, parseNetwork } from "../../components/azure/addresses";
import type { FirewallPolicy, FirewallRule } from "../../components/policy";
import type { FieldName } from "../../components/policy/fields/field";
import { FIELD_LIST } from "../../components/policy/fields/index";
import { TCP_FLAG_CLASSES } from "../../components/policy/fields/tcpFlags";
import { openerOf, type Packet } from "../../components/policy/packet";
import { includes } from "../../components/policy/ranges";
import type { Region } from "../../components/policy/regions";

/** One flow's packets, and how many of them are sent before the policy changes. */
export interface FlowScript {
  packets: Packet[];
  before: number;
}

const clients = {
  4: ["8.8.8.8", "8.8.8.9", "203.0.113.9", "198.51.100.7", "198.51.100.8"],
  6: ["2001:db8::1", "2001:db8::2", "2001:db8:1::1", "2001:4860:4860::8888"],
} as const;
const servers = {
  4: ["20.1.1.1", "20.1.1.2", "20.1.2.1"],
  6: ["2603:1030::1", "2603:1030::2", "2603:1031::1"],
} as const;
const ports = [1, 21, 22, 23, 79, 80, 443, 8000, 8001, 8100, 8101, 65535];
const clientPorts = [1024, 32767, 32768, 40000, 65535];
const icmpNames = ["echo-request", "echo-reply", "destination-unreachable", "packet-too-big"];

const family = fc.constantFrom(4 as const, 6 as const);

/** A network that holds one of the addresses, wide or narrow. */
const networkOf = (address: string) =>
  fc.nat(4).map((step) => {
    const width = address.includes(":") ? 128 : 32;
    const prefix = [width, width - 1, width - 8, width / 2, 1][step];
    const network = parseNetwork(`${address}/${prefix}`);
    return network ? formatNetwork(network) : address;
  });
const networks = (addresses: readonly string[], max: number) =>
  fc.array(fc.constantFrom(...addresses).chain(networkOf), { minLength: 1, maxLength: max });

/** Forty networks that hold nothing else: they make a set out of a list. */
const padding = Array.from({ length: 40 }, (_, n) => `100.64.${2 * n}.0/24`).concat(
  Array.from({ length: 40 }, (_, n) => `fd00:${(2 * n).toString(16)}::/32`),
);

const addressSets = fc.record({
  small: networks([...clients[4], ...clients[6], ...servers[4]], 3),
  // Of one length each, or of several: the guest looks them up in different ways.
  large: fc
    .oneof(
      networks([...clients[4], ...clients[6]], 4),
      fc.subarray([...clients[4], ...clients[6]], { minLength: 1, maxLength: 4 }),
    )
    .map((list) => [...list, ...padding]),
  other: networks([...servers[4], ...servers[6]], 4).map((list) => [...padding, ...list]),
});

const portRange = fc
  .tuple(fc.constantFrom(...ports), fc.constantFrom(...ports))
  .map(([a, b]) => (a === b ? `${a}` : `${Math.min(a, b)}-${Math.max(a, b)}`));

/** Values of every field of a rule; the compiler refuses a field without any. */
const values = (f: 4 | 6): { [K in FieldName]: fc.Arbitrary<NonNullable<FirewallRule[K]>> } => ({
  protocol: fc.constantFrom("any", "tcp", "tcp", "tcp", "udp", "udp", "icmp"),
  // Addresses of one family at both ends, or of sets.
  sources: fc.oneof(
    networks([...clients[f], ...servers[f]], 6),
    fc.constantFrom<string[]>(["small"], ["large"], ["large", "other"]),
  ),
  destinations: fc.oneof(
    networks([...servers[f], ...clients[f]], 6),
    fc.constantFrom<string[]>(["other"], ["large"]),
  ),
  ports: fc.array(portRange, { minLength: 1, maxLength: 9 }),
  sourcePorts: fc.array(fc.constantFrom("80", "1024-32767", "32768-65535", "40000"), {
    minLength: 1,
    maxLength: 3,
  }),
  tcpFlags: fc.subarray<string>(TCP_FLAG_CLASSES, { minLength: 1 }),
  dscp: fc.subarray(["ef", "cs0", "cs1", "63"], { minLength: 1 }),
  icmpTypes: fc.array(fc.constantFrom(...icmpNames), { minLength: 1, maxLength: 2 }),
});

/** Fields that are for some protocols only. */
const fit: Partial<Record<FieldName, readonly string[]>> = {
  ports: ["tcp", "udp"],
  sourcePorts: ["tcp", "udp"],
  tcpFlags: ["tcp"],
  icmpTypes: ["icmp"],
};

const fields = family
  .chain((f) => fc.record(values(f), { requiredKeys: ["protocol"] }))
  .map((all) => {
    const kept = Object.entries(all).filter(
      ([name]) => fit[name as FieldName]?.includes(all.protocol) ?? true,
    );
    return Object.fromEntries(kept) as typeof all;
  });

const rule = fc
  .record({ fields, inbound: fc.boolean(), allow: fc.boolean(), log: fc.boolean() })
  .map(({ fields: f, inbound, allow, log }) => ({
    action: allow ? ("allow" as const) : ("drop" as const),
    direction: inbound ? ("inbound" as const) : ("outbound" as const),
    ...f,
    log,
  }));

const action = fc.constantFrom("allow" as const, "drop" as const);

/** Policies that validate or nearly so: filter with `policyProblems`. */
export const policies: fc.Arbitrary<FirewallPolicy> = fc
  .record({
    rules: fc.array(rule, { maxLength: 9 }),
    addressSets,
    defaultInbound: action,
    defaultOutbound: action,
    stateless: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
    keep: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    trial: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  })
  .map(({ stateless, keep, trial, rules, ...policy }) => ({
    ...policy,
    rules: rules.map((r, n): FirewallRule => ({ name: `r${n}`, ...r, log: trial ? true : r.log })),
    ...(stateless ? { stateful: false } : { endForbiddenFlows: !keep }),
    ...(trial ? { mode: "trial" as const } : {}),
  }));

/** An opener: client to server or the reverse, by the tunnel that fits. */
export const openers: fc.Arbitrary<Packet> = family.chain((f) =>
  fc
    .record({
      client: fc.constantFrom(...clients[f]),
      server: fc.constantFrom(...servers[f]),
      inbound: fc.boolean(),
      protocol: fc.constantFrom("tcp", "tcp", "tcp", "udp", "udp", "icmp", "other") as fc.Arbitrary<
        Packet["protocol"]
      >,
      from: fc.constantFrom(...clientPorts, 80),
      to: fc.constantFrom(...ports, 40_001),
      type: fc.constantFrom(...(f === 4 ? [8, 0, 3] : [128, 129, 1])),
      id: fc.nat(65_535),
      dscp: fc.constantFrom(undefined, undefined, 46, 8, 63),
    })
    .map(({ client, server, inbound, protocol, from, to, type, id, dscp }) => ({
      family: f,
      dscp,
      direction: inbound ? ("inbound" as const) : ("outbound" as const),
      protocol,
      source: parseNetwork(inbound ? client : server)?.first ?? 0n,
      destination: parseNetwork(inbound ? server : client)?.first ?? 0n,
      ports:
        protocol === "tcp" || protocol === "udp" ? { source: from, destination: to } : undefined,
      icmp: protocol === "icmp" ? { type, code: 0, id } : undefined,
      flags: protocol === "tcp" ? { syn: true } : undefined,
    })),
);

/** The packet that answers, `flags` for TCP; the same packet again where nothing answers. */
const answerTo = (packet: Packet, flags?: Packet["flags"]): Packet => ({
  ...(openerOf(packet) ?? packet),
  ...(openerOf(packet) && { dscp: 0 }),
  flags,
});

const tcp = (first: Packet): Packet[] => {
  const ack = { ...first, flags: { ack: true } };
  const back = answerTo(first, { ack: true });
  return [first, answerTo(first, { syn: true, ack: true }), ack, back, ack, back];
};

/** A flow from its start, or from its middle: what a machine sees of a dead neighbour's flows. */
export const flows: fc.Arbitrary<FlowScript> = fc
  .record({
    first: openers,
    skip: fc.constantFrom(0, 0, 0, 1, 2, 3),
    before: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ first, skip, before }) => ({
    packets: (first.protocol === "tcp"
      ? tcp(first)
      : [first, answerTo(first), first, answerTo(first), first, answerTo(first)]
    ).slice(skip),
    before,
  }));

/** A packet as a person reads it. */
export function describePacket({
  family: f,
  direction,
  protocol,
  source,
  destination,
  ports: p,
  icmp,
  flags,
  dscp = 0,
}: Packet): string {
  const detail = p ? ` ${p.source}→${p.destination}` : icmp ? ` type ${icmp.type}` : "";
  const set = Object.entries(flags ?? {}).flatMap(([name, on]) => (on ? [name] : []));
  return `${direction} ${protocol} ${formatAddress(source, f)}→${formatAddress(destination, f)}${detail} ${set.join()} dscp ${dscp}`;
}

/** True if a region of a comparison of policies has the packet. */
export const holds = ({ direction, family: f, sides }: Region, packet: Packet): boolean =>
  direction === packet.direction &&
  f === packet.family &&
  FIELD_LIST.every(([name, { axis }]) => includes(sides[name], axis.of(packet)));
