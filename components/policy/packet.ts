/** A packet as the policy sees it, and the opener that an answer belongs to. */
import type { Family } from "../azure/addresses";
import { type IcmpType, icmpCounterpart } from "./icmp";
import type { RuleDirection } from "./policy";

/** Protocols that rules can name; `other` stands for every one that they cannot. */
export const PROTOCOLS = ["tcp", "udp", "icmp", "other"] as const;

/** A packet as an NVA sees it between its tunnels. */
export interface Packet {
  family: Family;
  /** `inbound` came by the External tunnel, from the internet. */
  direction: RuleDirection;
  protocol: (typeof PROTOCOLS)[number];
  /** Of `other`: its number, which tells its flows from those of another one. */
  number?: number;
  source: bigint;
  destination: bigint;
  /** TCP and UDP only. */
  ports?: { source: number; destination: number };
  /** ICMP only; `id` tells queries apart. */
  icmp?: IcmpType & { id?: number };
  /** TCP only: which of the flags that state depends on are set. */
  flags?: { syn?: boolean; ack?: boolean; fin?: boolean; rst?: boolean; urg?: boolean };
  /** Default: 0; an answer does not tell its opener's. */
  dscp?: number | "unknown";
  /** True for a packet of a flow that an earlier policy let start. */
  running?: boolean;
}

/** The parts of the opener that an answer tells. */
const ofOpener: { readonly [K in keyof Required<Packet>]: (answer: Packet) => Packet[K] } = {
  family: ({ family }) => family,
  direction: ({ direction }) => (direction === "inbound" ? "outbound" : "inbound"),
  protocol: ({ protocol }) => protocol,
  number: ({ number }) => number,
  source: ({ destination }) => destination,
  destination: ({ source }) => source,
  ports: ({ ports }) => ports && { source: ports.destination, destination: ports.source },
  icmp: ({ icmp, family }) => {
    const query = icmp && icmpCounterpart(icmp, family);
    return query && { ...query, id: icmp?.id };
  },
  flags: ({ protocol }) => (protocol === "tcp" ? { syn: true } : undefined),
  dscp: () => "unknown",
  running: ({ running }) => running,
};

/** The opener that a packet answers; undefined when there can be none (ICMP errors). */
export function openerOf(answer: Packet): Packet | undefined {
  const parts = Object.entries(ofOpener).map(([name, of]) => [name, of(answer)]);
  const opener = Object.fromEntries(parts) as Packet;
  return answer.icmp !== undefined && opener.icmp === undefined ? undefined : opener;
}

/** True for a packet that opens a TCP connection. */
export const isSyn = (flags: Packet["flags"]): boolean => flags?.syn === true && !flags.ack;

/** True for a TCP packet with flags that no stack sends together (RFC 9293); no flow has them. */
export function isMalformed({ protocol, flags = {} }: Packet): boolean {
  if (protocol !== "tcp") return false;
  const { syn, ack, fin, rst, urg } = flags;
  if (syn) return Boolean(fin || rst || (ack && urg));
  return rst ? Boolean(fin || urg) : !ack;
}
