/** The protocol of a rule. */
import { PROTOCOLS } from "../packet";
import { RuleProtocol } from "../policy";
import { type Axis, type MatchField, onAxis, untold } from "./field";

const place = (name: (typeof PROTOCOLS)[number]) => BigInt(PROTOCOLS.indexOf(name));

/** Names and numbers of protocols as iptables writes them. */
const NAMES: Readonly<Record<string, RuleProtocol>> = {
  ...{ tcp: "tcp", 6: "tcp", udp: "udp", 17: "udp", all: "any" },
  ...{ icmp: "icmp", 1: "icmp", "ipv6-icmp": "icmp", icmpv6: "icmp", 58: "icmp" },
};

const axis: Axis<RuleProtocol> = {
  whole: (protocol) => [{ first: place(protocol), last: place(protocol) }],
  taken: (planned) =>
    planned === "any"
      ? [{ first: 0n, last: BigInt(PROTOCOLS.length - 1) }]
      : [{ first: place(planned), last: place(planned) }],
  of: ({ protocol }) => place(protocol),
  written: ([range]) => [PROTOCOLS[Number(range?.first)] ?? "any"],
};

/** TCP, UDP, or ICMP of the rule's family. */
export const protocol: MatchField<RuleProtocol, RuleProtocol> = {
  check: (written, path, { findings }) => findings.choice(written, path, RuleProtocol),
  plan: (written) => written,
  opener: matchesOf,
  answer: matchesOf,
  matches: onAxis(axis),
  mismatch: "another protocol",
  axis,
  options: {
    "-p": (value, negated) => {
      const name = NAMES[value];
      if (name === undefined || negated)
        throw new Error(`the protocol ${negated ? "! " : ""}${value}`);
      return name === "any" ? undefined : name;
    },
  },
  read: untold,
  words: (entries) => entries?.filter((name) => name !== "any").join() ?? "",
};

function matchesOf(planned: RuleProtocol, { family }: { family: 4 | 6 }) {
  if (planned === "any") return [{}];
  return [{ protocol: ` -p ${planned === "icmp" && family === 6 ? "ipv6-icmp" : planned}` }];
}
