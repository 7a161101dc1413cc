/** `lab down`: ends machines and network; the resources stay unless they are purged. */
import { rmSync } from "node:fs";
import type { Command } from "commander";
import { Progress } from "../progress";
import { stopSupervisor } from "../supervisor/lifecycle";
import { contextOf } from "./context";

export function define(command: Command): void {
  command
    .option("--purge", "also forget the resources, the disks and the engine's state")
    .action(async ({ purge }: { purge?: true }) => {
      const { lab } = contextOf(command);
      const ended = await new Progress().step("ending machines and network", () =>
        stopSupervisor(lab),
      );
      if (purge) rmSync(lab.dir, { recursive: true, force: true });
      console.log(ended ? "The lab is down." : "The lab was not running.");
    });
}
