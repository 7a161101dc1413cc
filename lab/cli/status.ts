/** `lab status`: places, public addresses, chains, health. */
import type { Command } from "commander";
import type { LabPaths } from "../paths";
import { readStatus } from "../supervisor/readStatus";
import type { LabStatus } from "../supervisor/status";
import { UserError } from "../userError";
import { contextOf } from "./context";
import { statusText } from "./statusTable";

export function define(command: Command): void {
  command
    .option("--json", "as the fabric wrote it; {} when the lab is down")
    .action(({ json }: { json?: true }) => {
      const status = readStatus(contextOf(command).lab);
      if (json) console.log(JSON.stringify(status ?? {}, null, 2));
      else console.log(status === undefined ? "The lab is down." : statusText(status));
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
