/** Packets that another policy judges differently, in words. Pure. */
import type { Family } from "../../components/azure/addresses";
import { diffPolicies, type FirewallPolicy } from "../../components/policy";
import { networksOf, type Range } from "../../components/policy/ranges";
import { everything, PROTOCOLS, type Region } from "../../components/policy/regions";
import { code } from "./escape";

/** Most lines of one policy's change. */
export const VERDICTS_SHOWN = 20;
/** Most networks or ports of one side that are written out. */
const SHOWN_PARTS = 4;

/** Packets with the same fate whose protocols and families are put together. */
interface Line {
  direction: string;
  source: string;
  destination: string;
  /** Protocols with their ports or types, such as `tcp 22`. */
  what: string[];
  families: Set<Family>;
  verdict: string;
}

/**
 * What starts to pass or to be dropped, a line of Markdown each; what starts to pass comes first.
 * Rate limits are not part of it: they depend on time.
 */
export function verdictLines(before: FirewallPolicy, after: FirewallPolicy): string[] {
  const lines = new Map<string, Line>();
  for (const { region, before: was, after: is } of diffPolicies(before, after)) {
    const instead = was.rule === is.rule ? "" : `, before by ${code(was.rule)}`;
    const rules = `by ${code(is.rule)}${instead}`;
    const verdict = is.passes ? `**passes** now ${rules}` : `is **dropped** now ${rules}`;
    const [source, destination] = sidesOf(region);
    const { direction, family } = region;
    const key = [verdict, direction, source, destination, family].join("\n");
    const line = lines.get(key) ?? {
      ...{ direction, source, destination, verdict },
      ...{ what: [], families: new Set([family]) },
    };
    line.what.push(whatOf(region));
    lines.set(key, line);
  }
  const merged = mergeFamilies([...lines.values()]).sort((a, b) => passing(b) - passing(a));
  const shown = merged.slice(0, VERDICTS_SHOWN).map(textOf);
  const more = merged.length - shown.length;
  return more > 0 ? [...shown, `and ${more} more`] : shown;
}

const passing = ({ verdict }: Line) => Number(verdict.startsWith("**passes**"));

/** A rule that names no address is about both families: one line says so. */
function mergeFamilies(lines: readonly Line[]): Line[] {
  const merged = new Map<string, Line>();
  for (const line of lines) {
    const what = protocolsOf(line.what);
    const key = [line.verdict, line.direction, line.source, line.destination, ...what].join("\n");
    const known = merged.get(key);
    for (const family of known?.families ?? []) line.families.add(family);
    merged.set(key, { ...line, what });
  }
  return [...merged.values()];
}

/** ICMP is another protocol in IPv6, and all of them together are any. */
function protocolsOf(what: readonly string[]): string[] {
  return PROTOCOLS.every((protocol) => what.includes(protocol)) ? ["any protocol"] : [...what];
}

function textOf({ direction, source, destination, what, families, verdict }: Line): string {
  const both = source === "any" && destination === "any" && families.size === 1;
  const family = both ? `IPv${[...families][0]} ` : "";
  return `${direction} ${family}${code(`${source} → ${destination}, ${what.join(" or ")}`)} ${verdict}`;
}

function sidesOf({ direction, family, protocol, sides }: Region): [string, string] {
  const [sources, destinations] = everything(direction, family, protocol).sides;
  const text = (ranges: readonly Range[], whole: readonly Range[]) =>
    same(ranges, whole) ? "any" : several(networksOf(ranges, family), "networks");
  return [text(sides[0], sources), text(sides[1], destinations)];
}

function whatOf({ direction, family, protocol, sides }: Region): string {
  const [, , whole] = everything(direction, family, protocol).sides;
  const [, , details] = sides;
  if (same(details, whole)) return protocol;
  const parts = details.map((range) => (protocol === "icmp" ? typesOf(range) : rangeOf(range)));
  return `${protocol} ${several(parts, "ranges")}`;
}

const rangeOf = ({ first, last }: Range) => (first === last ? `${first}` : `${first}-${last}`);

/** ICMP types as numbers, with the code where it is not every one: a type holds 256 codes. */
function typesOf({ first, last }: Range): string {
  const [from, to] = [first >> 8n, last >> 8n];
  if (first % 256n === 0n && last % 256n === 255n) return rangeOf({ first: from, last: to });
  const one = (value: bigint) => `${value >> 8n}/${value % 256n}`;
  return first === last ? one(first) : `${one(first)}-${one(last)}`;
}

const same = (one: readonly Range[], other: readonly Range[]) =>
  one.length === other.length &&
  one.every(({ first, last }, i) => first === other[i]?.first && last === other[i]?.last);

function several(parts: readonly string[], noun: string): string {
  const shown = parts.slice(0, SHOWN_PARTS).join(", ");
  const more = parts.length - SHOWN_PARTS;
  return more > 0 ? `${shown} and ${more} more ${noun}` : shown;
}
