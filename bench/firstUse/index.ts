/** How long a newcomer waits: `npm ci` and `npm start` in a fresh clone, phase by phase. */
import { mkdir, mkdtemp } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { checkout } from "../../lab/paths";
import { type RunResult, run } from "../../lab/run";
import { freshUser, removeWhole } from "../../test/support/freshUser";
import { format, markdownTable, median } from "../harness/figures";
import type { Context, Findings, Question } from "../harness/question";
import type { Samples } from "../harness/rounds";
import { phasesOf } from "./phases";

const LIMIT_SECONDS = 1800;

/** With the caches of the user who runs it: packages, engine, machine image. */
export const firstUse: Question = {
  name: "first-use",
  about: "npm ci and npm start in a fresh clone, with warm caches",
  boxed: false,
  ask: (context) => ask(context, false),
  show,
};

/** With empty caches: everything comes from the network, and the engine may have to be built. */
export const firstUseCold: Question = {
  name: "first-use-cold",
  about: "the same with every cache empty: takes minutes, and the network counts",
  boxed: false,
  onRequest: true,
  ask: (context) => ask(context, true),
  show,
};

async function ask({ rounds = 1, undo, note }: Context, cold: boolean): Promise<Findings> {
  const titles: Record<string, string> = {};
  const samples: Samples = {};
  const keep = (step: string, phase: string, seconds: number) => {
    const key = `${step}: ${phase}`;
    titles[key] = key;
    samples[key] ??= {};
    const figures = samples[key] ?? {};
    figures.seconds ??= [];
    figures.seconds.push(seconds);
  };
  for (let round = 0; round < rounds; round += 1) {
    const dir = await mkdtemp(path.join(os.tmpdir(), "gwlb-first-use-"));
    const clone = path.join(dir, "clone");
    undo.add("fresh clone", () => removeWhole(dir));
    const home = path.join(dir, "home");
    await mkdir(home);
    await run(["git", "clone", "--quiet", "--no-hardlinks", checkout, clone]);
    const env = cold ? freshUser(home) : warmEnvironment();
    const npm = async (...words: string[]): Promise<RunResult & { seconds: number }> => {
      note(`npm ${words.join(" ")}`);
      const begun = performance.now();
      const options = { cwd: clone, env, timeoutSeconds: LIMIT_SECONDS };
      const result = await run(["npm", ...words], options);
      return { ...result, seconds: (performance.now() - begun) / 1000 };
    };
    undo.add("lab", async () => void (await npm("run", "-s", "lab", "--", "down")));
    keep("npm ci", "whole", (await npm("ci", "--no-audit", "--no-fund")).seconds);
    for (const step of ["first npm start", "second npm start"]) {
      const { seconds, stderr } = await npm("start");
      for (const [phase, took] of phasesOf(stderr, seconds)) keep(step, phase, took);
      keep(step, "whole", seconds);
    }
    await undo.run();
  }
  return { titles, samples };
}

/** Without npm's variables: they are about this run, and must not reach the clone's. */
function warmEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_registry)|INIT_CWD)/.test(name),
  );
  return Object.fromEntries(own);
}

function show({ titles, samples }: Findings): string {
  const rows = Object.entries(titles).map(([key, title]) => [
    title,
    format(median((samples[key]?.seconds ?? []) as number[]), 1),
  ]);
  return markdownTable(["", "seconds"], rows);
}
