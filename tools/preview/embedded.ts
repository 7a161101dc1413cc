/** Runs the preview that the comment is made of in the embedded Azure. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { CommandError, run } from "../../lab/run";

/** A stack to preview, and how. */
export interface Preview {
  stack: string;
  /** Folder of the program. */
  project: string;
  /** Checkout that is deployed first, usually the base of a pull request; absent: what is there. */
  base?: string;
  /** State folder of the lab; absent: the one of the project, for the base too. */
  lab?: string;
  /** Folders of policy packs. */
  policyPacks: readonly string[];
}

/** The engine's events, and what it printed in case that they are not enough. */
export interface Outcome {
  /** Contents of the event log; empty when the engine did not get that far. */
  events: string;
  exitCode: number;
  printed: string;
}

/** The lab of this checkout; a base that is deployed first brings its own. */
const ownCli = path.resolve(__dirname, "../../lab/cli/main.ts");

/** Time for a deployment into the embedded Azure, in seconds; the engine may have to be built. */
const TIME_LIMIT = 1200;

/** Deploys the base if there is one, then previews the project over it. */
export async function previewEmbedded(preview: Preview): Promise<Outcome> {
  const { stack, project, base, policyPacks } = preview;
  const folder = mkdtempSync(path.join(tmpdir(), "gwlb-preview-"));
  try {
    if (base !== undefined) {
      const cli = path.resolve(base, "lab/cli/main.ts");
      await pulumi(cli, base, preview, ["stack", "select", "--create", stack]);
      await pulumi(cli, base, preview, ["up", "--stack", stack, "--yes", "--skip-preview"]);
    }
    await pulumi(ownCli, project, preview, ["stack", "select", "--create", stack]);
    const log = path.join(folder, "events.jsonl");
    const packs = policyPacks.flatMap((pack) => ["--policy-pack", path.resolve(pack)]);
    const argv = ["preview", "--stack", stack, "--event-log", log, ...packs];
    const outcome = await attempt(() => pulumi(ownCli, project, preview, argv));
    return { ...outcome, events: existsSync(log) ? readFileSync(log, "utf8") : "" };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The engine's command line in the settings of a lab, on the project of a folder. */
async function pulumi(cli: string, project: string, preview: Preview, args: readonly string[]) {
  const named = preview.lab ?? process.env.GWLB_LAB ?? path.join(preview.project, ".lab");
  // The option for an event log belongs to the engine's commands for debugging.
  const env = { ...process.env, GWLB_LAB: path.resolve(named), PULUMI_DEBUG_COMMANDS: "true" };
  const argv = [process.execPath, "--require", require.resolve("tsx/cjs"), cli, "pulumi", ...args];
  return run(argv, { cwd: path.resolve(project), env, timeoutSeconds: TIME_LIMIT });
}

async function attempt(command: () => Promise<{ stdout: string; stderr: string }>) {
  try {
    const { stdout, stderr } = await command();
    return { exitCode: 0, printed: `${stdout}${stderr}` };
  } catch (error) {
    if (!(error instanceof CommandError) || error.code === undefined) throw error;
    return { exitCode: error.code, printed: `${error.stdout}${error.stderr}` };
  }
}
