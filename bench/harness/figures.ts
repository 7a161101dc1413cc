/** Samples summed up, and as a Markdown table. Pure. */
import type { Samples } from "./rounds";

/** A figure over the rounds; where a round gives many samples, its median stands for it. */
export interface Figure {
  median: number;
  /** Lowest and highest of the rounds. */
  low: number;
  high: number;
}

/** How a figure is shown. */
export interface Column {
  head: string;
  figure: string;
  /** From the sample's unit to the column's; default: as it is. */
  convert?: (value: number) => number;
  digits?: number;
  /** The baseline that a second column compares with, round by round. */
  against?: string;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new Error("no samples");
  return (low + high) / 2;
}

/** One value a round. */
export function byRound(samples: Samples, contender: string, figure: string): number[] {
  const rounds = samples[contender]?.[figure] ?? [];
  return rounds.map((value) => (typeof value === "number" ? value : median(value)));
}

export function figureOf(values: readonly number[]): Figure {
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/** The figure against a baseline's of the same round. */
export function ratio(samples: Samples, contender: string, figure: string, base: string): Figure {
  const of = byRound(samples, base, figure);
  const shares = byRound(samples, contender, figure).map((value, round) => {
    const other = of[round];
    if (other === undefined) throw new Error(`${base} has no round ${round + 1} of ${figure}`);
    return value / other;
  });
  return figureOf(shares);
}

/** A row a contender; figures that it does not have are dashes. */
export function markdown(
  samples: Samples,
  titles: Readonly<Record<string, string>>,
  columns: readonly Column[],
): string {
  const heads = columns.flatMap(({ head, against }) =>
    against === undefined ? [head] : [head, `of ${against}`],
  );
  const rows = Object.entries(titles).map(([key, title]) => [
    title,
    ...columns.flatMap((column) => cells(samples, key, column)),
  ]);
  return [
    `| | ${heads.join(" | ")} |`,
    `| --- |${" ---: |".repeat(heads.length)}`,
    ...rows.map((row) => `| ${row.join(" | ")} |`),
  ].join("\n");
}

function cells(samples: Samples, key: string, column: Column): string[] {
  const { figure, convert = (value) => value, digits = 0, against } = column;
  const values = byRound(samples, key, figure).map(convert);
  if (values.length === 0) return against === undefined ? ["-"] : ["-", "-"];
  const text = format(figureOf(values).median, digits);
  if (against === undefined) return [text];
  const share = median(
    byRound(samples, against, figure)
      .map(convert)
      .flatMap((other, round) => {
        const value = values[round];
        return value === undefined ? [] : [value / other];
      }),
  );
  return [text, share.toFixed(2)];
}

export const format = (value: number, digits: number): string =>
  value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
