/** `lab exec PLACE -- CMD…`: a command on the internet host or in a VM. */
import type { Command } from "commander";
import { inPlace } from "../places";
import { UserError } from "../userError";
import { contextOf } from "./context";
import { foreground } from "./foreground";
import { statusReader } from "./status";

export function define(command: Command): void {
  command
    .argument("<place>", "internet, or a VM by its Azure name")
    .argument("[cmd...]", "the command and its arguments (default: a shell)")
    .passThroughOptions()
    .action(async (place: string, cmd: string[]) => {
      // Commander hands the separator on once an argument came before it.
      const own = cmd[0] === "--" ? cmd.slice(1) : cmd;
      const status = statusReader(contextOf(command).lab)();
      let argv: readonly string[];
      try {
        argv = inPlace(status, place, own.length > 0 ? own : ["bash"]);
      } catch (cause) {
        throw new UserError(cause instanceof Error ? cause.message : String(cause));
      }
      process.exitCode = await foreground(argv);
    });
}
