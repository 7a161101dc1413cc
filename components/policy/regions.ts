/** Sets of packets as products of ranges: what rules match, and what is left of it. */
import { bits, type Family } from "../azure/addresses";
import type { Packet } from "./evaluate";
import type { PlannedRule } from "./plan";
import type { RuleDirection } from "./policy";
import type { Range } from "./ranges";

/** Every combination of a source, a destination and a port (or ICMP type and code). */
export interface Region {
  direction: RuleDirection;
  family: Family;
  protocol: Packet["protocol"];
  /** Source addresses, destination addresses, and {@link detailOf}; each merged, none empty. */
  sides: readonly [readonly Range[], readonly Range[], readonly Range[]];
}

export const PROTOCOLS = ["tcp", "udp", "icmp", "other"] as const;

/** All packets of a direction, family and protocol. */
export function everything(
  direction: RuleDirection,
  family: Family,
  protocol: Packet["protocol"],
): Region {
  const addresses = [{ first: 0n, last: (1n << BigInt(bits(family))) - 1n }];
  return {
    direction,
    family,
    protocol,
    sides: [addresses, addresses, [...WHOLE_DETAIL[protocol]]],
  };
}

/** The part of a region that a rule matches; undefined if it matches none of it. */
export function matchedPart(region: Region, rule: PlannedRule): Region | undefined {
  if (rule.protocol !== "any" && rule.protocol !== region.protocol) return undefined;
  const details =
    rule.ports?.map((r) => ({ first: BigInt(r.first), last: BigInt(r.last) })) ??
    rule.icmpTypes?.map(({ type, code }) => ({
      first: BigInt(type * 256 + (code ?? 0)),
      last: BigInt(type * 256 + (code ?? 255)),
    }));
  return within(region, [rule.sources, rule.destinations, details && [...details].sort(byFirst)]);
}

/** What both regions hold; undefined if that is nothing. */
export const common = (a: Region, b: Region): Region | undefined =>
  a.direction === b.direction && a.family === b.family && a.protocol === b.protocol
    ? within(a, b.sides)
    : undefined;

/** What is in a region but not in a part of it: at most one region per side. */
export function without(region: Region, part: Region): Region[] {
  const rest: Region[] = [];
  const sides: [readonly Range[], readonly Range[], readonly Range[]] = [...region.sides];
  for (const side of SIDES) {
    const outside = subtract(sides[side], part.sides[side]);
    if (outside.length > 0) {
      const cut: typeof sides = [...sides];
      cut[side] = outside;
      rest.push({ ...region, sides: cut });
    }
    sides[side] = part.sides[side];
  }
  return rest;
}

const SIDES = [0, 1, 2] as const;
/** Ports of TCP and UDP; type * 256 + code of ICMP; nothing to tell apart in the rest. */
const WHOLE_DETAIL: Record<Packet["protocol"], readonly Range[]> = {
  tcp: [{ first: 0n, last: 65_535n }],
  udp: [{ first: 0n, last: 65_535n }],
  icmp: [{ first: 0n, last: 65_535n }],
  other: [{ first: 0n, last: 0n }],
};

const byFirst = (a: Range, b: Range) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0);

function within(
  region: Region,
  limits: readonly [(readonly Range[])?, (readonly Range[])?, (readonly Range[])?],
): Region | undefined {
  const [sources, destinations, details] = SIDES.map((side) => {
    const limit = limits[side];
    return limit === undefined ? region.sides[side] : intersect(region.sides[side], limit);
  });
  if (!sources?.length || !destinations?.length || !details?.length) return undefined;
  return { ...region, sides: [sources, destinations, details] };
}

function intersect(a: readonly Range[], b: readonly Range[]): Range[] {
  const found: Range[] = [];
  for (let i = 0, j = 0; ; ) {
    const [x, y] = [a[i], b[j]];
    if (x === undefined || y === undefined) return found;
    const first = x.first > y.first ? x.first : y.first;
    const last = x.last < y.last ? x.last : y.last;
    if (first <= last) found.push({ first, last });
    if (x.last < y.last) i += 1;
    else j += 1;
  }
}

function subtract(a: readonly Range[], b: readonly Range[]): Range[] {
  const found: Range[] = [];
  let j = 0;
  for (const { first, last } of a) {
    let at = first;
    while ((b[j]?.last ?? last) < at) j += 1;
    for (let k = j; ; k += 1) {
      const hole = b[k];
      if (hole === undefined || hole.first > last) break;
      if (hole.first > at) found.push({ first: at, last: hole.first - 1n });
      if (hole.last + 1n > at) at = hole.last + 1n;
    }
    if (at <= last) found.push({ first: at, last });
  }
  return found;
}
