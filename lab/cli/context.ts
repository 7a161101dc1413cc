/** The context of every verb: which lab, and from where it was called. */
import path from "node:path";
import { type Command, Option } from "commander";
import { findProject, requireProject } from "../engine/project";
import { callerDir, type LabPaths, labPaths } from "../paths";

export interface Context {
  lab: LabPaths;
  /** Folder of the project that the verb is about: where the user stands, unless it is named. */
  cwd: string;
}

/** Adds `--lab DIR`, which works before the verb and after it. */
export function withLabOption(command: Command): Command {
  const text = "the lab's folder (default: .lab in the project's folder)";
  return command.addOption(new Option("--lab <dir>", text).env("GWLB_LAB"));
}

/** Adds `--project DIR` to a verb that works on a project. */
export function withProjectOption(command: Command): Command {
  return command.option("--project <dir>", "the project's folder (default: the current one)");
}

/**
 * The lab that a verb is about, and the project. A named project does not change the lab: it
 * stays that of the folder the user stands in, so that several projects meet in one Azure.
 */
export function contextOf(command: Command): Context {
  const from = callerDir();
  const { lab, project } = command.optsWithGlobals<{ lab?: string; project?: string }>();
  const cwd = path.resolve(from, project ?? ".");
  if (project !== undefined) requireProject(cwd);
  const home = findProject(from)?.dir ?? findProject(cwd)?.dir ?? from;
  return { cwd, lab: labPaths(path.resolve(from, lab ?? path.join(home, ".lab"))) };
}
