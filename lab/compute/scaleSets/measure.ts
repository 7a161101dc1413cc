/** Use of a scale set's machines: processor time of their processes, bytes of their NICs. */
import { readdirSync, readFileSync } from "node:fs";
import { run } from "../../run";

/** Counters of a machine since it was started. */
export interface Usage {
  /** Seconds of processor time of all its processes, also of those that have ended. */
  cpuSeconds: number;
  received: number;
  sent: number;
}

/** Clock ticks of `/proc/PID/stat` a second: fixed by the kernel's interface to programs. */
const TICKS = 100;

/** Reads the counters of a machine; undefined if it is just ending. */
export async function usageOf(leader: number, netns: string): Promise<Usage | undefined> {
  const cpuSeconds = cpuOf(leader, processes());
  const { stdout, code } = await run(["ip", "-n", netns, "-j", "-s", "link", "show"], {
    allowed: [0, 1, 255],
  });
  if (code !== 0 || cpuSeconds === undefined) return undefined;
  const links = JSON.parse(stdout) as Link[];
  const nics = links.filter(({ ifname }) => /^eth\d+$/.test(ifname));
  const sum = (side: "rx" | "tx") =>
    nics.reduce((total, { stats64 }) => total + (stats64?.[side].bytes ?? 0), 0);
  return { cpuSeconds, received: sum("rx"), sent: sum("tx") };
}

interface Link {
  ifname: string;
  stats64?: { rx: { bytes: number }; tx: { bytes: number } };
}

/** A process as the kernel counts it; `ticks` has those of its children that have ended. */
export interface Process {
  parent: number;
  ticks: number;
}

/** All processes of this process table. */
function processes(): Map<number, Process> {
  const found = new Map<number, Process>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      found.set(Number(name), readStat(readFileSync(`/proc/${name}/stat`, "utf8")));
    } catch {
      // The process has ended.
    }
  }
  return found;
}

/** The parts of a `/proc/PID/stat` that matter here. Pure. */
export function readStat(text: string): Process {
  // The program's name is in brackets and may hold anything.
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + (fields[at] ?? 0), 0);
  return { parent: fields[1] ?? 0, ticks };
}

/** Processor time of a process and all below it, in seconds. Pure. */
export function cpuOf(leader: number, all: ReadonlyMap<number, Process>): number | undefined {
  if (!all.has(leader)) return undefined;
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of all) children.set(parent, [...(children.get(parent) ?? []), pid]);
  let ticks = 0;
  for (const left = [leader]; left.length > 0; ) {
    const pid = left.pop() ?? leader;
    ticks += all.get(pid)?.ticks ?? 0;
    left.push(...(children.get(pid) ?? []));
  }
  return ticks / TICKS;
}
