/**
 * `npm run preview -- --stack dev`: the comment on a pull request, from a preview in the embedded
 * Azure, or from the event log of one that ran elsewhere (`--events FILE`).
 *
 * Exit code: 0 when the preview went through; 1 when it failed, a mandatory policy objects or
 * something drifted; the comment is written in both cases. 2 when there is nothing to write a comment from.
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Command } from "commander";
import { previewEmbedded } from "./embedded";
import { readEvents } from "./events";
import { policyChanges } from "./firewall";
import { upsertComment } from "./github";
import { renderComment } from "./markdown";
import { failed, planOf } from "./plan";

interface Options {
  stack: string;
  events?: string;
  drift: boolean;
  base?: string;
  lab?: string;
  policyPack: string[] | false;
  out?: string;
  pullRequest?: number;
}

const root = path.resolve(__dirname, "../..");

const command = new Command("preview")
  .description("Writes what a deployment would change as the comment of a pull request.")
  .requiredOption("--stack <name>", "stack to preview")
  .option(
    "--events <file>",
    "event log of a preview that ran; default: preview in the embedded Azure",
  )
  .option("--drift", "the events are of a check of what exists against what was deployed", false)
  .option("--base <dir>", "checkout to deploy into the embedded Azure first; default: none")
  .option("--lab <dir>", "state of the embedded Azure; default: the lab's own")
  .option("--policy-pack <dir...>", "policy packs; default: the one of this repository")
  .option("--no-policy-pack", "run no policy pack")
  .option("--out <file>", "file for the comment; default: standard output")
  .option("--pull-request <number>", "pull request to keep the comment on; default: none", Number)
  .action(main);

async function main(options: Options): Promise<void> {
  const { events, ok } = await eventsOf(options);
  if (events.length === 0) {
    process.exitCode = 2;
    return;
  }
  const plan = planOf(events);
  const comment = renderComment(options, plan, policyChanges(plan.changes, plan.components));
  if (options.out === undefined) process.stdout.write(comment);
  else writeFileSync(options.out, comment);
  const summary = process.env.GITHUB_STEP_SUMMARY;
  if (summary !== undefined) appendFileSync(summary, comment);
  if (options.pullRequest !== undefined) await post(options.pullRequest, comment);
  const refused = plan.violations.some(({ mandatory }) => mandatory);
  const drifted = options.drift && plan.changes.length > 0;
  if (!ok || refused || drifted || failed(plan)) process.exitCode = 1;
}

async function eventsOf(options: Options) {
  if (options.events !== undefined) {
    return { events: readEvents(readFileSync(options.events, "utf8")), ok: true };
  }
  const packs = options.policyPack === false ? [] : (options.policyPack ?? [`${root}/policy-pack`]);
  const preview = { ...options, project: process.cwd(), policyPacks: packs };
  const { events, exitCode, printed } = await previewEmbedded(preview);
  if (events === "") console.error(printed);
  return { events: readEvents(events), ok: exitCode === 0 };
}

async function post(number: number, comment: string): Promise<void> {
  const { GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN, GITHUB_COMMENT_AUTHOR } = process.env;
  if (GITHUB_REPOSITORY === undefined || GITHUB_TOKEN === undefined || !Number.isInteger(number)) {
    throw new Error(
      "--pull-request needs a number, and GITHUB_REPOSITORY and GITHUB_TOKEN in the environment",
    );
  }
  const api = GITHUB_API_URL ?? "https://api.github.com";
  const author = GITHUB_COMMENT_AUTHOR ?? "github-actions[bot]";
  const target = { api, author, number, repository: GITHUB_REPOSITORY, token: GITHUB_TOKEN };
  console.error(`comment ${await upsertComment(target, comment)} on pull request ${number}`);
}

command.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
