/** How Node programs and plugins are started for the engine. Pure. */
import type { Argv } from "../run";

/** The engine's description of a run of a program. */
export interface ProgramRun {
  monitor: string;
  engine: string;
  organization: string;
  project: string;
  stack: string;
  rootDirectory: string;
  pwd: string;
  dryRun: boolean;
  /** Registrations in flight at once. */
  parallel: number;
  entryPoint: string;
  args: readonly string[];
  config: Record<string, string>;
  secretKeys: readonly string[];
  options: RuntimeOptions;
}

/** `runtime.options` of Pulumi.yaml, as far as they matter here. */
export interface RuntimeOptions {
  /** True unless the project says `typescript: false`. */
  typescript: boolean;
  /** File of the compiler's options, from the program's folder. Default: `tsconfig.json` there. */
  tsconfig?: string;
  /** Arguments of node itself. */
  nodeArgs: readonly string[];
}

/** Exit code of the SDK's runner for "the user has been told already". */
export const ALREADY_TOLD = 32;

/** Reads the options that the engine hands over; what is absent or of another type counts as default. */
export function runtimeOptions(options: Record<string, unknown>): RuntimeOptions {
  const { typescript, tsconfig, nodeargs } = options;
  return {
    typescript: typescript !== false && typescript !== "false",
    ...(typeof tsconfig === "string" && tsconfig !== "" ? { tsconfig } : {}),
    nodeArgs: typeof nodeargs === "string" ? nodeargs.split(" ").filter(Boolean) : [],
  };
}

/** Arguments after `node` for a program; `runner` is the SDK's `cmd/run`. */
export function programArgv(runner: string, program: ProgramRun): Argv {
  const flags: [string, string][] = [
    ["monitor", program.monitor],
    ["engine", program.engine],
    ["organization", program.organization],
    ["project", program.project],
    ["root-directory", program.rootDirectory],
    ["stack", program.stack],
    ["pwd", program.pwd],
    ["parallel", String(program.parallel)],
  ];
  return [
    ...[...program.options.nodeArgs, runner],
    ...flags.map(([name, value]) => `--${name}=${value}`),
    ...(program.dryRun ? ["--dry-run"] : []),
    ...[program.entryPoint, ...program.args],
  ];
}

/** Variables of a program beyond those of the engine. */
export function programEnv(program: ProgramRun): Record<string, string> {
  const { typescript, tsconfig } = program.options;
  return {
    PULUMI_CONFIG: JSON.stringify(program.config),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(program.secretKeys),
    PULUMI_NODEJS_TYPESCRIPT: String(typescript),
    ...(tsconfig === undefined ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
  };
}

/** Which of the SDK's runners starts a plugin of a kind, and with what; undefined if none does. */
export function pluginCall(
  kind: string,
  program: string,
  args: readonly string[],
): { runner: string; argv: Argv } | undefined {
  switch (kind) {
    case "resource":
      return { runner: "@pulumi/pulumi/cmd/run-plugin", argv: [program, ...args] };
    case "analyzer":
      return { runner: "@pulumi/pulumi/cmd/run-policy-pack", argv: [...args, program] };
    default:
      return undefined;
  }
}
