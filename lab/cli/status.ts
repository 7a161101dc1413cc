/** `lab status`: places, public addresses, chains, health. */
import type { Command } from "commander";
import type { LabPaths } from "../paths";
import { readStatus } from "../supervisor/readStatus";
import { restOf } from "../supervisor/rest";
import type { LabStatus } from "../supervisor/status";
import { UserError } from "../userError";
import { contextOf } from "./context";
import { statusText } from "./statusTable";

export function define(command: Command): void {
  command
    .option("--json", "as the fabric wrote it; {} when the lab is down")
    .action(({ json }: { json?: true }) => {
      const { lab } = contextOf(command);
      const status = readStatus(lab);
      const rest = restOf(lab);
      const azure =
        rest === undefined ? {} : { azure: { endpoint: rest.endpoint, port: rest.port } };
      if (json) console.log(JSON.stringify({ ...status, ...azure }, null, 2));
      else {
        if (rest !== undefined) console.log(`Azure Resource Manager: ${rest.endpoint}`);
        console.log(status === undefined ? "The lab is down." : statusText(status));
      }
    });
}

/** Reads the state of a lab that must be up; each call reads anew. Throws a UserError when it is down. */
export function statusReader(lab: LabPaths): () => LabStatus {
  return () => {
    const status = readStatus(lab);
    if (status !== undefined) return status;
    throw new UserError("the lab is down: npm run lab -- up");
  };
}
