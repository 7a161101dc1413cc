/**
 * Keeps a lab's box alive, apart from any terminal: starts it, starts it again when it dies, and
 * ends it, with all that is in it, when asked to. Run as `supervisor.ts LAB [COMMAND…]`; a command
 * stands in for the fabric.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { endProcess, type ProcessId, processOf, waitForEnd } from "../host/processes";
import { removeCgroups } from "../machine/cgroups";
import { type LabPaths, labPaths } from "../paths";
import { type Argv, start } from "../run";
import { boxArgv, fabricArgv } from "./box";
import { RestKeeper } from "./rest";

/** Waits before the next start of a box that died, in milliseconds; the last one repeats. */
const BACKOFF_MS = [100, 500, 2000, 5000];
/** A box that lived this long has shown that it can, in milliseconds. */
const PROVEN_MS = 20_000;
/** A box that dies early this many times in a row is given up: another start would not help. */
const ATTEMPTS = 6;
/** Machines get this long to stop by themselves, in seconds. */
const GRACE_SECONDS = 10;

class Supervisor {
  readonly #paths: LabPaths;
  readonly #argv: Argv;
  #box: ReturnType<typeof start> | undefined;
  #ending = false;

  constructor(paths: LabPaths, argv: Argv) {
    this.#paths = paths;
    this.#argv = argv;
  }

  /** Returns when the lab has ended: true if someone asked for it. */
  async run(): Promise<boolean> {
    for (let early = 0; early < ATTEMPTS && !this.#ending; ) {
      const begun = Date.now();
      const end = await this.#oneBox();
      if (this.#ending) break;
      early = Date.now() - begun > PROVEN_MS ? 1 : early + 1;
      log(`the box ended (${end}); start ${early + 1} follows`);
      rmSync(this.#paths.status, { force: true });
      await sleep(BACKOFF_MS[Math.min(early, BACKOFF_MS.length) - 1]);
    }
    for (const dir of removeCgroups(this.#paths.dir)) log(`cannot be removed: ${dir}`);
    return this.#ending;
  }

  /** The box's first process gets a chance; then the kernel takes everything. */
  async end(): Promise<void> {
    this.#ending = true;
    const outer = this.#box?.pid === undefined ? undefined : processOf(this.#box.pid);
    if (outer === undefined) return;
    const init = firstChild(outer);
    if (init !== undefined) await endProcess(init, GRACE_SECONDS);
    await waitForEnd(outer, 2);
    await endProcess(outer, 1);
  }

  /** Runs one box to its end. The fabric ends, too, when its standard input does. */
  #oneBox(): Promise<string> {
    const box = start(this.#argv, { stdio: ["pipe", "inherit", "inherit"] });
    this.#box = box;
    if (box.pid !== undefined) writeFileSync(this.#paths.boxPid, identity(box.pid));
    return new Promise((resolve) => {
      box.once("error", (cause) => resolve(cause.message));
      box.once("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
      box.stdin?.on("error", () => undefined);
    });
  }
}

function firstChild({ pid }: ProcessId): ProcessId | undefined {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return processOf(Number(text.split(" ")[0]));
}

function identity(pid: number): string {
  return JSON.stringify(processOf(pid) ?? {});
}

function log(text: string): void {
  console.log(`${new Date().toISOString()} supervisor: ${text}`);
}

async function main([labDir, ...command]: string[]): Promise<void> {
  if (labDir === undefined) throw new Error("which lab?");
  const paths = labPaths(labDir);
  const supervisor = new Supervisor(
    paths,
    command.length > 0 ? boxArgv(command) : fabricArgv(paths.dir),
  );
  const rest = command.length > 0 ? undefined : new RestKeeper(paths);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(signal, () => void supervisor.end());
  }
  writeFileSync(paths.supervisorPid, identity(process.pid));
  rest?.run().catch((error: unknown) => log(`Azure Resource Manager: ${error}`));
  const asked = await supervisor.run();
  rest?.end();
  for (const file of [paths.status, paths.boxPid, paths.supervisorPid])
    rmSync(file, { force: true });
  log(asked ? "ended" : "given up");
  process.exit(asked ? 0 : 1);
}

void main(process.argv.slice(2));
