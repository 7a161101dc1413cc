/** The examples as a user has them: copied out of the checkout, with the packed library, in a lab. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseDocument } from "yaml";
import { Arm } from "../../lab/arm/arm";
import { Store } from "../../lab/arm/store";
import { labPaths } from "../../lab/paths";
import type { RunResult } from "../../lab/run";
import type { LabStatus } from "../../lab/supervisor/status";
import { labCommand, type Step } from "./lab";
import { installPacked } from "./packed";
import { root } from "./sources";

export class Examples {
  private constructor(readonly dir: string) {}

  static async create(): Promise<Examples> {
    const examples = new Examples(mkdtempSync(path.join(tmpdir(), "gwlb-examples-")));
    cpSync(path.join(root, "examples"), examples.dir, { recursive: true });
    await installPacked(examples.dir, { also: ["typescript", "@types/node"] });
    return examples;
  }

  get lab(): string {
    return path.join(this.dir, ".lab");
  }

  get arm(): Arm {
    return new Arm(Store.open(labPaths(this.lab).azure));
  }

  /** A verb of the lab; every exit code is an answer. */
  verb(...args: string[]): Promise<RunResult> {
    return labCommand(this.dir, ["--lab", this.lab, ...args]);
  }

  /** The engine on an example; every exit code is an answer. */
  pulumi(example: string, ...args: string[]): Promise<RunResult> {
    return this.verb("pulumi", "--project", path.join(this.dir, example), ...args);
  }

  /** The engine on an example, which must succeed. */
  async must(example: string, ...args: string[]): Promise<RunResult> {
    const result = await this.pulumi(example, ...args);
    assert.equal(result.code, 0, `${example}: ${args.join(" ")}: ${said(result)}`);
    return result;
  }

  up(example: string, ...args: string[]): Promise<RunResult> {
    return this.must(example, "up", "--yes", "--skip-preview", ...args);
  }

  destroy(example: string): Promise<RunResult> {
    return this.pulumi(example, "destroy", "--yes", "--skip-preview");
  }

  /** Changes a setting of the `dev` stack; a list is written as one. */
  async set(example: string, name: string, value: unknown): Promise<void> {
    const file = path.join(this.dir, example, "Pulumi.dev.yaml");
    const settings = parseDocument(await readFile(file, "utf8"));
    settings.setIn(["config", `azure-gwlb-example-${path.basename(example)}:${name}`], value);
    await writeFile(file, settings.toString());
  }

  /** Steps of a deployment, without the ones that change nothing. */
  async plan(example: string): Promise<Step[]> {
    const { stdout } = await this.must(example, "preview", "--json");
    const { steps } = JSON.parse(stdout.slice(stdout.indexOf("{"))) as { steps: PreviewStep[] };
    return steps
      .filter(({ op }) => op !== "same")
      .map(({ op, urn, detailedDiff, replaceReasons }) => ({
        op,
        name: urn.split("::").at(-1) ?? "",
        paths: Object.keys(detailedDiff ?? {}).sort(),
        replaces: [...(replaceReasons ?? [])].sort(),
      }));
  }

  async status(): Promise<LabStatus> {
    return JSON.parse(await readFile(labPaths(this.lab).status, "utf8")) as LabStatus;
  }

  /** Ends what runs, and leaves nothing. */
  async remove(): Promise<void> {
    await this.verb("down");
    await rm(this.dir, { recursive: true, force: true });
  }
}

export const said = ({ stdout, stderr }: RunResult): string => stdout + stderr;

interface PreviewStep {
  op: string;
  urn: string;
  detailedDiff?: Record<string, unknown> | null;
  replaceReasons?: string[] | null;
}
