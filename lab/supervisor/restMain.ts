/** A lab's Azure Resource Manager: `restMain.ts --lab DIR [--stay]`. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { Arm } from "../arm/arm";
import { sameId } from "../arm/ids";
import type { RunInMachine } from "../arm/rest/request";
import { agentMissing } from "../arm/rest/runCommand";
import { startRest } from "../arm/rest/server";
import { Store } from "../arm/store";
import { processOf } from "../host/processes";
import { writeMs } from "../openArm";
import { type LabPaths, labPaths } from "../paths";
import { inPlace } from "../places";
import { run } from "../run";
import { supervisorOf } from "./lifecycle";
import { readStatus } from "./readStatus";
import type { RestStatus } from "./rest";

/** Processes that wait for a machine go first while this program starts. */
const STARTING_PRIORITY = 5;

/** Azure ends a script after 90 minutes. */
const SCRIPT_SECONDS = 90 * 60;
const EVERY_CODE = Array.from({ length: 256 }, (_, code) => code);

async function main(args: readonly string[]): Promise<void> {
  const dir = args[args.indexOf("--lab") + 1];
  if (!args.includes("--lab") || dir === undefined) throw new Error("usage: restMain.ts --lab DIR");
  const lab = labPaths(dir);
  for (const folder of [lab.azure, lab.run]) mkdirSync(folder, { recursive: true });
  const isRoot = process.getuid?.() === 0;
  const isPatient = isRoot && !args.includes("--stay");
  if (isPatient) os.setPriority(STARTING_PRIORITY);
  const store = Store.open(lab.azure);
  const fabricRuns = () => supervisorOf(lab) !== undefined;
  const server = await startRest({
    folder: lab.rest,
    armFor: (caller) => new Arm(store, { caller, fabricRuns, writeMs: writeMs() }),
    port: portBefore(lab.restPort),
    runInMachine: () => runnerOf(lab),
  });
  if (isPatient) os.setPriority(0);
  const { endpoint, port, caFile } = server;
  const own = processOf(process.pid) ?? { pid: process.pid, started: "" };
  const status: RestStatus = { endpoint, port, caFile, process: own };
  replace(lab.restPort, String(port));
  replace(lab.restStatus, JSON.stringify(status));
  const end = () => {
    rmSync(lab.restStatus, { force: true });
    void server.close().then(() => process.exit(0));
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, end);
  if (!args.includes("--stay")) process.stdin.on("end", end).on("error", end).resume();
}

/** Commands in machines, while the fabric runs them. */
function runnerOf(lab: LabPaths): RunInMachine | undefined {
  const status = readStatus(lab);
  if (status === undefined) return undefined;
  return (vm, argv, input) => {
    const place = status.places.find(({ id }) => sameId(id, vm.id));
    if (place?.pid === undefined) throw agentMissing();
    const options = { input, timeoutSeconds: SCRIPT_SECONDS, allowed: EVERY_CODE };
    return run(inPlace(status, place.name, argv), options);
  };
}

/** The port of the last time: clients that were set up for it go on. */
function portBefore(file: string): number | undefined {
  try {
    return Number(readFileSync(file, "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
