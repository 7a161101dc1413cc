/** Tables of the proof as text. Pure. */
import Table from "cli-table3";
import { describeAct } from "./flows";
import type { Verdict } from "./judge";
import { formatDuration, type Summary, summaryColumns } from "./statistics";

/** One row a flow; below, the addresses behind the names, and what is wrong with what failed. */
export function flowTable(verdicts: readonly Verdict[]): string {
  const table = plainTable(["", "from", "to", "protocol", "expected", "seen", "NVA's counter"]);
  for (const { flow, passed, seen, counters } of verdicts) {
    const { consumer, act } = flow;
    const ends = [flow.host, consumer.name];
    const [from, to] = act.kind === "outbound" ? ends.reverse() : ends;
    const row = [passed ? "✔" : "✖", from, to, describeAct(act), flow.expected, seen];
    table.push([...row, counters.join("\n") || "-"]);
  }
  const failures = verdicts.filter(({ passed }) => !passed).map(failureText);
  return [table.toString(), "", ...addressLines(verdicts), ...failures].join("\n");
}

/** `web is 192.0.2.4, by nva`: in the table itself they would make each row too long to read. */
function addressLines(verdicts: readonly Verdict[]): string[] {
  const consumers = verdicts.map(({ flow }) => flow.consumer);
  const lines = consumers.map(
    ({ name, address, nvas }) => `${name} is ${address}, through ${nvas.join(", ")}`,
  );
  return [...new Set(lines)];
}

function failureText({ flow, problems }: Verdict): string {
  const what = `${flow.host} ${describeAct(flow.act)} ${flow.consumer.name}`;
  return [`✖ ${what}:`, ...problems.map((problem) => `    ${problem}`)].join("\n");
}

/** One row a way; a way that was not measured says why instead. */
export function latencyTable(rows: readonly { way: string; summary: Summary | undefined }[]) {
  const table = plainTable(["TCP connect", "count", ...summaryColumns.map(([head]) => head)]);
  for (const { way, summary } of rows) {
    const figures = summaryColumns.map(([, key]) => (summary ? formatDuration(summary[key]) : "-"));
    table.push([way, String(summary?.count ?? 0), ...figures]);
  }
  return table.toString();
}

/** Lines between head and rows only, no colour: the same in a terminal, a log and a README. */
function plainTable(head: string[]): Table.Table {
  const none = ["bottom", "bottom-mid", "bottom-left", "bottom-right", "top", "top-mid"] as const;
  const also = ["top-left", "top-right", "left", "left-mid", "right", "right-mid", "mid"] as const;
  const chars = Object.fromEntries([...none, ...also, "mid-mid"].map((name) => [name, ""]));
  const style = { head: [], border: [], "padding-left": 0, "padding-right": 0 };
  return new Table({ head, chars: { ...chars, middle: "  " }, style });
}
