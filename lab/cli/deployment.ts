/** Common part of `lab up` and `npm start`: their options, and the deployment itself. */
import type { Command } from "commander";
import { Progress } from "../progress";
import { bringUp } from "../up";
import { contextOf, withProjectOption } from "./context";
import { positiveInteger } from "./numbers";

export interface DeploymentOptions {
  stack?: string;
  timeout: number;
}

export function withDeploymentOptions(command: Command): Command {
  return withProjectOption(command)
    .option("-s, --stack <name>", "the stack (default: the selected one, else dev)")
    .option("--timeout <seconds>", "time for machines and probes", positiveInteger, 300);
}

/** Deploys the stack that the options name. */
export async function deploy(command: Command, { stack, timeout }: DeploymentOptions) {
  const { lab, cwd } = contextOf(command);
  const progress = new Progress();
  const result = await bringUp({ lab, cwd, progress, stack, timeoutSeconds: timeout });
  return { lab, progress, result };
}
