/** `lab azure endpoint`: what a client of Azure Resource Manager needs to speak with the lab. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { clientSettings, environmentOf } from "../arm/rest/clientSettings";
import { Directory } from "../arm/rest/identity";
import type { LabPaths } from "../paths";
import { supervisorOf } from "../supervisor/lifecycle";
import { ensureRest } from "../supervisor/rest";
import { UserError } from "../userError";

export function defineEndpoint(command: Command, labOf: () => LabPaths): void {
  command
    .option("--json", "as one object")
    .option("--env", "as lines that a shell evaluates")
    .action(async ({ json, env }: { json?: true; env?: true }) => {
      const lab = labOf();
      if (!existsSync(lab.dir)) throw new UserError(`there is no lab in ${lab.dir}: lab up`);
      const { endpoint, caFile } = await ensureRest(lab, supervisorOf(lab) !== undefined);
      const directory = Directory.open(lab.rest, endpoint);
      const settings = clientSettings({ endpoint, caFile, directory });
      if (json) console.log(JSON.stringify(settings, null, 2));
      else if (env) console.log(environmentOf(settings));
      else console.log(endpoint);
    });
}
