/** The Pulumi project that a command is about. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { UserError } from "../userError";

export interface Project {
  name: string;
  /** Language of the program: `nodejs`, `yaml`. */
  runtime: string;
  /** Folder of the project file, without links. */
  dir: string;
  /** `Pulumi.yaml`, absolute. */
  file: string;
  /** Folder of the stacks' settings. */
  settingsDir: string;
}

const NAMES = ["Pulumi.yaml", "Pulumi.yml"];

/** The project of a folder: the nearest project file at or above it; undefined without one. */
export function findProject(from: string): Project | undefined {
  for (let dir = path.resolve(from); ; dir = path.dirname(dir)) {
    const name = NAMES.find((candidate) => existsSync(path.join(dir, candidate)));
    if (name !== undefined) return readProject(path.join(realpathSync(dir), name));
    if (dir === path.dirname(dir)) return undefined;
  }
}

/** Like {@link findProject}, and a UserError where there is none. */
export function requireProject(from: string): Project {
  const project = findProject(from);
  if (project !== undefined) return project;
  throw new UserError(`no Pulumi.yaml in ${from} or above it: go to a project's folder`);
}

/** Settings of a stack, as the engine names the file. Pure. */
export function stackSettings(project: Project, stack: string): string {
  return path.join(project.settingsDir, `Pulumi.${stack}${path.extname(project.file)}`);
}

/** The file in which an engine keeps which stack of a project is selected. Pure. */
export function selectionFile(engineHome: string, project: Pick<Project, "name" | "file">): string {
  const hash = createHash("sha1").update(project.file).digest("hex");
  return path.join(engineHome, "workspaces", `${project.name}-${hash}-workspace.json`);
}

/** The selected stack by its short name; undefined when none was selected yet. */
export function selectedStack(engineHome: string, project: Project): string | undefined {
  const file = selectionFile(engineHome, project);
  if (!existsSync(file)) return undefined;
  const { stack } = JSON.parse(readFileSync(file, "utf8")) as { stack?: string };
  return stack === undefined || stack === "" ? undefined : stack.split("/").at(-1);
}

function readProject(file: string): Project {
  const dir = path.dirname(file);
  let settings: { name?: unknown; runtime?: unknown; stackConfigDir?: unknown } | null;
  try {
    settings = parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new UserError(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const { name, runtime, stackConfigDir } = settings ?? {};
  if (typeof name !== "string" || name === "") throw new UserError(`${file}: has no name`);
  const below = typeof stackConfigDir === "string" ? stackConfigDir : ".";
  return { name, runtime: runtimeName(runtime), dir, file, settingsDir: path.resolve(dir, below) };
}

/** A runtime is a name, or a name with options. */
function runtimeName(runtime: unknown): string {
  const name =
    typeof runtime === "object" && runtime !== null && "name" in runtime ? runtime.name : runtime;
  return typeof name === "string" ? name : "";
}
