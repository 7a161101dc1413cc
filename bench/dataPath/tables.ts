/** The data path's figures as tables and a chart. Pure. */
import { summarize } from "../../lab/proof/statistics";
import { linesAndBars } from "../harness/chart";
import {
  byRound,
  type Column,
  figureOf,
  figureTable,
  markdownTable,
  percentileTable,
  pooled,
} from "../harness/figures";
import type { Findings } from "../harness/question";
import { SIZES } from "./measures";

const perSecond = (nanoseconds: number) => 1e9 / nanoseconds;
const microseconds = (nanoseconds: number) => nanoseconds / 1000;
const bytes = (size: number) => `${size.toLocaleString("en")} bytes`;

/** The most important figures, each against those of one contender. */
export function dataPathSummary(findings: Findings, base: string): string {
  return figureTable(findings, [
    {
      ...{ head: "TCP connect p50, µs", figure: "handshake", digits: 1, against: base },
      convert: microseconds,
    },
    {
      ...{ head: `packets/s, ${bytes(SIZES[0])}`, figure: `packet${SIZES[0]}`, against: base },
      convert: perSecond,
    },
    {
      ...{ head: "new connections/s", figure: "connection", against: base },
      convert: perSecond,
    },
  ]);
}

/** Everything that was measured; what was not is left out. */
export function dataPathTables(findings: Findings, base: string): string {
  const { repeated, disturbed } = findings;
  const packets: Column[] = SIZES.slice(1).map((size) => ({
    head: `packets/s, ${bytes(size)}`,
    figure: `packet${size}`,
    convert: perSecond,
  }));
  const bits: Column[] = SIZES.map((size) => ({
    head: `Gbit/s, ${bytes(size)}`,
    figure: `packet${size}`,
    convert: (nanoseconds) => (size * 8) / nanoseconds,
    digits: 2,
  }));
  const parts = [
    ["", dataPathSummary(findings, base)],
    [
      "TCP connects, µs, all rounds together:",
      percentileTable(findings, "handshake", "", microseconds, 1),
    ],
    [
      "The NVA's own share of a connect, µs, from timestamps on both tunnels:",
      percentileTable(findings, "transit", "", microseconds, 1),
    ],
    [
      "Processor time of a packet, with the lowest and the highest round, and what it comes to:",
      figureTable(findings, [
        { head: "ns a packet, 64 bytes", figure: "packet64", spread: true },
        { head: "ns a new connection", figure: "connection", spread: true },
        ...packets,
        ...bits,
      ]),
    ],
    ["", floodLines(findings)],
    [
      "",
      `${repeated} looks were repeated because the machine was busy, ${disturbed} stayed disturbed.`,
    ],
  ] as const;
  return parts
    .flatMap(([head, part]) => (part === "" ? [] : [head, part]))
    .filter(Boolean)
    .join("\n\n");
}

/** The table of a flood of dropped packets: records, and what was counted instead. */
function floodLines({ facts = {} }: Findings): string {
  const { floodSent, floodWritten, floodSuppressed, auditBytes } = facts;
  if (floodSent === undefined) return "";
  const cells = [floodSent, floodWritten, floodSuppressed, auditBytes].map((value) =>
    Number(value).toLocaleString("en"),
  );
  return markdownTable(
    ["The flood, with audit", "packets dropped", "records", "counted instead", "log, bytes"],
    [["", ...cells]],
  );
}

/** Percentiles of connects, and packets a second. */
export function dataPathChart({ titles, samples }: Findings): string {
  const points = ["p50", "p90", "p99", "p99.9"];
  const lines = Object.entries(titles).flatMap(([key, title]) => {
    const found = summarize(pooled(samples, key, "handshake").map(microseconds));
    return found ? [{ title, values: [found.p50, found.p90, found.p99, found.p999] }] : [];
  });
  const bars = Object.entries(titles).flatMap(([key, title]) => {
    const found = figureOf(byRound(samples, key, "packet64").map(perSecond));
    return found && key !== "none" ? [{ title, value: found.median }] : [];
  });
  return linesAndBars(
    { title: "TCP connect, percentiles", unit: "µs", points, lines },
    { title: "64-byte packets a second on one processor", unit: "packets/s", bars },
  );
}
