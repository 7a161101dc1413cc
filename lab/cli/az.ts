/** `lab az ARGS…`: the user's own Azure CLI, against the lab. */
import type { Command } from "commander";
import { azFor } from "./azCommand";
import { contextOf } from "./context";
import { foreground } from "./foreground";

export function define(command: Command): void {
  command
    .argument("[args...]", "what `az` takes: network lb list, vm restart …")
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async (args: string[]) => {
      const { az, env } = await azFor(contextOf(command).lab, process.env);
      process.exitCode = await foreground([az, ...args], { env });
    });
}
