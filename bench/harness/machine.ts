/** The machine that the figures were taken on. */
import { readFileSync } from "node:fs";
import os from "node:os";
import { checkout } from "../../lab/paths";
import { type Argv, run } from "../../lab/run";
import type { Machine } from "./question";

export async function thisMachine(): Promise<Machine> {
  return {
    processor: os.cpus()[0]?.model.trim() ?? "unknown",
    processors: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    kernel: os.release(),
    distribution: distribution(),
    node: process.version,
    virtualization: await said(["systemd-detect-virt"]),
    commit: await commit(),
  };
}

/** One line for people. */
export function describeMachine(machine: Machine): string {
  const { processors, processor, memoryGiB, virtualization, kernel, distribution: name } = machine;
  const where = virtualization === "none" ? "bare metal" : `virtualized (${virtualization})`;
  const software = `${name}, Linux ${kernel}, Node ${machine.node}`;
  return `${processors} × ${processor}, ${memoryGiB} GiB, ${where}, ${software}`;
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "";
  } catch {
    return os.platform();
  }
}

async function commit(): Promise<string> {
  const git = (...words: string[]) => said(["git", "-C", checkout, ...words]);
  const changed = await git("status", "--porcelain", "--untracked-files=no");
  return `${await git("rev-parse", "--short", "HEAD")}${changed === "" ? "" : "+"}`;
}

/** Output of a command, whatever its exit code; `unknown` where there is no such command. */
async function said(argv: Argv): Promise<string> {
  try {
    return (await run(argv, { allowed: [0, 1, 128] })).stdout.trim();
  } catch {
    return "unknown";
  }
}
