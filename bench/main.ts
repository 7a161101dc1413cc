/** `npm run bench`: what this software costs, against baselines in the same run. */
import os from "node:os";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { boxArgv, nodeArgv } from "../lab/fabric/box";
import { start } from "../lab/run";
import { withUndo } from "../lab/undo";
import { missingForDataPath } from "../test/support/host";
import { benchDataPath, dataPathTable } from "./dataPath";
import { type ContenderKey, plans } from "./dataPath/contenders";

interface Options {
  rounds: number;
  only?: ContenderKey[];
}

/** Set for the process in the box: namespaces that the kernel removes with it. */
const BOXED = "GWLB_BENCH_BOXED";
const questions = ["data-path"] as const;

const wholeNumber = (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("a number from 1 on.");
  return value;
};

const contenders = (text: string) =>
  text.split(",").map((word) => {
    const key = Object.keys(plans).find((known) => known === word);
    if (key === undefined) {
      throw new InvalidArgumentError(`there are: ${Object.keys(plans).join(", ")}.`);
    }
    return key as ContenderKey;
  });

async function main(options: Options): Promise<void> {
  if (process.env[BOXED] !== "1") return inBox();
  await withUndo(async (undo) => {
    const note = (text: string) => console.error(text);
    const { rounds, only } = options;
    const cpu = os.cpus().length - 1;
    const found = await benchDataPath({ rounds, contenders: only, cpu, note }, undo);
    console.log(dataPathTable(found));
    console.log(`\n${found.repeated} looks repeated, ${found.disturbed} disturbed to the end`);
  });
}

/** The same command once more, in namespaces of its own. */
async function inBox(): Promise<void> {
  const lacking = await missingForDataPath();
  if (lacking !== undefined) throw new Error(lacking);
  const argv = boxArgv(nodeArgv("bench/main.ts", process.argv.slice(2)));
  const child = start(argv, { stdio: "inherit", env: { ...process.env, [BOXED]: "1" } });
  process.exitCode = await new Promise<number>((resolve) =>
    child.once("close", (code) => resolve(code ?? 1)),
  );
}

const program = new Command("bench")
  .description("What this software costs, against baselines in the same run.")
  .addArgument(new Argument("[questions...]", "what is asked").choices(questions))
  .addOption(
    new Option("--rounds <n>", "turns that everybody takes").argParser(wholeNumber).default(5),
  )
  .addOption(new Option("--only <keys>", "contenders, by commas").argParser(contenders));
program.action(async (_questions: string[], options: Options) => main(options));
program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
