/** What an NVA costs a packet: contenders in alternating rounds. Works only inside a box. */
import type { Undo } from "../../lab/undo";
import { type Column, markdown } from "../harness/figures";
import { type Rounds, takeRounds } from "../harness/rounds";
import { bringUp, type ContenderKey, plans } from "./contenders";
import { stepsOf } from "./measures";

export interface DataPathOptions {
  rounds: number;
  contenders?: readonly ContenderKey[];
  /** Processor that everything measured runs on. */
  cpu: number;
  note: (text: string) => void;
}

const perSecond = (nanoseconds: number) => 1e9 / nanoseconds;

export const columns: readonly Column[] = [
  ...[
    { head: "TCP connect p50, µs", figure: "handshake", digits: 1 },
    { head: "ns a packet (64 bytes)", figure: "packet64" },
  ].map((column) => ({
    ...column,
    ...(column.figure === "handshake" ? { convert: (ns: number) => ns / 1000 } : {}),
    against: "reference",
  })),
  {
    head: "packets/s, 64 bytes",
    figure: "packet64",
    convert: perSecond,
    against: "reference",
  },
  { head: "512 bytes", figure: "packet512", convert: perSecond },
  { head: "1,400 bytes", figure: "packet1400", convert: perSecond },
  { head: "new connections/s", figure: "connection", convert: perSecond, against: "reference" },
];

/** Measures, and takes everything down again. */
export async function benchDataPath(options: DataPathOptions, undo: Undo): Promise<Rounds> {
  const { rounds, contenders = Object.keys(plans) as ContenderKey[], cpu, note } = options;
  const up = await bringUp(contenders, cpu, undo, note);
  return takeRounds(up.flatMap(stepsOf), { rounds, note });
}

/** The figures as a table. */
export function dataPathTable({ samples }: Rounds): string {
  const titles = Object.entries(plans).map(([key, { title }]) => [key, title] as const);
  return markdown(samples, Object.fromEntries(titles.filter(([key]) => samples[key])), columns);
}
