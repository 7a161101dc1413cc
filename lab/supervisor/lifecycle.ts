/** Starts and stops a lab's supervisor, and with it the whole data path. */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import lockfile from "proper-lockfile";
import { endProcess, isAlive, type ProcessId, processOf } from "../host/processes";
import { removeCgroups } from "../machine/cgroups";
import type { LabPaths } from "../paths";
import { type Argv, start } from "../run";
import { UserError } from "../userError";
import { nodeArgv } from "./box";
import { stopRest } from "./rest";

/** A supervisor shows that it runs within this time, in seconds. */
const START_SECONDS = 20;
/** More than the supervisor itself gives to the box, in seconds. */
const STOP_SECONDS = 20;

/** The running supervisor of a lab; undefined when the lab is down. */
export function supervisorOf(paths: LabPaths): ProcessId | undefined {
  return readLiving(paths.supervisorPid);
}

/** Starts the supervisor unless it runs; true if this call started it. */
export async function startSupervisor(paths: LabPaths, command: Argv = []): Promise<boolean> {
  mkdirSync(paths.run, { recursive: true });
  const release = await lockfile.lock(paths.run, {
    retries: { retries: 100, minTimeout: 50, maxTimeout: 500 },
  });
  try {
    if (supervisorOf(paths) !== undefined) return false;
    await removeTraces(paths);
    const log = openSync(paths.log, "w");
    const child = start(nodeArgv("lab/supervisor/supervisor.ts", [paths.dir, ...command]), {
      detached: true,
      cwd: "/",
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    child.unref();
    const id = child.pid === undefined ? undefined : processOf(child.pid);
    const deadline = Date.now() + START_SECONDS * 1000;
    while (supervisorOf(paths) === undefined) {
      if (id === undefined || !isAlive(id) || Date.now() > deadline) {
        throw new UserError(`the lab does not start:\n${lastLines(paths)}`);
      }
      await sleep(20);
    }
    return true;
  } finally {
    await release();
  }
}

/** Ends the lab's data path, also what a killed supervisor left; true if something ran. */
export async function stopSupervisor(paths: LabPaths): Promise<boolean> {
  const id = supervisorOf(paths);
  if (id !== undefined) await endProcess(id, STOP_SECONDS);
  const served = await stopRest(paths);
  await removeTraces(paths);
  return id !== undefined || served;
}

/** The end of the lab's log, to be shown when it did not come up. */
export function lastLines(paths: LabPaths, count = 15): string {
  if (!existsSync(paths.log)) return "(no log)";
  return readFileSync(paths.log, "utf8").trimEnd().split("\n").slice(-count).join("\n");
}

function readLiving(pidFile: string): ProcessId | undefined {
  let id: ProcessId;
  try {
    id = JSON.parse(readFileSync(pidFile, "utf8")) as ProcessId;
  } catch {
    return undefined;
  }
  return isAlive(id) ? id : undefined;
}

/** The kernel ends the box when its supervisor ends, however that ends, but takes its time. */
async function removeTraces(paths: LabPaths): Promise<void> {
  const box = readLiving(paths.boxPid);
  if (box !== undefined) await endProcess(box, 0);
  const deadline = Date.now() + STOP_SECONDS * 1000;
  while (removeCgroups(paths.dir).length > 0 && Date.now() < deadline) await sleep(50);
  for (const file of [paths.status, paths.boxPid, paths.supervisorPid])
    rmSync(file, { force: true });
}
