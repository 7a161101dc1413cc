/** The process that serves a lab's Azure Resource Manager: found, started, kept alive, ended. */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import lockfile from "proper-lockfile";
import { endProcess, isAlive, type ProcessId } from "../host/processes";
import type { LabPaths } from "../paths";
import { type StartOptions, start } from "../run";
import { UserError } from "../userError";
import { nodeArgv } from "./box";

/** The process's status once it listens. */
export interface RestStatus {
  endpoint: string;
  port: number;
  caFile: string;
  process: ProcessId;
}

/** The process listens within this time, in seconds. */
const START_SECONDS = 60;
const POLL_MS = 20;
/** Wait before the next start of one that died, in milliseconds. */
const BACKOFF_MS = 200;

/** The running process of a lab; undefined when there is none. */
export function restOf(paths: LabPaths): RestStatus | undefined {
  try {
    const status = JSON.parse(readFileSync(paths.restStatus, "utf8")) as RestStatus;
    return isAlive(status.process) ? status : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The running process, waited for where a supervisor `holds` it, else started on its own if need
 * be: it then stays until the lab goes down.
 */
export async function ensureRest(paths: LabPaths, holds: boolean): Promise<RestStatus> {
  mkdirSync(paths.run, { recursive: true });
  const release = await lockfile.lock(paths.run, {
    lockfilePath: `${paths.restStatus}.lock`,
    retries: { retries: 100, minTimeout: 50, maxTimeout: 500 },
  });
  try {
    const running = restOf(paths);
    if (running !== undefined) return running;
    let ended = false;
    if (!holds) {
      const child = begin(paths, ["--stay"], { detached: true });
      child.once("exit", () => {
        ended = true;
      });
      child.unref();
    }
    for (const deadline = Date.now() + START_SECONDS * 1000; ; await sleep(POLL_MS)) {
      const status = restOf(paths);
      if (status !== undefined) return status;
      if (!ended && Date.now() < deadline) continue;
      throw new UserError(`Azure Resource Manager does not start: see ${paths.restLog}`);
    }
  } finally {
    await release();
  }
}

/** Ends the process; true if one ran. */
export async function stopRest(paths: LabPaths): Promise<boolean> {
  const status = restOf(paths);
  if (status !== undefined) await endProcess(status.process, 5);
  rmSync(paths.restStatus, { force: true });
  return status !== undefined;
}

/** Runs it for as long as its holder lives, and anew when it dies. */
export class RestKeeper {
  #ending = false;
  #child: ReturnType<typeof start> | undefined;

  constructor(private readonly paths: LabPaths) {}

  async run(): Promise<void> {
    // One that was started without machines makes room; the port stays the same.
    await stopRest(this.paths);
    while (!this.#ending) {
      const child = begin(this.paths, [], {});
      this.#child = child;
      await new Promise((resolve) => child.once("error", resolve).once("close", resolve));
      if (!this.#ending) await sleep(BACKOFF_MS);
    }
  }

  end(): void {
    this.#ending = true;
    this.#child?.stdin?.end();
    this.#child?.kill("SIGTERM");
  }
}

/** Starts the process; without `--stay` it ends with its standard input. */
function begin(paths: LabPaths, args: readonly string[], options: StartOptions) {
  const log = openSync(paths.restLog, "a");
  const first = args.includes("--stay") ? "ignore" : "pipe";
  const argv = nodeArgv("lab/supervisor/restMain.ts", ["--lab", paths.dir, ...args]);
  const child = start(argv, { cwd: "/", stdio: [first, log, log], ...options });
  closeSync(log);
  child.stdin?.on("error", () => undefined);
  return child;
}
