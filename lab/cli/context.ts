/** What every verb needs to know first: which lab, and from where it was called. */
import path from "node:path";
import { type Command, Option } from "commander";
import { findProject } from "../engine/project";
import { callerDir, type LabPaths, labPaths } from "../paths";

export interface Context {
  lab: LabPaths;
  /** Folder that the user stands in. */
  cwd: string;
}

/** Adds `--lab DIR`, which works before the verb and after it. */
export function withLabOption(command: Command): Command {
  const text = "the lab's folder (default: .lab in the project's folder)";
  return command.addOption(new Option("--lab <dir>", text).env("GWLB_LAB"));
}

/** The lab that a verb is about. */
export function contextOf(command: Command): Context {
  const cwd = callerDir();
  const { lab } = command.optsWithGlobals<{ lab?: string }>();
  const home = findProject(cwd)?.dir ?? cwd;
  return { cwd, lab: labPaths(path.resolve(cwd, lab ?? path.join(home, ".lab"))) };
}
