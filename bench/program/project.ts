/** A Pulumi project in a lab of its own, run by the engine itself, with the clock beside it. */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { requireProject } from "../../lab/engine/project";
import { ensureStack, type LabEngine, openEngine } from "../../lab/engine/pulumi";
import { Progress } from "../../lab/progress";
import { run } from "../../lab/run";
import type { Undo } from "../../lab/undo";
import { ProjectLab } from "../../test/support/lab";
import { installPacked } from "../../test/support/packed";
import { root } from "../../test/support/sources";
import type { Reading } from "../harness/rounds";

/** A resource as the plain program takes it. */
export interface Declared {
  urn: string;
  module: string;
  class: string;
  name: string;
  inputs: Record<string, unknown>;
  dependsOn: string[];
}

interface Exported {
  deployment: {
    resources: {
      urn: string;
      type: string;
      custom: boolean;
      inputs?: Record<string, unknown>;
      dependencies?: string[];
    }[];
  };
}

const LIMIT_SECONDS = 1200;
const TICKS = 100; // USER_HZ, the unit of /proc/self/stat
const projects = path.join(__dirname, "projects");

export class Project {
  /** Resources in the last plan of everything, components and the stack itself among them. */
  planned = 0;

  private constructor(
    readonly dir: string,
    private readonly engine: LabEngine,
    private readonly settings: string,
  ) {}

  /** The repository's own program, with the settings of one of its stacks. */
  static async ofRepository(stack: string, undo: Undo): Promise<Project> {
    const settings = readFileSync(path.join(root, `Pulumi.${stack}.yaml`), "utf8");
    const { dir } = await ProjectLab.create(settings);
    return Project.open(dir, undo);
  }

  /** A program that uses the packed library as its users do. */
  static async ofLibrary(settings: Record<string, number>, undo: Undo): Promise<Project> {
    const dir = copyOf("chains");
    await installPacked(dir, { also: ["typescript", "@types/node"] });
    const lines = Object.entries(settings).map(([name, value]) => `  chains:${name}: ${value}`);
    const config = ["config:", "  azure-native:location: westeurope", ...lines];
    writeFileSync(path.join(dir, "Pulumi.dev.yaml"), `${config.join("\n")}\n`);
    return Project.open(dir, undo);
  }

  /** The plain program of these resources. */
  static async ofPlain(resources: readonly Declared[], undo: Undo): Promise<Project> {
    const dir = copyOf("plain");
    symlinkSync(path.join(root, "node_modules"), path.join(dir, "node_modules"));
    writeFileSync(path.join(dir, "resources.json"), JSON.stringify(resources));
    writeFileSync(path.join(dir, "Pulumi.dev.yaml"), "config: {}\n");
    return Project.open(dir, undo);
  }

  private static async open(dir: string, undo: Undo): Promise<Project> {
    undo.add("project", async () => rmSync(dir, { recursive: true, force: true }));
    const engine = await openEngine(path.join(dir, ".lab"), new Progress());
    const project = requireProject(dir);
    await ensureStack(engine, project);
    const settings = path.join(engine.home.projects, project.name, "Pulumi.dev.yaml");
    return new Project(dir, engine, settings);
  }

