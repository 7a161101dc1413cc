/** Runs the engine's own command line on a lab. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import lockfile from "proper-lockfile";
import { type LabPaths, labPaths } from "../paths";
import type { Progress } from "../progress";
import { CommandError, run, start } from "../run";
import { UserError } from "../userError";
import { buildProgram, YAML_HOST } from "./build";
import { readCommandLine } from "./commandLine";
import { type Engine, ensureEngine } from "./ensure";
import { type EngineHome, engineEnv, engineHome, linkYamlHost, prepareHome } from "./home";
import { removeDeadLocks } from "./locks";
import { findProject, type Project, selectedStack, selectionFile, stackSettings } from "./project";
import { saltOf, toLab, toProject } from "./settingsCopy";

/** The stack that a command works on when none was named or selected. */
export const DEFAULT_STACK = "dev";

/** An engine with the lab it works on. */
export interface LabEngine {
  engine: Engine;
  home: EngineHome;
  env: NodeJS.ProcessEnv;
  progress: Progress;
}

/** Brings the engine if need be and prepares its folders in the lab. */
export async function openEngine(lab: string | LabPaths, progress: Progress): Promise<LabEngine> {
  const paths = typeof lab === "string" ? labPaths(lab) : lab;
  const engine = await ensureEngine(progress);
  const home = engineHome(paths);
  await prepareHome(home, engine);
  removeDeadLocks(home.backend);
  return { engine, home, env: engineEnv(home, engine), progress };
}

/**
 * Runs `pulumi ARGS` in a folder, on this process's terminal, and returns its exit code. The
 * project's files stay as they are, except where the command line asks for a change of settings.
 */
export async function runPulumi(
  lab: LabEngine,
  args: readonly string[],
  cwd: string,
): Promise<number> {
  const line = readCommandLine(args);
  const from = line.cwd === undefined ? cwd : path.resolve(cwd, line.cwd);
  const project = line.kind === "plain" ? undefined : findProject(from);
  if (project === undefined) return spawnPulumi(lab, args, cwd);
  if (project.runtime === "yaml" && !lab.engine.hasNodeHost) {
    linkYamlHost(lab.home, await buildProgram(YAML_HOST, lab.progress));
  }
  const shadow = shadowProject(lab.home, project);
  if (line.kind === "own") {
    const code = await spawnPulumi(lab, withoutCwd(args), path.dirname(shadow.file));
    if (code === 0 && line.sub !== "rm") copySelection(lab.home, shadow, project);
    return code;
  }
  const stack = line.stack ?? (await ensureStack(lab, project));
  if (line.kind === "stack") return spawnPulumi(lab, args, cwd);
  const settings = copySettings(shadow, project, stack);
  const code = await spawnPulumi(lab, [...args, `--config-file=${settings.copy}`], cwd);
  if (line.kind === "edit" && code === 0) returnSettings(settings);
  return code;
}

/** The stack that commands without `--stack` work on; creates and selects one if there is none. */
export async function ensureStack(lab: LabEngine, project: Project): Promise<string> {
  const selected = selectedStack(lab.home.home, project);
  if (selected !== undefined && stackExists(lab.home, project, selected)) return selected;
  const shadow = shadowProject(lab.home, project);
  const dir = path.dirname(shadow.file);
  const release = await lockfile.lock(dir, {
    retries: { retries: 100, minTimeout: 50, maxTimeout: 500 },
  });
  try {
    const known = stackExists(lab.home, project, DEFAULT_STACK);
    const argv = known ? ["select"] : ["init", "--non-interactive"];
    if (!known) copySettings(shadow, project, DEFAULT_STACK);
    await run([lab.engine.pulumi, "stack", ...argv, DEFAULT_STACK], { cwd: dir, env: lab.env });
    copySelection(lab.home, shadow, project);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new UserError(`no stack "${DEFAULT_STACK}" in the lab: ${error.stderr.trim()}`);
  } finally {
    await release();
  }
  return DEFAULT_STACK;
}

function stackExists(home: EngineHome, project: Project, stack: string): boolean {
  const dir = path.join(home.backend, ".pulumi", "stacks", project.name);
  return [".json", ".json.gz"].some((ending) => existsSync(path.join(dir, stack + ending)));
}

/** A project of the same name in the lab, where the engine may write settings of stacks. */
function shadowProject(home: EngineHome, project: Project): Project {
  const dir = path.join(home.projects, project.name);
  const file = path.join(dir, "Pulumi.yaml");
  if (!existsSync(file)) {
    mkdirSync(dir, { recursive: true });
    replaceFile(file, `name: ${JSON.stringify(project.name)}\nruntime: nodejs\n`);
  }
  return { ...project, dir, file, settingsDir: dir };
}

interface SettingsCopy {
  copy: string;
  given: string;
  original: string;
}

function copySettings(shadow: Project, project: Project, stack: string): SettingsCopy {
  const original = stackSettings(project, stack);
  const copy = stackSettings(shadow, stack);
  const before = readOr(copy);
  const given = toLab(readOr(original), saltOf(before));
  if (given !== before || !existsSync(copy)) replaceFile(copy, given);
  return { copy, given, original };
}

function returnSettings({ copy, given, original }: SettingsCopy): void {
  const now = readOr(copy);
  if (now === given) return;
  const [before, after] = [readOr(original), toProject(now, readOr(original))];
  if (after !== before) replaceFile(original, after);
}

function copySelection(home: EngineHome, from: Project, to: Project): void {
  const file = selectionFile(home.home, from);
  if (existsSync(file)) replaceFile(selectionFile(home.home, to), readFileSync(file, "utf8"));
}

function withoutCwd(args: readonly string[]): string[] {
  return args.filter((arg, index) => {
    const before = args[index - 1];
    return !/^(-C|--cwd(=.*)?)$/.test(arg) && before !== "-C" && before !== "--cwd";
  });
}

function readOr(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function replaceFile(file: string, text: string): void {
  const aside = `${file}.${process.pid}`;
  writeFileSync(aside, text);
  renameSync(aside, file);
}

/**
 * Ctrl-C on a terminal reaches the engine by itself, and a second one would make it drop its work;
 * a signal that was sent to this process alone is passed on.
 */
function spawnPulumi(lab: LabEngine, args: readonly string[], cwd: string): Promise<number> {
  const env = { ...lab.env, PWD: cwd };
  const child = start([lab.engine.pulumi, ...args], { cwd, env, stdio: "inherit" });
  const onInterrupt = () => {
    if (!process.stdin.isTTY) child.kill("SIGINT");
  };
  const onEnd = () => child.kill("SIGINT");
  process.on("SIGINT", onInterrupt).on("SIGTERM", onEnd);
  return new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 143)));
  }).finally(() => process.off("SIGINT", onInterrupt).off("SIGTERM", onEnd));
}
