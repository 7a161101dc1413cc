/** An engine's command line, as far as the lab must know it before it passes it on. Pure. */

export interface CommandLine {
  /** The command, without flags and arguments: "up", "stack", "config". */
  command: string;
  /** The word after the command that is no flag: "init" of `stack init`. */
  sub: string;
  /** `--stack`, by its short name. */
  stack?: string;
  /** `--cwd`, as given. */
  cwd?: string;
  /** How the lab runs it. */
  kind: CommandKind;
}

/**
 * - `plain`: passed on as it is.
 * - `stack`: works on the selected stack, which must exist.
 * - `settings`: reads the stack's settings as well, and takes `--config-file`.
 * - `edit`: changes the stack's settings.
 * - `own`: creates, selects or removes a stack, and would write or delete its settings.
 */
export type CommandKind = "plain" | "stack" | "settings" | "edit" | "own";

const SETTINGS = new Set([
  ...["up", "update", "preview", "pre", "destroy", "down", "dn"],
  ...["refresh", "import", "watch", "logs"],
]);
const CONFIG = new Set(["config", "conf", "cfg"]);
const OWN = new Set(["init", "select", "rm", "new"]);
/** Flags of all commands that are followed by a value of their own. */
const WITH_VALUE = new Set([
  ...["-s", "--stack", "-C", "--cwd", "--color", "-v", "--verbose", "--profiling", "--tracing"],
  ...[
    "--memprofilerate",
    "-m",
    "--message",
    "-p",
    "--parallel",
    "-t",
    "--target",
    "-c",
    "--config",
  ],
  ...["--policy-pack", "--policy-pack-config", "--save-plan", "--plan", "-o", "--output", "--file"],
]);

/** Reads a command line of the engine. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const words: string[] = [];
  let stack: string | undefined;
  let cwd: string | undefined;
  let ownSettings = false;
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? "";
    if (arg === "--") break;
    const equals = arg.startsWith("--") ? arg.indexOf("=") : -1;
    const flag = equals < 0 ? arg : arg.slice(0, equals);
    const value = equals < 0 ? args[index + 1] : arg.slice(equals + 1);
    if (flag === "-s" || flag === "--stack") stack = value?.split("/").at(-1);
    if (flag === "-C" || flag === "--cwd") cwd = value;
    if (flag === "--config-file") ownSettings = true;
    if (!arg.startsWith("-")) words.push(arg);
    else if (equals < 0 && WITH_VALUE.has(flag)) index += 1;
  }
  const [command = "", sub = ""] = words;
  const plain = ownSettings || args.includes("--help") || args.includes("-h");
  return { command, sub, stack, cwd, kind: plain ? "plain" : kindOf(command, sub) };
}

function kindOf(command: string, sub: string): CommandKind {
  if (SETTINGS.has(command)) return "settings";
  if (CONFIG.has(command)) return sub === "" || sub === "get" ? "settings" : "edit";
  if (command === "stack") return OWN.has(sub) ? "own" : sub === "ls" ? "plain" : "stack";
  return command === "state" || command === "cancel" ? "stack" : "plain";
}
