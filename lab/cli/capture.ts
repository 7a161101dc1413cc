/** `lab capture VM`: what a VM's NIC sends and receives, decoded through the tunnels. */

import { closeSync, openSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import { DEFAULTS } from "../../nva-cloud-init/contract/contract";
import { inNetwork, type PlaceMap } from "../places";
import { type Argv, start } from "../run";
import { UserError } from "../userError";
import { contextOf } from "./context";
import { foreground } from "./foreground";
import { positiveInteger } from "./numbers";
import { statusReader } from "./status";

interface Options {
  write?: string;
  seconds: number;
  count?: number;
  device: string;
  filter?: string;
}

/** Tunnel ports of the reference layout; tshark knows 4789 only. */
const TUNNELS = [DEFAULTS.internal, DEFAULTS.external].flatMap(({ port }) => [
  "-d",
  `udp.port==${port},vxlan`,
]);

export function define(command: Command): void {
  command
    .argument("<vm>", "a VM by its Azure name, or internet")
    .option("-w, --write <file>", "keep the packets in a file instead of showing them")
    .option("--seconds <n>", "end after this time", positiveInteger, 10)
    .option("--count <n>", "end after this many packets", positiveInteger)
    .option("--device <name>", "network device", "eth0")
    .option("--filter <expression>", "what to keep, as tcpdump takes it")
    .action(async (vm: string, options: Options) => {
      const { lab, cwd } = contextOf(command);
      const argv = dumpArgv(statusReader(lab)(), vm, options);
      process.exitCode = options.write
        ? await writeTo(path.resolve(cwd, options.write), argv)
        : await show(argv);
    });
}

/**
 * tcpdump with this machine's files in the VM's network, to standard output. The time limit is
 * kept inside the box: an end from outside would only reach the way in. Pure.
 */
export function dumpArgv(
  status: PlaceMap,
  vm: string,
  { seconds, count, device, filter }: Omit<Options, "write">,
): Argv {
  const dump = [
    ...["timeout", "--foreground", "--signal=INT", "--preserve-status", String(seconds)],
    // At once: what the kernel still gathers is lost when tcpdump is ended.
    ...["tcpdump", "-n", "-U", "--immediate-mode", "-i", device, "-w", "-"],
    ...(count === undefined ? [] : ["-c", String(count)]),
    ...(filter === undefined ? [] : [filter]),
  ];
  try {
    return inNetwork(status, vm, dump);
  } catch (cause) {
    throw new UserError(cause instanceof Error ? cause.message : String(cause));
  }
}

async function writeTo(file: string, argv: Argv): Promise<number> {
  const out = openSync(file, "w");
  try {
    return await foreground(argv, { stdio: ["ignore", out, "inherit"] });
  } finally {
    closeSync(out);
  }
}

async function show(argv: Argv): Promise<number> {
  const shown = start(["tshark", "-n", "-l", "-r", "-", ...TUNNELS], {
    stdio: ["pipe", "inherit", "ignore"],
  });
  const ended = new Promise<void>((resolve, reject) => {
    shown.once("error", () => reject(new UserError("tshark is missing: apt-get install tshark")));
    shown.once("close", () => resolve());
  });
  const code = await foreground(argv, { stdio: ["ignore", shown.stdin ?? "ignore", "inherit"] });
  shown.stdin?.end();
  await ended;
  return code;
}
