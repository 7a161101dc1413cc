/** `lab up`: deploys the project's stack and waits until packets see it. */
import type { Command } from "commander";
import { type DeploymentOptions, deploy, withDeploymentOptions } from "./deployment";
import { statusText } from "./statusTable";

export function define(command: Command): void {
  withDeploymentOptions(command).action(async (options: DeploymentOptions) => {
    const { result } = await deploy(command, options);
    console.log(
      result.packets ? statusText(result.status) : `No packet was sent: ${result.reason}`,
    );
  });
}
