/** `npm start`: deploys the `dev` stack, sends real packets through it, and says what they showed. */
import type { Command } from "commander";
import { nothingProven, report } from "../proof/report";
import { type DeploymentOptions, deploy, withDeploymentOptions } from "./deployment";
import { statusReader } from "./status";
import { statusText } from "./statusTable";

export function define(command: Command): void {
  withDeploymentOptions(command).action(async (options: DeploymentOptions) => {
    const { lab, progress, result } = await deploy(command, options);
    const print = (text: string) => console.log(text);
    if (!result.packets) {
      process.exitCode = nothingProven(result.reason, print);
      return;
    }
    print(`${statusText(result.status)}\n\n${hints}`);
    process.exitCode = await report({ lab, readStatus: statusReader(lab), progress, print });
  });
}

/** Where to go from here; printed before the tables, for the counts are the last line. */
const hints = [
  "The lab stays up. To look around:",
  "  npm run lab -- status                       places, public addresses, health",
  "  npm run lab -- exec internet -- bash        a host with 8.8.8.8, 203.0.113.9, 198.51.100.7",
  "  npm run lab -- pulumi preview               the engine's own command line",
  "  npm run lab -- down                         ends machines and network",
].join("\n");
