/** Cost of an NVA for a packet: contenders in alternating rounds, from no NVA to a large policy. */
import type { Context, Findings, Question } from "../harness/question";
import { takeRounds } from "../harness/rounds";
import { bringUp, type ContenderKey, plans } from "./contenders";
import { floodFacts } from "./flood";
import { turnOf } from "./measures";
import { dataPathChart, dataPathSummary, dataPathTables } from "./tables";
import { measureTransits } from "./transits";

const ROUNDS = 12;
const BASE = "reference";

export const dataPath: Question = {
  name: "data-path",
  about: "what the NVA costs a packet, a connection and a handshake, beside other ways",
  boxed: true,
  ask,
  show: (results) => dataPathTables(results, BASE),
  summarize: (results) => dataPathSummary(results, BASE),
  draw: dataPathChart,
};

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
