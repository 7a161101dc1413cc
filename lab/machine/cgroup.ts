/** A control group for each machine: without one, the machines' systemds end each other's services. */
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { labCgroup } from "../fabric/cgroups";

/** Hierarchies that systemd keeps its services in, from the text of `/proc/self/mountinfo`. Pure. */
export function systemdHierarchies(mountinfo: string): string[] {
  const mounts = mountinfo.split("\n").flatMap((line) => {
    const [left = "", right = ""] = line.split(" - ");
    const own = right.startsWith("cgroup2 ") || /^cgroup .*\bname=systemd\b/.test(right);
    return own ? (left.split(" ")[4] ?? []) : [];
  });
  return [...new Set(mounts)];
}

/** Makes a machine's directories; the lab's supervisor removes them after the box has ended. */
export function machineCgroups(labDir: string, id: string): string[] {
  const mounts = systemdHierarchies(readFileSync("/proc/self/mountinfo", "utf8"));
  return mounts.map((mount) => {
    const dir = path.join(mount, labCgroup(labDir), id);
    mkdirSync(dir, { recursive: true });
    return dir;
  });
}

/** A shell program that enters the control groups before `--`, then becomes what follows. */
export const ENTER_CGROUPS =
  'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit; shift; done; shift; exec "$@"';
