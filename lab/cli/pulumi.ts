/** `lab pulumi ARGS…`: the engine's own command line, in the lab's settings. */
import type { Command } from "commander";
import { openEngine, runPulumi } from "../engine/pulumi";
import { Progress } from "../progress";
import { contextOf, withProjectOption } from "./context";

export function define(command: Command): void {
  withProjectOption(command)
    .argument("[args...]", "what `pulumi` takes: up, preview, stack export, destroy …")
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async (args: string[]) => {
      const { lab, cwd } = contextOf(command);
      process.exitCode = await runPulumi(await openEngine(lab, new Progress()), args, cwd);
    });
}
