/** Durations summed up the way ethr's ping does. Pure; all durations are nanoseconds. */

export interface Summary {
  count: number;
  avg: number;
  min: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  p999: number;
  max: number;
}

/** Column heads in ethr's order, with the figure that stands below each. */
export const summaryColumns = [
  ["avg", "avg"],
  ["min", "min"],
  ["p50", "p50"],
  ["p90", "p90"],
  ["p95", "p95"],
  ["p99", "p99"],
  ["p99.9", "p999"],
  ["max", "max"],
] as const satisfies readonly (readonly [string, keyof Summary])[];

/** Sums samples up; undefined when there is none. Percentiles are samples, never in between. */
export function summarize(samples: readonly number[]): Summary | undefined {
  const sorted = [...samples].sort((a, b) => a - b);
  const min = sorted[0];
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) return undefined;
  // Nearest rank: the smallest sample that is not below that share of all samples. The rank is
  // counted in thousandths, because 0.999 * 1000 is not 999 in floating point.
  const rank = (thousandths: number) =>
    sorted[Math.max(0, Math.ceil((thousandths * sorted.length) / 1000) - 1)] ?? max;
  return {
    count: sorted.length,
    avg: sorted.reduce((sum, sample) => sum + sample, 0) / sorted.length,
    min,
    p50: rank(500),
    p90: rank(900),
    p95: rank(950),
    p99: rank(990),
    p999: rank(999),
    max,
  };
}

/** A duration with three decimals in the unit that suits it: `966.721 µs`, `1.469 ms`, `2.000 s`. */
export function formatDuration(nanoseconds: number): string {
  const units = [
    ["s", 1e9],
    ["ms", 1e6],
    ["µs", 1e3],
  ] as const;
  // Half a thousandth below the unit already rounds up to 1.000 of it.
  const [unit, size] = units.find(([, one]) => nanoseconds >= one * 0.9999995) ?? ["µs", 1e3];
  return `${(nanoseconds / size).toFixed(3)} ${unit}`;
}
