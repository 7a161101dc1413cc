/** Packets that another policy judges differently, as lines for people. */
import type { Family } from "../azure/addresses";
import { diffPolicies } from "./diff";
import { FIELD_LIST } from "./fields/index";
import { PROTOCOLS } from "./packet";
import type { FirewallPolicy, RuleDirection } from "./policy";
import type { Range } from "./ranges";
import { everything, type Region } from "./regions";

/** Packets whose verdict changes in the same way; protocols and families are put together. */
export interface ChangeLine {
  direction: RuleDirection;
  /** The packets in words: `from 8.8.8.8 to any, tcp port 22 or udp`. */
  packets: string;
  /** True for what starts to pass. */
  passes: boolean;
  /** Names of the rules that decide before and after. */
  before: string;
  after: string;
}

interface Draft {
  line: Omit<ChangeLine, "packets">;
  ends: string;
  protocols: string[];
  families: Set<Family>;
}

/** Most entries of one field that a line spells out. */
const SHOWN = 4;

/**
 * Packets that start to pass or to be dropped, those that start to pass first. Rate limits are
 * left out.
 */
export function describeChanges(before: FirewallPolicy, after: FirewallPolicy): ChangeLine[] {
  const drafts = new Map<string, Draft>();
  for (const { region, before: was, after: is } of diffPolicies(before, after)) {
    const { direction, family } = region;
    const line = { direction, passes: is.passes, before: was.rule, after: is.rule };
    const { ends, rest } = wordsOf(region);
    const key = JSON.stringify([line, ends, family]);
    const known = drafts.get(key);
    if (known === undefined) {
      drafts.set(key, { line, ends, protocols: [rest], families: new Set([family]) });
    } else known.protocols.push(rest);
  }
  return mergeFamilies([...drafts.values()])
    .map(({ line, ...draft }) => ({ ...line, packets: packetsOf(draft) }))
    .sort((a, b) => Number(b.passes) - Number(a.passes));
}

/** A rule that names no address is about both families: one line says so. */
function mergeFamilies(drafts: readonly Draft[]): Draft[] {
  const merged = new Map<string, Draft>();
  for (const { line, ends, protocols, families } of drafts) {
    // ICMP is another protocol in IPv6, and all of them together are any.
    const all = PROTOCOLS.every((protocol) => protocols.includes(protocol));
    const names = all ? ["any protocol"] : protocols;
    const key = JSON.stringify([line, ends, names]);
    const known = merged.get(key)?.families ?? [];
    merged.set(key, { line, ends, protocols: names, families: new Set([...known, ...families]) });
  }
  return [...merged.values()];
}

function packetsOf({ ends, protocols, families }: Omit<Draft, "line">): string {
  const one = ends === "from any to any" && families.size === 1;
  return `${one ? `IPv${[...families][0]} ` : ""}${ends}, ${protocols.join(" or ")}`;
}

/** A region's ends, and what else its packets have in common. */
function wordsOf({ direction, family, protocol, sides }: Region) {
  const whole = everything(direction, family, protocol).sides;
  const texts = FIELD_LIST.map(([name, { axis, words }]) => {
    const all = name !== "protocol" && same(sides[name], whole[name]);
    const entries = (axis.shown ?? axis.written)(sides[name], family);
    return { name, text: words(all ? undefined : shorten(entries)) };
  });
  const [ends, rest] = [true, false].map((atEnd) =>
    texts
      .filter(({ name, text }) => text !== "" && isEnd(name) === atEnd)
      .map(({ text }) => text)
      .join(" "),
  );
  return { ends: ends ?? "", rest: rest ?? "" };
}

const isEnd = (name: string) => name === "sources" || name === "destinations";

const same = (one: readonly Range[], other: readonly Range[]) =>
  one.length === other.length &&
  one.every(({ first, last }, i) => first === other[i]?.first && last === other[i]?.last);

function shorten(entries: readonly string[]): string[] {
  const more = entries.length - SHOWN;
  return more > 0
    ? [...entries.slice(0, SHOWN - 1), `${entries[SHOWN - 1]} and ${more} more`]
    : [...entries];
}
