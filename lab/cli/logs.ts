/** `lab logs VM`: the records of an NVA's firewall decisions, a line each. */
import type { Command } from "commander";
import { FILES } from "../../nva-cloud-init/contract/contract";
import { inPlace, type PlaceMap } from "../places";
import type { Argv } from "../run";
import { UserError } from "../userError";
import { contextOf } from "./context";
import { foreground } from "./foreground";
import { positiveInteger } from "./numbers";
import { recordLine } from "./recordLine";
import { statusReader } from "./status";

interface Options {
  lines: number;
  follow?: boolean;
  json?: boolean;
  color: boolean;
}

export function define(command: Command): void {
  command
    .argument("<vm>", "an NVA by its Azure name")
    .option("-n, --lines <n>", "how many of the latest records", positiveInteger, 20)
    .option("-f, --follow", "go on with new records until interrupted")
    .option("--json", "the records as the NVA writes them, a JSON object a line")
    .option("--no-color", "no colors, as with NO_COLOR set or where there is no terminal")
    .action(async (vm: string, options: Options) => {
      const status = statusReader(contextOf(command).lab)();
      const argv = logsArgv(status, vm, options);
      const color = options.color && process.stdout.isTTY && !process.env.NO_COLOR;
      const onLine = (line: string) => console.log(recordLine(line, { color }));
      process.exitCode = await foreground(argv, options.json ? {} : { onLine });
    });
}

/** The command in the VM; following goes by the file's name, so that rotation does not end it. Pure. */
export function logsArgv(
  status: PlaceMap,
  vm: string,
  { lines, follow }: Pick<Options, "lines" | "follow">,
): Argv {
  const tail = ["tail", "-n", String(lines), ...(follow ? ["-F"] : [])];
  try {
    return inPlace(status, vm, [...tail, FILES.records]);
  } catch (cause) {
    throw new UserError(cause instanceof Error ? cause.message : String(cause));
  }
}
