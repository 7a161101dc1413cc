/** Runs test files in process trees of their own, which end with this process, however that ends. */
import { start } from "../../lab/run";
import { boxed } from "./box";

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** Time for a test that was told to stop to clean up; then the kernel does it. */
const CLEAN_UP_MS = 30_000;

/** Set by the first signal: no other test file is begun. */
let interrupted = false;
export const isInterrupted = (): boolean => interrupted;

/**
 * The command, which then takes what others leave of the processor. The kernel shares it among
 * sessions before it looks at the processes in one, so the session's share is lowered too.
 */
const inBackground = (argv: readonly string[]): string[] => [
  ...["sh", "-c", '{ echo 19 >/proc/self/autogroup; } 2>/dev/null; exec nice -n 19 "$@"'],
  ...["background", ...argv],
];

export interface RunFilesOptions {
  cwd: string;
  /** Variables beside those of this process. */
  env?: NodeJS.ProcessEnv;
  /** Files at a time; default 1. */
  concurrency?: number;
  /** In namespaces of their own; default false. */
  box?: boolean;
  /** Shows what is printed when it is, not at the end; default true. */
  live?: boolean;
  /** With what others leave of the processor, in a session of its own; default false. */
  background?: boolean;
}

/** Runs test files in one process tree, shows what they print, and reads the closing counts. */
export async function runFiles(
  files: readonly string[],
  { cwd, env, concurrency = 1, box = false, live = true, background = false }: RunFilesOptions,
): Promise<Counts> {
  const argv = [
    process.execPath,
    ...["--require", "tsx/cjs", "--test", "--test-reporter=spec"],
    `--test-concurrency=${concurrency}`,
    ...files,
  ];
  const child = start(box ? boxed(argv) : background ? inBackground(argv) : argv, {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env, FORCE_COLOR: undefined, NODE_TEST_CONTEXT: undefined },
    // A group of its own: the process that is around a box takes no signal but the last one.
    detached: true,
  });
  const kill = (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, signal);
  };
  let late: NodeJS.Timeout | undefined;
  const forward = (signal: NodeJS.Signals) => {
    interrupted = true;
    // A person who asks twice does not want to wait; the kernel removes what is in a box.
    kill(late === undefined ? signal : "SIGKILL");
    late ??= setTimeout(() => kill("SIGKILL"), CLEAN_UP_MS);
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    if (live) process.stdout.write(chunk);
    text += chunk.toString();
  });
  const code = await new Promise<number>((resolve) => child.on("close", (c) => resolve(c ?? 1)));
  for (const signal of SIGNALS) process.off(signal, forward);
  clearTimeout(late);
  if (!live)
    process.stdout.write(`-- ${files.length === 1 ? files[0] : `${files.length} files`}\n${text}`);
  const count = (word: string) =>
    Number([...text.matchAll(new RegExp(`^ℹ ${word} (\\d+)`, "gm"))].at(-1)?.[1] ?? 0);
  const failed = count("fail") + count("cancelled");
  // A runner that dies before its summary has proven nothing.
  return {
    passed: count("pass"),
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: count("skipped") + count("todo"),
  };
}
