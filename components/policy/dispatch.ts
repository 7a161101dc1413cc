/**
 * A tree over a long list of rules, so that a packet meets a few of them and not all: each node
 * tests a field that separates the rules below it. Rules keep their order in every leaf, and a leaf
 * holds each rule that can match there, so the first match is the same as in the list.
 */
import { bits, type Family } from "../azure/addresses";
import type { PlannedRule } from "./plan";
import type { Range } from "./ranges";

/** One test of a packet; what passes it goes to the branch. */
export interface Test {
  field: "protocol" | "port" | "source" | "destination";
  /** For `protocol`. */
  protocol?: "tcp" | "udp" | "icmp";
  /** For `port`: of `protocol`, up to this one. */
  last?: number;
  /** For addresses: an aligned block. */
  block?: { first: bigint; prefix: number };
}

/** Places of rules in the list, or tests in order with what is left when none of them passes. */
export type Tree =
  | { rules: number[]; branches?: undefined }
  | { branches: { test: Test; tree: Tree }[]; rest: Tree };

/** Rules in a leaf that are not worth another test: each costs about as much as one. */
export const LEAF_RULES = 12;

/**
 * Tests on the way to a leaf. The kernel refuses more than 16 jumps in a row; the rest is for the
 * way to the tree, for a rule's own chain, and for the chain that takes a flow.
 */
const DEPTH = 8;
/** A test must leave each branch with fewer than this share of the rules. */
const WORTH = 0.8;
/** Copies of rules over all leaves, as a multiple of the list: they travel in userData. */
const COPIES = 4;

/** The tree for a list; a leaf alone when the list is short. */
export function dispatchTree(
  rules: readonly PlannedRule[],
  family: Family,
  leaf = LEAF_RULES,
): Tree {
  const budget = { copies: COPIES * rules.length };
  const all = rules.map((_, place) => place);
  return grow({ rules, family, leaf, budget }, all, undefined, DEPTH);
}

interface Context {
  rules: readonly PlannedRule[];
  family: Family;
  leaf: number;
  budget: { copies: number };
}

function grow(
  context: Context,
  places: number[],
  protocol: Test["protocol"] | "other",
  depth: number,
): Tree {
  if (places.length <= context.leaf || depth === 0) return { rules: places };
  if (protocol === undefined) return byProtocol(context, places, depth);
  const found = bestSplit(context, places, protocol);
  if (found === undefined) return { rules: places };
  const { test, inside, outside } = found;
  const copies = inside.length + outside.length - places.length;
  if (copies > context.budget.copies) return { rules: places };
  context.budget.copies -= copies;
  return {
    branches: [{ test, tree: grow(context, inside, protocol, depth - 1) }],
    rest: grow(context, outside, protocol, depth - 1),
  };
}

function byProtocol(context: Context, places: number[], depth: number): Tree {
  const of = (protocol: PlannedRule["protocol"]) =>
    places.filter((place) => {
      const own = context.rules[place]?.protocol ?? "any";
      return own === "any" || own === protocol;
    });
  return {
    branches: (["tcp", "udp", "icmp"] as const).map((protocol) => ({
      test: { field: "protocol", protocol },
      tree: grow(context, of(protocol), protocol, depth - 1),
    })),
    rest: grow(context, of("any"), "other", depth - 1),
  };
}

interface Split {
  test: Test;
  inside: number[];
  outside: number[];
}

/** The test after which a packet has the fewest rules to meet on average. */
function bestSplit(
  context: Context,
  places: number[],
  protocol: Test["protocol"] | "other",
): Split | undefined {
  const candidates = [
    ...(protocol === "tcp" || protocol === "udp" ? portSplits(context, places, protocol) : []),
    ...addressSplits(context, places, "source"),
    ...addressSplits(context, places, "destination"),
  ];
  let best: Split | undefined;
  let least = WORTH * places.length;
  for (const split of candidates) {
    const worst = Math.max(split.inside.length, split.outside.length);
    if (worst >= least) continue;
    least = worst;
    best = split;
  }
  return best;
}

function portSplits({ rules }: Context, places: number[], protocol: "tcp" | "udp"): Split[] {
  const ends = places.flatMap((place) => rules[place]?.ports?.map(({ last }) => last) ?? []);
  return quantiles(ends, (a, b) => a - b).map((last) => ({
    test: { field: "port", protocol, last },
    inside: places.filter((place) => rules[place]?.ports?.some((r) => r.first <= last) ?? true),
    outside: places.filter((place) => rules[place]?.ports?.some((r) => r.last > last) ?? true),
  }));
}

function addressSplits(
  { rules, family }: Context,
  places: number[],
  field: "source" | "destination",
): Split[] {
  const listOf = (place: number) => rules[place]?.[`${field}s`];
  const firsts = places.flatMap((place) => listOf(place)?.[0]?.first ?? []);
  const width = bits(family);
  const blocks = quantiles(firsts, (a, b) => (a < b ? -1 : a > b ? 1 : 0)).flatMap((address) =>
    Array.from({ length: width - 1 }, (_, n) => {
      const size = 1n << BigInt(width - n - 1);
      return { first: (address / size) * size, size, prefix: n + 1 };
    }),
  );
  return blocks.map(({ first, size, prefix }) => {
    const last = first + size - 1n;
    return {
      test: { field, block: { first, prefix } },
      inside: places.filter((place) => meets(listOf(place), first, last)),
      outside: places.filter((place) => leaves(listOf(place), first, last)),
    };
  });
}

/** Three values that part a list into quarters, each once. */
function quantiles<T>(values: T[], order: (a: T, b: T) => number): T[] {
  const sorted = [...values].sort(order);
  const picked = [1, 2, 3].flatMap((n) => {
    const value = sorted[Math.floor((n * sorted.length) / 4)];
    return value === undefined ? [] : [value];
  });
  return [...new Set(picked)];
}

/** True if a list has an address between the two; no list has them all. */
function meets(list: readonly Range[] | undefined, first: bigint, last: bigint): boolean {
  if (list === undefined) return true;
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as Range).last < first) low = middle + 1;
    else high = middle;
  }
  const range = list[low];
  return range !== undefined && range.first <= last;
}

/** True if a list has an address that is not between the two. */
function leaves(list: readonly Range[] | undefined, first: bigint, last: bigint): boolean {
  const [lowest, highest] = [list?.[0], list?.at(-1)];
  if (lowest === undefined || highest === undefined) return true;
  return lowest.first < first || highest.last > last;
}
