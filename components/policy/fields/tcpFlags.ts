/**
 * TCP flags of the packet that opens a flow, by classes that share no packet. Flags that no stack
 * sends together are in none: the NVA drops those packets before any rule (gwlb_inner).
 */
import type { Packet } from "../packet";
import { covers, mergeRanges, type Range } from "../ranges";
import {
  type Axis,
  type Line,
  type Match,
  type MatchField,
  NONE,
  onAxis,
  RUNNING,
  type UncheckedRule,
} from "./field";

/** SYN, ACK, FIN and RST as bits of the axis. */
const BIT = { ack: 1, fin: 2, syn: 4, rst: 8 } as const;

interface FlagClass {
  /** Values of the axis. */
  ranges: readonly (readonly [number, number])[];
  /** Flags that iptables looks at and those of them that are set; alternatives. */
  match: readonly string[];
  /** A packet of the class. */
  example: Packet["flags"];
}

const CLASSES = {
  syn: { ranges: [[4, 4]], match: ["FIN,SYN,RST,ACK SYN"], example: { syn: true } },
  "syn-ack": {
    ranges: [[5, 5]],
    match: ["FIN,SYN,RST,ACK SYN,ACK"],
    example: { syn: true, ack: true },
  },
  ack: { ranges: [[1, 1]], match: ["FIN,SYN,RST,ACK ACK"], example: { ack: true } },
  fin: { ranges: [[3, 3]], match: ["FIN,SYN,RST FIN"], example: { fin: true, ack: true } },
  rst: { ranges: [[8, 9]], match: ["FIN,SYN,RST RST"], example: { rst: true } },
} satisfies Readonly<Record<string, FlagClass>>;

const rangesOf = (name: string): Range[] =>
  classOf(name).ranges.map(([first, last]) => ({ first: BigInt(first), last: BigInt(last) }));

type ClassName = keyof typeof CLASSES;

/** Classes that share no packet and leave out none that a stack sends. */
export const TCP_FLAG_CLASSES = Object.keys(CLASSES) as ClassName[];
const classOf = (name: string): FlagClass => CLASSES[name as ClassName];
const FLAGS = ["ack", "fin", "syn", "rst"] as const;

const axis: Axis<readonly string[]> = {
  whole: (protocol) =>
    protocol === "tcp" ? mergeRanges(TCP_FLAG_CLASSES.flatMap(rangesOf)) : NONE,
  taken: (planned) => mergeRanges(planned.flatMap(rangesOf)),
  of: ({ flags = {} }) =>
    BigInt(FLAGS.reduce((sum, name) => sum + (flags[name] ? BIT[name] : 0), 0)),
  written: (ranges) => TCP_FLAG_CLASSES.filter((name) => covers(ranges, rangesOf(name))),
};

/**
 * Flags concern the packet that opens a flow. A flow that runs, or that is taken up by its answers,
 * counts as opened by a SYN.
 */
export const tcpFlags: MatchField<string[], readonly string[]> = {
  check: checkClasses,
  plan: (written) => written,
  opener: (planned, line) => planned.flatMap((name) => matchesOf(name, line)),
  answer: (planned) => (planned.includes("syn") ? [{}] : []),
  matches: (planned, packet) =>
    packet.running ? planned.includes("syn") : onAxis(axis)(planned, packet),
  mismatch: "other flags",
  axis,
  options: { "--tcp-flags": readFlags },
  read: (word, { protocol }) => {
    const name = protocol === "tcp" ? TCP_FLAG_CLASSES.find((known) => known === word) : undefined;
    return name && { flags: classOf(name).example };
  },
  words: (entries) => (entries === undefined ? "" : `flags ${entries.join(", ")}`),
};

function matchesOf(name: string, { stateful }: Line): Match[] {
  const first = stateful ? RUNNING.not : "";
  const matches = classOf(name).match.map((match) => ({
    detail: `${first} -m tcp --tcp-flags ${match}`,
  }));
  return stateful && name === "syn" ? [...matches, { detail: RUNNING.yes }] : matches;
}

/** A class by its match, or all others. */
function readFlags(value: string, negated: boolean): string[] {
  const sorted = (text: string) => text.split(" ").map((list) => list.split(",").sort().join());
  const found = TCP_FLAG_CLASSES.find((name) => {
    const { match } = classOf(name);
    return match.length === 1 && `${sorted(match[0] ?? "")}` === `${sorted(value)}`;
  });
  if (found === undefined) throw new Error(`the flags ${value}`);
  return negated ? TCP_FLAG_CLASSES.filter((name) => name !== found) : [found];
}

function checkClasses(list: unknown, path: string, { fields, findings }: UncheckedRule): void {
  if (fields.protocol !== "tcp") {
    const clash = `is for tcp, not for ${fields.protocol ?? "any"}`;
    findings.add(path, list, clash, "set the protocol to tcp, or leave tcpFlags out");
    return;
  }
  if (!findings.list(list, path, "leave it out for all flags")) return;
  const known = Object.fromEntries(TCP_FLAG_CLASSES.map((name) => [name, name]));
  list.forEach((entry, index) => {
    findings.choice(entry, `${path}[${index}]`, known, true);
  });
}
