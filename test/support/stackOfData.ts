/** A Pulumi project whose resources a test says as data, in a lab of its own. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type RunResult, run } from "../../lab/run";
import { compiled } from "./compiledProgram";

/** A resource as the program declares it. */
export interface Declared {
  type: string;
  name: string;
  properties: Record<string, unknown>;
  /** The engine's options, such as `replaceOnChanges`. */
  options?: Record<string, unknown>;
  /** True for a component, which only stands for its children. */
  component?: boolean;
  /** Name of the component that it belongs to. */
  parent?: string;
}

const root = path.resolve(__dirname, "../..");

/** The project; `remove` leaves nothing of it behind. */
export class StackOfData {
  readonly dir = mkdtempSync(path.join(tmpdir(), "gwlb-stack-"));
  lab = path.join(this.dir, ".lab");

  constructor() {
    cpSync(path.join(__dirname, "stackOfData"), this.dir, { recursive: true });
    // Compiled here once, not by each run of the engine.
    const program = path.join(this.dir, "program.ts");
    writeFileSync(path.join(this.dir, "program.js"), compiled(readFileSync(program, "utf8")));
    rmSync(program);
    symlinkSync(path.join(root, "node_modules"), path.join(this.dir, "node_modules"));
  }

  /** Sets the resources that the next deployment declares. */
  declare(resources: readonly Declared[]): void {
    writeFileSync(path.join(this.dir, "resources.json"), JSON.stringify(resources));
  }

  /** `lab pulumi ARGS`; every exit code is an answer. */
  pulumi(...args: string[]): Promise<RunResult> {
    return this.node(["lab/cli/main.ts", "--lab", this.lab, "pulumi", ...args]);
  }

  /** A program of this repository, in the project's folder. */
  node([program = "", ...args]: string[]): Promise<RunResult> {
    const argv = [process.execPath, "--require", "tsx/cjs", path.join(root, program), ...args];
    const env = {
      ...process.env,
      PULUMI_DEBUG_COMMANDS: "true",
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    };
    return run(argv, { cwd: this.dir, env, timeoutSeconds: 600, allowed: anyCode });
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

const anyCode = Array.from({ length: 256 }, (_, code) => code);
