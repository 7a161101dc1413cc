/**
 * `npm run bench`: what this software costs, against baselines in the same run.
 *
 *   npm run bench                        what ends soon; tables here, results in bench/results/own
 *   npm run bench -- data-path           some of the questions
 *   npm run bench -- --publish           results, tables and charts of the documents, too
 *   npm run bench -- remote HOST …       on hosts of one's own
 */
import { writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Argument, Command, InvalidArgumentError } from "commander";
import { callerDir } from "../lab/paths";
import { start } from "../lab/run";
import { boxArgv, nodeArgv } from "../lab/supervisor/box";
import { withUndo } from "../lab/undo";
import { missingForDataPath } from "../test/support/host";
import { dataPathTables } from "./dataPath/tables";
import { thisMachine } from "./harness/machine";
import type { Question, Results } from "./harness/question";
import { keepResults, OWN, PUBLISHED, readResults, reportFiles, section } from "./harness/report";
import { questions } from "./questions";
import { benchRemote, endWith, type Target } from "./remote";
import { reachOf, startAgent } from "./remote/agent";

interface Options {
  rounds?: number;
  only?: string[];
  publish: boolean;
}

/** Names the question that a process in the box is there for. */
const BOXED = "GWLB_BENCH_BOXED";
const note = (text: string) => console.error(`  ${text}`);

async function main(names: string[], options: Options): Promise<void> {
  const boxed = questions.find(({ name }) => name === process.env[BOXED]);
  if (boxed) return answer(boxed, options);
  const asked = questions.filter(({ name, onRequest = false }) =>
    names.length === 0 ? !onRequest : names.includes(name),
  );
  for (const question of asked) {
    console.error(`${question.name}: ${question.about}`);
    if (question.boxed) await inBox(question);
    else await answer(question, options);
    const results = readResults(OWN, question.name);
    if (results === undefined) throw new Error(`${question.name} left no results`);
    console.log(`\n## ${question.name}\n\n${section(question, results)}\n`);
    // Part of a table is not for documents.
    if (options.publish && options.only === undefined) keepResults(PUBLISHED, results);
  }
  const own = `${OWN}/`;
  console.error(`results: ${own}`);
  if (options.publish) {
    for (const [file, text] of reportFiles(questions)) writeFileSync(file, text);
  }
}

/** Answers here, and keeps the results. */
async function answer(question: Question, { rounds, only }: Options): Promise<void> {
  await withUndo(async (undo) => {
    const [started, begun] = [new Date().toISOString(), performance.now()];
    const machine = await thisMachine();
    const cpu = os.cpus().length - 1;
    const findings = await question.ask({ rounds, only, cpu, undo, note });
    const seconds = (performance.now() - begun) / 1000;
    const results: Results = { question: question.name, started, seconds, machine, ...findings };
    keepResults(OWN, results);
  });
}

/** The same command once more, in namespaces of its own, for one question. */
async function inBox(question: Question): Promise<void> {
  const lacking = await missingForDataPath();
  if (lacking !== undefined) throw new Error(lacking);
  const argv = boxArgv(nodeArgv("bench/main.ts", process.argv.slice(2)));
  const env = { ...process.env, [BOXED]: question.name };
  const child = start(argv, { stdio: ["ignore", "inherit", "inherit"], env });
  const code = await new Promise<number>((resolve) => child.once("close", (c) => resolve(c ?? 1)));
  if (code !== 0) throw new Error(`${question.name}: exit code ${code}`);
}

interface RemoteCommand {
  to: Target[];
  nva?: string;
  rounds: number;
  connects: number;
  datagrams: boolean;
  inject: boolean;
  sudo: boolean;
  lab: string;
}

async function remote(host: string, options: RemoteCommand): Promise<void> {
  const { to: targets, nva: nvaHost, lab, sudo } = options;
  await withUndo(async (undo) => {
    const reach = (name: string, asRoot: boolean) => reachOf(name, asRoot && sudo, lab);
    const agent = async (name: string, asRoot: boolean) =>
      endWith(undo, await startAgent(name, reach(name, asRoot)));
    const client = await agent(host, false);
    const nva = nvaHost === undefined ? undefined : await agent(nvaHost, true);
    const findings = await benchRemote({ ...options, client, nva, targets, note });
    console.log(dataPathTables(findings, targets[0]?.name ?? ""));
  });
}

const target = (text: string, before: Target[] = []): Target[] => {
  const [, name, address, port] = /^(?:([\w-]+)=)?([\w.-]+):(\d+)$/.exec(text) ?? [];
  if (address === undefined) throw new InvalidArgumentError("write NAME=ADDRESS:PORT.");
  return [...before, { name: name ?? address, address, port: Number(port) }];
};

const wholeNumber = (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("a number from 1 on.");
  return value;
};

const list = questions.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join("\n");
const program = new Command("bench")
  .description("What this software costs, against baselines in the same run.")
  .enablePositionalOptions()
  .addArgument(
    new Argument("[questions...]", "default: all").choices(questions.map(({ name }) => name)),
  )
  .option("--rounds <n>", "turns that each contender takes", wholeNumber)
  .option("--only <keys>", "contenders to keep, by commas", (text) => text.split(","))
  .option("--publish", "also write the results and what documents show of them", false)
  .addHelpText("after", `\nQuestions:\n${list}`)
  .action((names: string[], options: Options) => main(names, options));
program
  .command("remote")
  .description("Connects, and packets, on hosts of your own; nothing is installed there.")
  .argument("<host>", "the measuring client: an ssh destination, or lab:PLACE")
  .requiredOption(
    "--to <name=address:port>",
    "what it connects to; the first is the baseline",
    target,
  )
  .option("--nva <host>", "the NVA, for its share of the connects")
  .option("--rounds <n>", "turns that each target takes", wholeNumber, 5)
  .option("--connects <n>", "connects a turn", wholeNumber, 200)
  .option("--datagrams", "also load the targets with UDP, a second a size; needs --nva", false)
  .option("--inject", "also hand ready-made packets to the NVA's NIC, past its gateway", false)
  .option("--sudo", "the NVA's programs run by sudo -n", false)
  .option("--lab <dir>", "the lab that lab:PLACE is of", path.join(callerDir(), ".lab"))
  .action((host: string, options: RemoteCommand) => remote(host, options));
program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
