/** Samples summed up, and as Markdown. Pure. */
import { summarize } from "../../lab/proof/statistics";
import type { Findings } from "./question";
import type { Samples } from "./rounds";

/** A figure over the rounds; where a round gives many samples, its median stands for it. */
export interface Figure {
  median: number;
  /** Lowest and highest of the rounds. */
  low: number;
  high: number;
}

/** A column of a table: a figure's median over the rounds. */
export interface Column {
  head: string;
  figure: string;
  /** From the samples' unit to the column's; default: as it is. */
  convert?: (value: number) => number;
  digits?: number;
  /** Contender whose figure of the same round is the baseline of one more column. */
  against?: string;
  /** True adds the lowest and highest round. */
  spread?: boolean;
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

/** Undefined for no value. */
export function figureOf(values: readonly number[]): Figure | undefined {
  if (values.length === 0) return undefined;
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/** One figure against another of the same round; undefined where one of them is missing. */
export function ratio(
  samples: Samples,
  figure: string,
  contender: string,
  base: string,
  convert: (value: number) => number = (value) => value,
): Figure | undefined {
  const others = byRound(samples, base, figure).map(convert);
  const values = byRound(samples, contender, figure).map(convert);
  return figureOf(
    values.flatMap((value, round) => {
      const other = others[round];
      return other === undefined ? [] : [value / other];
    }),
  );
}

/** A row a contender that has any of the figures; a dash where it lacks one; empty without rows. */
export function figureTable({ titles, samples }: Findings, columns: readonly Column[]): string {
  const heads = columns.flatMap(({ head, against }) =>
    against === undefined ? [head] : [head, `of ${shortTitle(titles, against)}`],
  );
  const rows = Object.entries(titles)
    .map(([key, title]) => [title, ...columns.flatMap((column) => cells(samples, key, column))])
    .filter(([, ...figures]) => figures.some((figure) => figure !== "-"));
  return rows.length === 0 ? "" : markdownTable(["", ...heads], rows);
}

/** Percentiles over all samples of all rounds; empty without any. */
export function percentileTable(
  { titles, samples }: Findings,
  figure: string,
  head: string,
  convert: (value: number) => number,
  digits: number,
): string {
  const rows = Object.entries(titles).flatMap(([key, title]) => {
    const summary = summarize(pooled(samples, key, figure));
    if (summary === undefined) return [];
    const { count, p50, p90, p99, p999 } = summary;
    const shown = [p50, p90, p99, p999].map((value) => format(convert(value), digits));
    return [[title, format(count, 0), ...shown]];
  });
  return rows.length === 0
    ? ""
    : markdownTable([head, "samples", "p50", "p90", "p99", "p99.9"], rows);
}

/** All samples of a figure. */
export function pooled(samples: Samples, contender: string, figure: string): number[] {
  return (samples[contender]?.[figure] ?? []).flat() as number[];
}

export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]) {
  const line = (cells_: readonly string[]) => `| ${cells_.join(" | ")} |`;
  const rule = heads.map((_, at) => (at === 0 ? "---" : "---:"));
  return [line(heads), line(rule), ...rows.map(line)].join("\n");
}

export const format = (value: number, digits: number): string =>
  value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

const shortTitle = (titles: Readonly<Record<string, string>>, key: string) =>
  (titles[key] ?? key).split(/[:,]/, 1)[0] ?? key;

function cells(samples: Samples, key: string, column: Column): string[] {
  const { figure, convert = (value) => value, digits = 0, against, spread = false } = column;
  const found = figureOf(byRound(samples, key, figure).map(convert));
  if (found === undefined) return against === undefined ? ["-"] : ["-", "-"];
  const range = ` (${format(found.low, digits)} to ${format(found.high, digits)})`;
  const text = `${format(found.median, digits)}${spread ? range : ""}`;
  if (against === undefined) return [text];
  return [text, ratio(samples, figure, key, against, convert)?.median.toFixed(2) ?? "-"];
}
