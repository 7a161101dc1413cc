/** Processes of this machine, known by more than a number that may be given to another one. Linux. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** One process for ever: no later one has the same number and the same start. */
export interface ProcessId {
  pid: number;
  /** Start time in ticks since boot, from `/proc/PID/stat`. */
  started: string;
}

const POLL_MS = 25;

/** The process that has a number now; undefined if none has. */
export function processOf(pid: number): ProcessId | undefined {
  const fields = statOf(pid);
  // State Z has ended and only waits to be counted.
  if (fields === undefined || fields.state === "Z") return undefined;
  return { pid, started: fields.started };
}

export function isAlive(id: ProcessId): boolean {
  return processOf(id.pid)?.started === id.started;
}

/** Sends a signal to a process if it still is the one that was meant. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, signal);
  } catch {
    // The process ended in between.
  }
}

/** Waits for the end of a process; false if it still lives after the time. */
export async function waitForEnd(id: ProcessId, seconds: number): Promise<boolean> {
  const deadline = Date.now() + seconds * 1000;
  while (isAlive(id)) {
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** Asks a process to end, and ends it if it has not done so in time. */
export async function endProcess(id: ProcessId, graceSeconds: number): Promise<void> {
  signalProcess(id, "SIGTERM");
  if (await waitForEnd(id, graceSeconds)) return;
  signalProcess(id, "SIGKILL");
  await waitForEnd(id, 5);
}

/** Children of a process, their children, and so on, nearest first. */
export function descendantsOf(root: number): ProcessId[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (stat === undefined) continue;
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), Number(name)]);
  }
  const found: number[] = [];
  for (let next = children.get(root) ?? []; next.length > 0; ) {
    found.push(...next);
    next = next.flatMap((pid) => children.get(pid) ?? []);
  }
  return found.flatMap((pid) => processOf(pid) ?? []);
}

/** Ends everything that a process has started and that still lives. */
export async function endDescendants(root: number, except: readonly number[] = []): Promise<void> {
  const spared = new Set(except.flatMap((pid) => [pid, ...descendantsOf(pid).map((p) => p.pid)]));
  const ending = descendantsOf(root).filter(({ pid }) => !spared.has(pid));
  await Promise.all(ending.map((id) => endProcess(id, 5)));
}

function statOf(pid: number): { state: string; parent: number; started: string } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the program's name in brackets, and may hold blanks and brackets itself.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", parent: Number(fields[1]), started: fields[19] ?? "" };
}
