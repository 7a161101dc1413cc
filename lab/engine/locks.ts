/** Locks that an engine leaves in its backend when it is killed: the next one would refuse to work. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** Removes the locks of engines that no longer run on this machine. */
export function removeDeadLocks(backend: string): void {
  const dir = path.join(backend, ".pulumi", "locks");
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
    const file = path.join(dir, name);
    if (name.endsWith(".json") && isDead(file)) {
      for (const stale of [file, `${file}.attrs`]) rmSync(stale, { force: true });
    }
  }
}

function isDead(file: string): boolean {
  let lock: { pid?: number; hostname?: string };
  try {
    lock = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // The lock is being written, or its owner removed it just now.
    return false;
  }
  return lock.hostname === os.hostname() && lock.pid !== undefined && !isEngine(lock.pid);
}

/** A number may have been given to another program since. */
function isEngine(pid: number): boolean {
  try {
    if (existsSync("/proc/self/comm")) {
      return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "pulumi";
    }
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
