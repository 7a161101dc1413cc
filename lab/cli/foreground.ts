/** Commands that take over the terminal. */
import os from "node:os";
import { createInterface } from "node:readline";
import { endDescendants } from "../host/processes";
import { type Argv, type StartOptions, start } from "../run";

export interface ForegroundOptions extends StartOptions {
  /** Takes each line that the command prints; without it they go to the terminal as they are. */
  onLine?: (line: string) => void;
}

/**
 * Runs a command on this process's terminal and returns its exit code, as shells count it. A
 * request to end also ends what the command has started elsewhere.
 */
export function foreground(argv: Argv, options: ForegroundOptions = {}): Promise<number> {
  const { onLine, ...rest } = options;
  const stdio = onLine === undefined ? "inherit" : (["inherit", "pipe", "inherit"] as const);
  const child = start(argv, { stdio, ...rest } as StartOptions);
  if (onLine !== undefined && child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", onLine);
  }
  const onInterrupt = () => {
    if (!process.stdin.isTTY) void endDescendants(process.pid);
  };
  const onEnd = () => void endDescendants(process.pid);
  process.on("SIGINT", onInterrupt).on("SIGTERM", onEnd).on("SIGHUP", onEnd);
  return new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : os.constants.signals[signal])),
    );
  }).finally(() => process.off("SIGINT", onInterrupt).off("SIGTERM", onEnd).off("SIGHUP", onEnd));
}
