/**
 * `npm run test:fresh`: README's commands as a newcomer types them, in a clone of HEAD, with an empty
 * home and empty caches. Needs the package registries, and half an hour.
 *
 *   npm run test:fresh                              README's commands
 *   npm run test:fresh -- "npm ci" "npm test -- checks"  other commands, one after another
 */
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { checkout } from "../../lab/paths";
import { run, start } from "../../lab/run";
import { type Undo, withUndo } from "../../lab/undo";
import { freshUser, removeWhole } from "../support/freshUser";

/** In the order in which README has them. */
export const README = ["npm ci", "npm start", "npm run -s lab -- down", "npm cit"];
/** A phase that was told to stop may take so long to clean up. */
const CLEAN_UP_MS = 60_000;
const LAB_DOWN = ["npm", "run", "-s", "lab", "--", "down"];

async function main(undo: Undo, phases: readonly string[]): Promise<number> {
  const dir = mkdtempSync(path.join(os.tmpdir(), "gwlb-fresh-"));
  undo.add("folder", () => removeWhole(dir));
  const [clone, home, temporary] = ["clone", "home", "tmp"].map((name) => path.join(dir, name));
  for (const folder of [home, temporary]) mkdirSync(folder as string);
  const env = { ...freshUser(home as string), TMPDIR: temporary };
  await run(["git", "clone", "--quiet", "--no-hardlinks", checkout, clone as string]);
  const changed = await run(["git", "status", "--porcelain"], { cwd: checkout });
  if (changed.stdout !== "") console.log("uncommitted changes are not in the clone");
  undo.add("lab", async () => {
    if (!existsSync(path.join(clone as string, ".lab"))) return;
    await run(LAB_DOWN, { cwd: clone, env, timeoutSeconds: 120 });
  });
  const rows: string[] = [];
  for (const phase of phases) {
    console.log(`\n== ${phase}`);
    const begun = performance.now();
    const code = await inForeground(undo, phase.split(/\s+/), clone as string, env);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    rows.push(`${code === 0 ? "✔" : "✖"} ${phase}: ${seconds} s`);
    if (code !== 0) return report(rows, code);
  }
  return report(rows, 0);
}

function report(rows: readonly string[], code: number): number {
  console.log(`\n${rows.join("\n")}`);
  return code;
}

/** In a group of its own, so that all of it hears of a signal, however that reached this process. */
async function inForeground(
  undo: Undo,
  argv: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const child = start(argv, { cwd, env, stdio: "inherit", detached: true });
  const ended = new Promise<number>((resolve) => {
    child.once("error", (cause) => {
      console.error(cause.message);
      resolve(127);
    });
    child.once("close", (code) => resolve(code ?? 1));
  });
  undo.add("phase", async () => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const group = -child.pid;
    const late = setTimeout(() => process.kill(group, "SIGKILL"), CLEAN_UP_MS);
    process.kill(group, "SIGTERM");
    await once(child, "close");
    clearTimeout(late);
  });
  return ended;
}

if (require.main === module) {
  const named = process.argv.slice(2);
  void withUndo((undo) => main(undo, named.length > 0 ? named : README)).then((code) => {
    process.exitCode = code;
  });
}
