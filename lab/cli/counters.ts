/** `lab counters VM`: what each rule of an NVA's firewall policy has counted. */
import Table from "cli-table3";
import type { Command } from "commander";
import { inPlace, type PlaceMap } from "../places";
import { POLICY_PROGRAM } from "../proof/proof";
import { type Argv, run } from "../run";
import { UserError } from "../userError";
import { contextOf } from "./context";
import { statusReader } from "./status";

/** One line of the NVA's answer. */
export interface RuleCount {
  rule: string;
  packets: number;
  bytes: number;
}

export function define(command: Command): void {
  command
    .argument("<vm>", "an NVA by its Azure name")
    .option("--json", "print a list of objects")
    .action(async (vm: string, options: { json?: boolean }) => {
      const { stdout } = await run(countersArgv(statusReader(contextOf(command).lab)(), vm));
      const counts = parseCounts(stdout);
      console.log(options.json ? JSON.stringify(counts) : countsTable(counts));
    });
}

/** The question as a command in the VM. Pure. */
export function countersArgv(status: PlaceMap, vm: string): Argv {
  try {
    return inPlace(status, vm, [POLICY_PROGRAM, "counters"]);
  } catch (cause) {
    throw new UserError(cause instanceof Error ? cause.message : String(cause));
  }
}

/** The JSON lines that the NVA prints. */
export function parseCounts(text: string): RuleCount[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as RuleCount);
}

/** The counts for a person; `flow` stands for packets that needed no new verdict. */
export function countsTable(counts: readonly RuleCount[]): string {
  const table = new Table({
    head: ["rule", "packets", "bytes"],
    colAligns: ["left", "right", "right"],
    style: { head: [], border: [] },
  });
  table.push(...counts.map(({ rule, packets, bytes }) => [rule, packets, bytes]));
  return table.toString();
}
