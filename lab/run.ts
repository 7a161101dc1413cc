/** The one place of the lab that starts other programs. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";

/** Choices that {@link start} leaves to the caller: streams, folder, environment. */
export type StartOptions = SpawnOptions;

/** A command as an argument list; never a shell string. */
export type Argv = readonly string[];

export interface RunOptions {
  /** For standard input; without it the command reads from /dev/null. */
  input?: string | Uint8Array;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Seconds until the command is killed; default 60, 0 for no limit. */
  timeoutSeconds?: number;
  /** Exit codes that are no error; default [0]. */
  allowed?: readonly number[];
}

export interface RunResult {
  argv: Argv;
  code: number;
  stdout: string;
  stderr: string;
}

/** A command that could not be started, ran into its time limit, or ended with a code not allowed. */
export class CommandError extends Error {
  constructor(
    readonly argv: Argv,
    readonly code: number | undefined,
    readonly reason: string,
    readonly stdout: string,
    readonly stderr: string,
  ) {
    const lines = [
      `command: ${argv.join(" ")}`,
      `reason: ${reason}`,
      `stdout: ${stdout.trim() || "-"}`,
      `stderr: ${stderr.trim() || "-"}`,
    ];
    super(lines.join("\n"));
    this.name = "CommandError";
  }
}

/** Runs a command to its end and keeps what it printed. */
export function run(argv: Argv, options: RunOptions = {}): Promise<RunResult> {
  const { allowed = [0], timeoutSeconds = 60 } = options;
  return new Promise((resolve, reject) => {
    const child = start(argv, {
      cwd: options.cwd,
      env: options.env,
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let timedOut = false;
    const timer =
      timeoutSeconds > 0
        ? setTimeout(() => {
            timedOut = true;
            child.kill("SIGKILL");
          }, timeoutSeconds * 1000)
        : undefined;
    child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => err.push(chunk));
    const text = () => [Buffer.concat(out).toString(), Buffer.concat(err).toString()] as const;
    child.on("error", (cause) => {
      clearTimeout(timer);
      reject(new CommandError(argv, undefined, cause.message, ...text()));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const [stdout, stderr] = text();
      if (code !== null && allowed.includes(code)) return resolve({ argv, code, stdout, stderr });
      const reason = timedOut
        ? `not done after ${timeoutSeconds} s`
        : signal
          ? `ended by ${signal}`
          : `exit code ${code}`;
      reject(new CommandError(argv, code ?? undefined, reason, stdout, stderr));
    });
    // A command may end before it has read all; its exit code says what there is to say.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input);
  });
}

/** Starts a command and leaves it to the caller: its streams, its signals, its end. */
export function start(argv: Argv, options: StartOptions = {}): ChildProcess {
  const [file, ...args] = argv;
  if (file === undefined) throw new Error("an empty command cannot be run");
  return spawn(file, args, options);
}
