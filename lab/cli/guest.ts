/** `lab guest push VM`: new guest programs onto a running NVA, without another machine. */
import { createHash } from "node:crypto";
import path from "node:path";
import type { Command } from "commander";
import { type PlacedFile, placedFiles } from "../../nva-cloud-init/cloudConfig";
import { NUMBERS } from "../../nva-cloud-init/contract/contract";
import { inPlace, type PlaceMap } from "../places";
import { type Argv, type RunOptions, run } from "../run";
import { UserError } from "../userError";
import { contextOf, withLabOption } from "./context";
import { statusReader } from "./status";

/** A unit that drains waits for flows to end. */
const RESTART_SECONDS = NUMBERS.drainSeconds.most + 100;
/** Where a file waits in the VM until it is whole. */
const STAGED = "/run/gwlb-push";

export function define(command: Command): void {
  withLabOption(command.command("push"))
    .description(
      "writes what differs in this checkout, and restarts the units: packets wait meanwhile",
    )
    .argument("<vm>", "an NVA by its Azure name")
    .action(async (vm: string) => {
      const status = statusReader(contextOf(command).lab)();
      const changed = await push((argv, options) => run(inVm(status, vm, argv), options));
      for (const file of changed) console.log(`written: ${file}`);
      if (changed.length === 0) console.log(`${vm} has the programs of this checkout`);
      else console.log(`the units run anew; a reimage of ${vm} brings back what Azure holds`);
    });
}

function inVm(status: PlaceMap, vm: string, argv: Argv): Argv {
  try {
    return inPlace(status, vm, argv);
  } catch (cause) {
    throw new UserError(cause instanceof Error ? cause.message : String(cause));
  }
}

type RunInVm = (argv: Argv, options?: RunOptions) => Promise<{ stdout: string }>;

/** Writes the files that differ, restarts all units if there are any; returns the files. */
async function push(inside: RunInVm): Promise<string[]> {
  const files = placedFiles();
  const sums = ["sha256sum", "--", ...files.map((file) => file.path)];
  // A file that is not there yet makes the command fail after it has told of the others.
  const { stdout } = await inside(sums, { allowed: [0, 1] });
  const changed = differing(files, stdout);
  for (const { path: file, mode, content } of changed) {
    await inside(["dd", "status=none", `of=${STAGED}`], { input: content });
    await inside(["install", "-D", "-m", mode, STAGED, file]);
  }
  if (changed.length > 0) {
    await inside(["rm", STAGED]);
    await inside(["systemctl", "daemon-reload"]);
    await inside(["systemctl", "restart", ...unitsIn(files)], { timeoutSeconds: RESTART_SECONDS });
  }
  return changed.map((file) => file.path);
}

/** The files whose content is another than `sha256sum` says of them. Pure. */
export function differing(files: readonly PlacedFile[], sums: string): PlacedFile[] {
  const there = new Map(
    sums.split("\n").flatMap((line): [string, string][] => {
      const [, sum, file] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
      return sum === undefined || file === undefined ? [] : [[file, sum]];
    }),
  );
  return files.filter(
    ({ path: file, content }) =>
      there.get(file) !== createHash("sha256").update(content).digest("hex"),
  );
}

const unitsIn = (files: readonly PlacedFile[]): string[] =>
  files.map((file) => path.posix.basename(file.path)).filter((name) => name.endsWith(".service"));
