/** Control groups of machines: without their own, the machines' systemds end each other's services. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { labCgroup, removeTree } from "./cgroups";

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

/** Bytes that a machine without memory still has: its init, and none of an NVA's programs. */
const LEAST_MEMORY = 16 * 1024 ** 2;
/** Ends before a process with the usual 0, whatever their sizes. */
const EXPENDABLE = "500";

const oomFile = (pid: number): string => `/proc/${pid}/oom_score_adj`;

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

  /**
   * Lets the machine's limit of memory follow its use down, as far as its init needs; to be called
   * again and again. For more memory the kernel then ends its programs.
   */
  squeezeMemory(init: number | undefined): void {
    const dir = this.memoryDir;
    const files = MEMORY.find(({ limit }) => existsSync(path.join(dir ?? "", limit)));
    if (dir === undefined || files === undefined) {
      throw new Error("nothing here controls memory (cgroup controller memory)");
    }
    // A kernel never ends its first process for want of memory, so the others must come first.
    for (const pid of processesIn(dir)) if (pid !== init) tryWrite(oomFile(pid), EXPENDABLE);
    const used = Number(readFileSync(path.join(dir, files.usage), "utf8"));
    const limit = Number(readFileSync(path.join(dir, files.limit), "utf8"));
    const next = Math.max(used, LEAST_MEMORY);
    // A limit below what is used at this very moment is refused: the next call tries again.
    if (!(limit <= next)) tryWrite(path.join(dir, files.limit), String(next));
  }

  /** Lifts the limit of memory. */
  freeMemory(): void {
    const dir = this.memoryDir;
    if (dir === undefined) return;
    for (const { limit, none } of MEMORY) {
      if (existsSync(path.join(dir, limit))) writeFileSync(path.join(dir, limit), none);
    }
    for (const pid of processesIn(dir)) tryWrite(oomFile(pid), "0");
  }

  /** Directory of the hierarchy that limits memory; undefined where none does. */
  get memoryDir(): string | undefined {
    return this.dirs.find((dir) => MEMORY.some(({ limit }) => existsSync(path.join(dir, limit))));
  }

  /** Removes the group of a machine that does not come back. */
  remove(): void {
    for (const dir of this.dirs) removeTree(dir);
  }
}

/** Processes of a group and of those below it. */
function processesIn(dir: string): number[] {
  const below = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const own = readFileSync(path.join(dir, "cgroup.procs"), "utf8").split("\n").filter(Boolean);
  return [...own.map(Number), ...below.flatMap(({ name }) => processesIn(path.join(dir, name)))];
}

/** Writes a file of the kernel's that may refuse, or be gone. */
function tryWrite(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch {
    // Gone, or not now.
  }
}

/** In a unified hierarchy children limit memory only where the parent lets them. */
function allowMemory(parent: string): void {
  const file = path.join(parent, "cgroup.subtree_control");
  if (!existsSync(file)) return;
  const offered = readFileSync(path.join(parent, "cgroup.controllers"), "utf8").split(/\s/);
  if (!offered.includes("memory")) return;
  // Where that is not ours to give, a fault that needs it says so.
  tryWrite(file, "+memory");
}

/** A shell program that enters the control groups before `--`, then becomes what follows. */
export const ENTER_CGROUPS =
  'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit; shift; done; shift; exec "$@"';
