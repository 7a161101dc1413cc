/** Control groups of machines: without their own, the machines' systemds end each other's services. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { labCgroup, removeTree } from "../fabric/cgroups";

/** Hierarchies that a machine has a group in, from the text of `/proc/self/mountinfo`. Pure. */
export function machineHierarchies(mountinfo: string): string[] {
  const mounts = mountinfo.split("\n").flatMap((line) => {
    const [left = "", right = ""] = line.split(" - ");
    // systemd keeps its services in the first two; the third limits memory where the first cannot.
    const own = right.startsWith("cgroup2 ") || /^cgroup .*\b(name=systemd|memory)\b/.test(right);
    return own ? (left.split(" ")[4] ?? []) : [];
  });
  return [...new Set(mounts)];
}

/** Where a group's memory is limited: files of the kernel's two kinds of hierarchy. */
const MEMORY = [
  { limit: "memory.max", usage: "memory.current", none: "max" },
  { limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", none: "-1" },
] as const;

/** A machine's group, in every hierarchy that it needs. */
export class MachineCgroup {
  /** One directory a hierarchy; the lab's supervisor removes them after the box has ended. */
  readonly dirs: readonly string[];

  constructor(labDir: string, id: string) {
    const mounts = machineHierarchies(readFileSync("/proc/self/mountinfo", "utf8"));
    this.dirs = mounts.map((mount) => {
      const lab = path.join(mount, labCgroup(labDir));
      const dir = path.join(lab, id);
      mkdirSync(dir, { recursive: true });
      for (const parent of [mount, lab]) allowMemory(parent);
      return dir;
    });
  }

  /** Stops every process of the machine where it is, or lets them go on. */
  freeze(frozen: boolean): void {
    const files = this.dirs.map((dir) => path.join(dir, "cgroup.freeze")).filter(existsSync);
    if (frozen && files.length === 0) throw new Error("this kernel has no freezer (cgroup v2)");
    for (const file of files) writeFileSync(file, frozen ? "1" : "0");
  }

  /** Limits the machine's memory to what it uses now, or lifts the limit. */
  limitMemory(limited: boolean): void {
    if (limited && this.memoryDir === undefined) {
      throw new Error("nothing here controls memory (cgroup controller memory)");
    }
    const dir = this.memoryDir;
    const files = MEMORY.find(({ limit }) => existsSync(path.join(dir ?? "", limit)));
    if (dir === undefined || files === undefined) return;
    const now = readFileSync(path.join(dir, files.usage), "utf8").trim();
    writeFileSync(path.join(dir, files.limit), limited ? now : files.none);
  }

  /** Directory of the hierarchy that limits memory; undefined where none does. */
  get memoryDir(): string | undefined {
    return this.dirs.find((dir) => MEMORY.some(({ limit }) => existsSync(path.join(dir, limit))));
  }

  /** Removes the group of a machine that is gone for good. */
  remove(): void {
    for (const dir of this.dirs) removeTree(dir);
  }
}

/** In a unified hierarchy children limit memory only where the parent lets them. */
function allowMemory(parent: string): void {
  const file = path.join(parent, "cgroup.subtree_control");
  if (!existsSync(file)) return;
  const offered = readFileSync(path.join(parent, "cgroup.controllers"), "utf8").split(/\s/);
  if (!offered.includes("memory")) return;
  try {
    writeFileSync(file, "+memory");
  } catch {
    // Not for us to give: a fault that needs it says so.
  }
}

/** A shell program that enters the control groups before `--`, then becomes what follows. */
export const ENTER_CGROUPS =
  'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit; shift; done; shift; exec "$@"';
