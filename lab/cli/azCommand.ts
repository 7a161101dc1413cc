/** The user's own `az`, set up for a lab in a configuration folder of the lab's. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import lockfile from "proper-lockfile";
import { type ClientSettings, clientSettings } from "../arm/rest/clientSettings";
import { Directory } from "../arm/rest/identity";
import { CLOUD_NAME } from "../arm/rest/metadata";
import { which } from "../host/which";
import type { LabPaths } from "../paths";
import { CommandError, run } from "../run";
import { supervisorOf } from "../supervisor/lifecycle";
import { ensureRest } from "../supervisor/rest";
import { UserError } from "../userError";

/** How an `az` is started so that it meets the lab and nothing else. */
export interface AzCommand {
  az: string;
  env: NodeJS.ProcessEnv;
}

/** The endpoint and account that the folder was set up for. */
type SetUp = Pick<ClientSettings, "endpoint" | "clientId">;

/** The Azure CLI on the PATH, signed in to the lab, whose endpoint is started if need be. */
export async function azFor(lab: LabPaths, base: NodeJS.ProcessEnv): Promise<AzCommand> {
  const az = which("az", base.PATH);
  if (az === undefined) {
    throw new UserError(
      "there is no az on the PATH: install the Azure CLI (`pipx install azure-cli`, or a package " +
        "of Microsoft's for this system), then repeat the command",
    );
  }
  const { endpoint, caFile } = await ensureRest(lab, supervisorOf(lab) !== undefined);
  const directory = Directory.open(lab.rest, endpoint);
  const settings = clientSettings({ endpoint, caFile, directory });
  const folder = path.join(lab.dir, "az");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const command = { az, env: azEnvironment(base, folder, settings) };
  const release = await lockfile.lock(folder, {
    retries: { retries: 300, minTimeout: 50, maxTimeout: 500 },
  });
  try {
    await setUp(command, folder, settings);
  } finally {
    await release();
  }
  return command;
}

/** Variables of the CLI that keep the user's own cloud, account and proxy out of it. Pure. */
export function azEnvironment(
  base: NodeJS.ProcessEnv,
  folder: string,
  { caFile }: Pick<ClientSettings, "caFile">,
): NodeJS.ProcessEnv {
  const { ARM_CLOUD_METADATA_URL: _, no_proxy, NO_PROXY = no_proxy, ...rest } = base;
  const local = [NO_PROXY, "localhost"].filter(Boolean).join(",");
  return {
    ...rest,
    ...{ NO_PROXY: local, no_proxy: local },
    AZURE_CONFIG_DIR: folder,
    REQUESTS_CA_BUNDLE: caFile,
    // The client would ask Microsoft whether the lab's directory may be trusted.
    AZURE_CORE_INSTANCE_DISCOVERY: "false",
    AZURE_CORE_COLLECT_TELEMETRY: "false",
    AZURE_CORE_LOGIN_EXPERIENCE_V2: "false",
  };
}

/** Registers the cloud and signs in, unless the folder has both for this endpoint. */
async function setUp(command: AzCommand, folder: string, settings: ClientSettings): Promise<void> {
  const { endpoint, clientId, clientSecret, tenantId } = settings;
  const wanted: SetUp = { endpoint, clientId };
  const mark = path.join(folder, "lab.json");
  const before = read(mark);
  if (before?.endpoint === endpoint && before.clientId === clientId) return;
  rmSync(mark, { force: true });
  const az = async (...args: string[]) =>
    (await run([command.az, ...args, "--output", "json"], { env: command.env })).stdout;
  const secret = path.join(folder, "secret");
  try {
    const clouds = JSON.parse(await az("cloud", "list")) as { name: string }[];
    const known = clouds.some(({ name }) => name === CLOUD_NAME);
    const at = ["--name", CLOUD_NAME, "--endpoint-resource-manager", endpoint];
    if (known) {
      await az("cloud", "set", "--name", "AzureCloud");
      await az("cloud", "unregister", "--name", CLOUD_NAME);
    }
    await az("cloud", "register", ...at);
    await az("cloud", "set", "--name", CLOUD_NAME);
    // Arguments are everybody's to read while a program runs.
    writeFileSync(secret, clientSecret, { mode: 0o600 });
    const who = ["--username", clientId, "--password", `@${secret}`, "--tenant", tenantId];
    await az("login", "--service-principal", ...who);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new UserError(`az cannot be set up for the lab:\n${error.message}`);
  } finally {
    rmSync(secret, { force: true });
  }
  writeFileSync(mark, JSON.stringify(wanted));
}

function read(file: string): SetUp | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as SetUp;
  } catch {
    return undefined;
  }
}
