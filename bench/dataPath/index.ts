/** What an NVA costs a packet: contenders in alternating rounds, from no NVA to a large policy. */

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
import type { Context, Findings, Question } from "../harness/question";
import { takeRounds } from "../harness/rounds";
import { bringUp, type ContenderKey, plans } from "./contenders";
import { floodFacts } from "./flood";
import { SIZES, turnOf } from "./measures";
import { measureTransits } from "./transits";

const ROUNDS = 12;
const BASE = "reference";

const perSecond = (nanoseconds: number) => 1e9 / nanoseconds;
const microseconds = (nanoseconds: number) => nanoseconds / 1000;

async function ask({ rounds = ROUNDS, only, cpu, undo, note }: Context): Promise<Findings> {
  const all = Object.keys(plans) as ContenderKey[];
  // The tree is an answer to another question: what policies of any size cost.
  const keys = all.filter((key) => only?.includes(key) ?? key !== "tree");
  const up = await bringUp(keys, cpu, undo, note);
  const found = await takeRounds(up.map(turnOf), { rounds, note });
  note("the NVA's share of handshakes");
  await measureTransits(up, found.samples);
  const titles = Object.fromEntries(keys.map((key) => [key, plans[key].title]));
  return { titles, ...found, facts: await floodFacts(up, note) };
}

const connect: Column = {
  head: "TCP connect p50, µs",
  figure: "handshake",
  convert: microseconds,
  digits: 1,
  against: BASE,
};

const connections: Column = {
  head: "new connections/s",
  figure: "connection",
  convert: perSecond,
  against: BASE,
};

const packets: Column[] = SIZES.map((size) => ({
  head: `packets/s, ${size.toLocaleString("en")} bytes`,
  figure: `packet${size}`,
  convert: perSecond,
  ...(size === SIZES[0] ? { against: BASE } : {}),
}));

export const dataPath: Question = {
  name: "data-path",
  about: "what the NVA costs a packet, a connection and a handshake, beside other ways",
  boxed: true,
  ask,
  show,
  summarize: (results) => figureTable(results, [connect, packets[0] as Column, connections]),
  draw,
};

function show(results: Findings): string {
  const { repeated, disturbed } = results;
  const bits: Column[] = SIZES.map((size) => ({
    head: `Gbit/s, ${size.toLocaleString("en")} bytes`,
    figure: `packet${size}`,
    convert: (nanoseconds) => (size * 8) / nanoseconds,
    digits: 2,
  }));
  return [
    figureTable(results, [connect, packets[0] as Column, connections]),
    "TCP connects, µs, all rounds together:",
    percentileTable(results, "handshake", "", microseconds, 1),
    "The NVA's own share of a connect, µs, from timestamps on both tunnels:",
    percentileTable(results, "transit", "", microseconds, 1),
    "Packets of running flows, and processor time of each; lowest and highest round in brackets:",
    figureTable(results, [
      { head: "ns a packet, 64 bytes", figure: "packet64", spread: true },
      { head: "ns a new connection", figure: "connection", spread: true },
      ...packets.slice(1),
      ...bits,
    ]),
    floodLines(results),
    `${repeated} looks were repeated because the machine was busy, ${disturbed} stayed disturbed.`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** What a flood of dropped packets left behind. */
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

function draw({ titles, samples }: Findings): string {
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