  /**
   * Runs a command of the engine: milliseconds by the clock, milliseconds of processor time in all
   * its processes, and the most memory that the program had, in megabytes.
   */
  async timed(figure: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Reading> {
    const peaks = path.join(this.dir, ".lab/peaks.jsonl");
    rmSync(peaks, { force: true });
    const [begun, before] = [process.hrtime.bigint(), childrenTicks()];
    const { stdout } = await this.pulumi(args, {
      NODE_OPTIONS: `--require ${path.join(__dirname, "peak.cjs")}`,
      GWLB_BENCH_PEAKS: peaks,
      ...env,
    });
    const wall = Number(process.hrtime.bigint() - begun);
    const processor = (childrenTicks() - before) * (1000 / TICKS);
    const peak = peakOf(peaks);
    this.planned = Number(/ (\d+) to create/.exec(stdout)?.[1] ?? this.planned);
    return {
      values: { [figure]: wall / 1e6, [`${figure}Cpu`]: processor, [`${figure}Memory`]: peak },
      wall,
      waited: 0,
    };
  }

  /** Where the engine's client keeps the program that it compiled. */
  private get compiled(): string {
    return path.join(this.dir, ".lab/compiled");
  }

  /** Puts the lab back to what it was at the last {@link keep}. */
  restore(): void {
    for (const part of ["azure", "pulumi/backend"]) this.copy(`.kept/${part}`, part);
  }

  keep(): void {
    for (const part of ["azure", "pulumi/backend"]) this.copy(part, `.kept/${part}`);
  }

  /** The program is compiled again when it is run next, as on a machine that never ran it. */
  forgetCompiled(): void {
    rmSync(this.compiled, { recursive: true, force: true });
  }

  /** Resources that the stack holds, as the plain program declares them. */
  async resources(): Promise<Declared[]> {
    const { stdout } = await this.pulumi(["stack", "export", "--show-secrets"], {}, false);
    const { deployment } = JSON.parse(stdout) as Exported;
    return deployment.resources
      .filter(({ custom, type }) => custom && !type.startsWith("pulumi:"))
      .map(({ urn, type, inputs = {}, dependencies = [] }) => {
        const [pkg = "", module = "", name = ""] = type.split(":");
        const sdk =
          module.split("/", 1)[0] === "index" ? `@pulumi/${pkg}` : `@pulumi/${pkg}/${module}`;
        const logical = urn.split("::").at(-1) ?? "";
        const dependsOn = dependencies;
        return { urn, module: sdk, class: name, name: logical, inputs: plain(inputs), dependsOn };
      });
  }

  private copy(from: string, to: string): void {
    const [source, target] = [from, to].map((part) => path.join(this.dir, ".lab", part));
    if (source === undefined || target === undefined) return;
    rmSync(target, { recursive: true, force: true });
    if (!existsSync(source)) return;
    const aside = `${target}.copy`;
    cpSync(source, aside, { recursive: true, verbatimSymlinks: true });
    renameSync(aside, target);
  }

  private pulumi(args: readonly string[], env: NodeJS.ProcessEnv, withSettings = true) {
    const settings = withSettings ? [`--config-file=${this.settings}`] : [];
    return run([this.engine.engine.pulumi, ...args, ...settings], {
      cwd: this.dir,
      env: {
        ...this.engine.env,
        PWD: this.dir,
        TS_NODE_CACHE_DIRECTORY: this.compiled,
        ...env,
      },
      timeoutSeconds: LIMIT_SECONDS,
    });
  }
}

/** Processor time of everything that this process started and that has ended since. */
function childrenTicks(): number {
  const [, fields = ""] = /^.*\) (.*)$/s.exec(readFileSync("/proc/self/stat", "utf8")) ?? [];
  const [user = 0, system = 0] = fields.split(" ").slice(13, 15).map(Number);
  return user + system;
}

function copyOf(name: string): string {
  const dir = mkdtempSync(path.join(tmpdir(), "gwlb-bench-"));
  cpSync(path.join(projects, name), dir, { recursive: true });
  return dir;
}

/** Megabytes of the program itself: not of the providers, which both sides share. */
function peakOf(file: string): number {
  const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  const programs = lines
    .map((line) => JSON.parse(line) as { script: string; maxRSS: number })
    .filter(({ script }) => /@pulumi\/pulumi\/cmd\/run(\/|$)/.test(script));
  return Math.max(0, ...programs.map(({ maxRSS }) => maxRSS / 1024));
}

/** Inputs without what the provider and the engine put into them. */
function plain(inputs: Record<string, unknown>): Record<string, unknown> {
  const { azureApiVersion, __defaults, ...own } = inputs;
  return unwrapped(own) as Record<string, unknown>;
}

/** The engine wraps a secret in an object that says so. */
function unwrapped(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(unwrapped);
  if ("plaintext" in value) return JSON.parse(String(value.plaintext));
  const entries = Object.entries(value).filter(([name]) => name !== "__defaults");
  return Object.fromEntries(entries.map(([name, inner]) => [name, unwrapped(inner)]));
}
