/** The ends of a flow: addresses, networks, and sets of them. */
import { NAME } from "../../../nva-cloud-init/contract/contract";
import {
  bits,
  type Family,
  formatAddress,
  formatNetwork,
  hasHostBits,
  parseNetwork,
} from "../../azure/addresses";
import type { Findings } from "../../check/findings";
import { networksOf, type Range, subtract } from "../ranges";
import {
  type Axis,
  type Line,
  type Match,
  type MatchField,
  onAxis,
  type UncheckedRule,
  untold,
} from "./field";

/** Lists of up to this many networks are written into the rules, longer ones become sets. */
export const INLINE_NETWORKS = 4;

export const sources = endField("source");
export const destinations = endField("destination");

function endField(side: "source" | "destination"): MatchField<string[], readonly Range[]> {
  const axis: Axis<readonly Range[]> = {
    whole: (_, family) => [{ first: 0n, last: (1n << BigInt(bits(family))) - 1n }],
    taken: (planned) => planned,
    of: (packet) => packet[side],
    written: (ranges, family) => networksOf(ranges, family).map(withoutFullPrefix),
    shown: (ranges, family) => ranges.flatMap((range) => spanOf(range, family)),
  };
  const [near, far] = side === "source" ? (["-s", "-d"] as const) : (["-d", "-s"] as const);
  const preposition = side === "source" ? "from" : "to";
  return {
    check: checkEnd,
    plan: (written, { addresses }) => nonEmpty(addresses(written)),
    opener: (planned, line) => matchesOf(planned, line, side, near),
    answer: (planned, line) => matchesOf(planned, line, side, far),
    matches: onAxis(axis),
    mismatch: `another ${side}`,
    axis,
    options: {
      [near]: (value, negated) => {
        const network = parseNetwork(value);
        if (network === undefined) throw new Error(`the address ${value}`);
        const { family } = network;
        const ranges = negated
          ? subtract(axis.whole("other", family), [network])
          : [{ first: network.first, last: network.last }];
        if (ranges.length === 0) throw new Error(`no address at all: ! ${near} ${value}`);
        return axis.written(ranges, family);
      },
    },
    read: untold,
    words: (entries) => `${preposition} ${entries?.join(", ") ?? "any"}`,
  };
}

const nonEmpty = (ranges: readonly Range[]) => (ranges.length === 0 ? undefined : ranges);

function matchesOf(
  list: readonly Range[],
  { family, bitOf }: Line,
  side: "source" | "destination",
  option: string,
): Match[] {
  const networks = list.length <= INLINE_NETWORKS ? networksOf(list, family) : undefined;
  if (networks !== undefined && networks.length <= INLINE_NETWORKS) {
    return networks.map((network) => ({ ends: ` ${option} ${network}` }));
  }
  const bit = bitOf(side, list);
  return [{ mark: ` -m mark --mark ${bit}/${bit}` }];
}

/** A range as one or two networks, or by its ends. */
function spanOf(range: Range, family: Family): string[] {
  const networks = networksOf([range], family);
  if (networks.length <= 2) return networks.map(withoutFullPrefix);
  return [`${formatAddress(range.first, family)}-${formatAddress(range.last, family)}`];
}

/** A single address stands alone. */
function withoutFullPrefix(network: string): string {
  const [address = "", prefix] = network.split("/");
  return Number(prefix) === (address.includes(":") ? 128 : 32) ? address : network;
}

/** Checks an address or network; true if it can be used. */
export function checkNetwork(entry: unknown, path: string, findings: Findings): entry is string {
  const network = typeof entry === "string" ? parseNetwork(entry) : undefined;
  if (typeof entry !== "string" || network === undefined) {
    const rule = "must be an IPv4 or IPv6 address or network";
    findings.add(path, entry, rule, "for example 203.0.113.0/24 or 2001:db8::/32");
    return false;
  }
  if (hasHostBits(entry)) {
    const rule = "must be a network whose host bits are zero";
    const alone = entry.split("/")[0];
    findings.add(path, entry, rule, `write ${formatNetwork(network)}, or ${alone} for one address`);
    return false;
  }
  return true;
}

/** The form of an address set's name, whatever its case: not known, but meant as one. */
const NAME_LIKE = new RegExp(`^${NAME.first}${NAME.rest}*$`, "i");

function checkEnd(list: unknown, path: string, { sets, findings }: UncheckedRule): void {
  if (!findings.list(list, path, "an empty list matches nothing; leave it out for any")) return;
  let own: { family: Family; index: number } | undefined;
  list.forEach((entry, index) => {
    const at = `${path}[${index}]`;
    if (typeof entry === "string" && Object.hasOwn(sets, entry)) return;
    if (typeof entry === "string" && NAME_LIKE.test(entry)) {
      const known = Object.keys(sets).join(", ") || "none";
      const rule = "must be an address, a network or the name of an address set";
      findings.add(at, entry, rule, `the sets of this policy are: ${known}`);
      return;
    }
    const family = checkNetwork(entry, at, findings) && parseNetwork(entry)?.family;
    if (!family) return;
    own ??= { family, index };
    if (own.family !== family) {
      const rule = `must be of the family of ${path}[${own.index}], IPv${own.family}`;
      const wayOut = "write a rule for each family, or name an address set, which may hold both";
      findings.add(at, entry, rule, wayOut);
    }
  });
}

/** Families of an unchecked list: those of its sets and of its addresses; undefined without a list. */
export function familiesOf(list: unknown, sets: Record<string, unknown>): Set<Family> | undefined {
  if (list === undefined) return undefined;
  const entries = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
  const texts = entries(list).flatMap((entry) =>
    typeof entry === "string" && Object.hasOwn(sets, entry) ? entries(sets[entry]) : [entry],
  );
  return new Set(
    texts.flatMap((text) =>
      typeof text === "string" && !hasHostBits(text) ? (parseNetwork(text)?.family ?? []) : [],
    ),
  );
}
