/** `lab up`: deploys the project's stack and waits until packets see it. */
import type { Command } from "commander";
import { Progress } from "../progress";
import { bringUp } from "../up";
import { contextOf, withProjectOption } from "./context";
import { positiveInteger } from "./numbers";
import { statusText } from "./statusTable";

export function define(command: Command): void {
  withProjectOption(command)
    .option("-s, --stack <name>", "the stack (default: the selected one, else dev)")
    .option("--timeout <seconds>", "time for machines and probes", positiveInteger, 300)
    .action(async ({ stack, timeout }: { stack?: string; timeout: number }) => {
      const { lab, cwd } = contextOf(command);
      const progress = new Progress();
      const result = await bringUp({ lab, cwd, progress, stack, timeoutSeconds: timeout });
      console.log(
        result.packets ? statusText(result.status) : `No packet was sent: ${result.reason}`,
      );
    });
}
