/** DSCP, the class of service in the IP header (RFC 2474). */
import { mergeRanges } from "../ranges";
import { type Axis, type MatchField, onAxis, RUNNING, type UncheckedRule } from "./field";

/** Names of RFC 2474 (cs), RFC 2597 (af), RFC 3246 (ef). */
const NAMES: Readonly<Record<string, number>> = {
  ...Object.fromEntries([0, 1, 2, 3, 4, 5, 6, 7].map((n) => [`cs${n}`, 8 * n])),
  ...Object.fromEntries(
    [1, 2, 3, 4].flatMap((n) => [1, 2, 3].map((drop) => [`af${n}${drop}`, 8 * n + 2 * drop])),
  ),
  ef: 46,
};

/** The value of a name or of a number from 0 to 63. */
function parse(text: string): number | undefined {
  const value = Object.hasOwn(NAMES, text) ? NAMES[text] : undefined;
  return value ?? (/^(\d|[1-5]\d|6[0-3])$/.test(text) ? Number(text) : undefined);
}

const nameOf = (value: number): string =>
  Object.entries(NAMES).find(([, known]) => known === value)?.[0] ?? `${value}`;

const axis: Axis<readonly number[]> = {
  whole: () => [{ first: 0n, last: 63n }],
  taken: (planned) =>
    mergeRanges(planned.map((value) => ({ first: BigInt(value), last: BigInt(value) }))),
  of: ({ dscp }) => BigInt(dscp === "unknown" ? 0 : (dscp ?? 0)),
  written: (ranges) =>
    ranges.flatMap(({ first, last }) =>
      Array.from({ length: Number(last - first) + 1 }, (_, n) => nameOf(Number(first) + n)),
    ),
};

/**
 * An answer does not tell its opener's DSCP: a flow that runs is given the benefit of the doubt,
 * one whose start nobody saw is not.
 */
export const dscp: MatchField<string[], readonly number[]> = {
  check: checkValues,
  plan: (written) => [...new Set(written.flatMap((text) => parse(text) ?? []))],
  opener: (planned) =>
    planned.map((value) => ({
      detail: ` -m dscp --dscp 0x${value.toString(16).padStart(2, "0")}`,
    })),
  answer: (_, { action }) => [{ detail: action === "allow" ? RUNNING.yes : RUNNING.not }],
  matches: (planned, packet, action) =>
    packet.dscp === "unknown"
      ? (action === "allow") === (packet.running ?? false)
      : onAxis(axis)(planned, packet),
  mismatch: "another DSCP",
  axis,
  options: {
    "--dscp": (value, negated) => {
      const number = /^0x[0-3]?[0-9a-f]$/i.test(value) ? Number(value) : parse(value);
      if (number === undefined) throw new Error(`the DSCP ${value}`);
      const values = negated ? Array.from({ length: 64 }, (_, n) => n) : [number];
      return values.filter((one) => !negated || one !== number).map(nameOf);
    },
  },
  read: (word) => {
    const value = parse(word);
    return value === undefined ? undefined : { dscp: value };
  },
  words: (entries) => (entries === undefined ? "" : `dscp ${entries.join(", ")}`),
};

function checkValues(list: unknown, path: string, { findings }: UncheckedRule): void {
  if (!findings.list(list, path, "leave it out for every value")) return;
  list.forEach((entry, index) => {
    if (typeof entry === "string" && parse(entry) !== undefined) return;
    const rule = "must be the name of a DSCP, or a number from 0 to 63 as text";
    findings.add(
      `${path}[${index}]`,
      entry,
      rule,
      `the names are ${Object.keys(NAMES).join(", ")}`,
    );
  });
}
