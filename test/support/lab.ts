/** This repository's own program in a lab of its own, for tests of its life. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse, stringify } from "yaml";
import type { Arm } from "../../lab/arm/arm";
import { openArm } from "../../lab/openArm";
import { labPaths } from "../../lab/paths";
import { type RunOptions, type RunResult, run } from "../../lab/run";
import { compiled, compiledProgram } from "./compiledProgram";
import { root } from "./sources";

const COMPILED = {
  runtime: { name: "nodejs", options: { typescript: false } },
  main: "index.js",
};
const anyCode = Array.from({ length: 256 }, (_, code) => code);

/** One step of a plan, for a resource that does not stay as it is. */
export interface Step {
  op: string;
  /** Logical name. */
  name: string;
  /** Properties that differ. */
  paths: string[];
  /** Properties that force a new resource. */
  replaces: string[];
}

/** The command line of the lab, run to its end in a folder. */
export function labCommand(
  dir: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const tsx = path.join(root, "node_modules/tsx/dist/cjs/index.cjs");
  const argv = [process.execPath, "-r", tsx, path.join(root, "lab/cli/main.ts"), ...args];
  // Types of the program are checked by `tsc`; here they would cost each new folder ten seconds.
  const types = { PULUMI_NODEJS_TRANSPILE_ONLY: "true" };
  const env = { ...process.env, ...types, GWLB_LAB: undefined, INIT_CWD: undefined };
  return run(argv, { cwd: dir, env, timeoutSeconds: 300, allowed: anyCode, ...options });
}

/** A project folder with its `.lab` in it. */
export class ProjectLab {
  private constructor(readonly dir: string) {}

  /** The repository's program, compiled, with settings of the test's own. */
  static async create(settings: string): Promise<ProjectLab> {
    const project = new ProjectLab(mkdtempSync(path.join(tmpdir(), "gwlb-project-")));
    const program = await compiledProgram();
    for (const name of readdirSync(program)) {
      await symlink(path.join(program, name), path.join(project.dir, name));
    }
    const about = parse(readFileSync(path.join(root, "Pulumi.yaml"), "utf8")) as object;
    const file = path.join(project.dir, "Pulumi.yaml");
    await writeFile(file, stringify({ ...about, ...COMPILED }));
    await project.write(settings);
    return project;
  }

  /** The repository's program as it is, with settings of the test's own. */
  static async asItIs(settings: string): Promise<ProjectLab> {
    const project = new ProjectLab(mkdtempSync(path.join(tmpdir(), "gwlb-project-")));
    const own = readdirSync(root).filter(
      (name) => !/^(\.|Pulumi|node_modules\/\.cache)/.test(name),
    );
    for (const name of own) await symlink(path.join(root, name), path.join(project.dir, name));
    cpSync(path.join(root, "Pulumi.yaml"), path.join(project.dir, "Pulumi.yaml"));
    await project.write(settings);
    return project;
  }

  /** A program of the test's own. */
  static async withProgram(name: string, source: string): Promise<ProjectLab> {
    const project = new ProjectLab(mkdtempSync(path.join(tmpdir(), "gwlb-project-")));
    const put = (file: string, text: string) => writeFile(path.join(project.dir, file), text);
    await symlink(path.join(root, "node_modules"), path.join(project.dir, "node_modules"));
    const components = path.join(await compiledProgram(), "components");
    await symlink(components, path.join(project.dir, "components"));
    await put("Pulumi.yaml", stringify({ name, ...COMPILED }));
    await put("package.json", JSON.stringify({ name }));
    await project.program(source);
    await project.write("config:\n  azure-native:location: westeurope\n");
    return project;
  }

  get lab(): string {
    return path.join(this.dir, ".lab");
  }

  /** Settings of the `dev` stack, as the repository has them. */
  static settings(): string {
    return readFileSync(path.join(root, "Pulumi.dev.yaml"), "utf8");
  }

  /** Replaces the settings of the `dev` stack. */
  write(settings: string): Promise<void> {
    return writeFile(path.join(this.dir, "Pulumi.dev.yaml"), settings);
  }

  /** Replaces the program of the test's own. */
  program(source: string): Promise<void> {
    return writeFile(path.join(this.dir, "index.js"), compiled(source));
  }

  /** Settings of the `dev` stack, as the file has them now. */
  written(): Promise<string> {
    return readFile(path.join(this.dir, "Pulumi.dev.yaml"), "utf8");
  }

  /** Takes over what another project's lab has come to; changes here do not show there. */
  takeOver(other: ProjectLab): void {
    mkdirSync(this.lab, { recursive: true });
    for (const part of ["azure", "pulumi"]) {
      const to = path.join(this.lab, part);
      cpSync(path.join(other.lab, part), to, { recursive: true, verbatimSymlinks: true });
    }
  }

  /** A verb of the lab; every exit code is an answer. */
  verb(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return labCommand(this.dir, args, options);
  }

  /** `lab pulumi ARGS` that must succeed. */
  async pulumi(...args: string[]): Promise<RunResult> {
    const result = await this.verb(["pulumi", ...args]);
    assert.equal(result.code, 0, `pulumi ${args.join(" ")}: ${result.stdout}${result.stderr}`);
    return result;
  }

  up(): Promise<RunResult> {
    return this.pulumi("up", "--yes", "--skip-preview");
  }

  /** The steps of a deployment that would change something. */
  async plan(...args: string[]): Promise<Step[]> {
    const { stdout } = await this.pulumi("preview", "--json", ...args);
    const { steps } = JSON.parse(stdout) as { steps: PreviewStep[] };
    return steps
      .filter(({ op }) => op !== "same")
      .map(({ op, urn, detailedDiff, replaceReasons }) => ({
        op,
        name: urn.split("::").at(-1) ?? "",
        paths: Object.keys(detailedDiff ?? {}).sort(),
        replaces: [...(replaceReasons ?? [])].sort(),
      }));
  }

  /** A resource of the store in Azure's shape, by the end of its id. */
  async resource<T>(ending: string, options: { expand?: string } = {}): Promise<T> {
    const id = (await this.ids()).find((known) => known.endsWith(ending));
    assert.ok(id, `no resource ${ending}`);
    return (await this.arm.get(id, options)) as T;
  }

  /** Ids of all resources. */
  async ids(): Promise<string[]> {
    return (await this.arm.list()).map(({ id }) => id);
  }

  /** The embedded Azure, in this process. */
  private get arm(): Arm {
    return openArm(labPaths(this.lab));
  }

  async remove(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}

interface PreviewStep {
  op: string;
  urn: string;
  detailedDiff?: Record<string, unknown> | null;
  replaceReasons?: string[] | null;
}
