/** Namespaces around one test process: whatever it makes, the kernel removes when it ends. */
import { run } from "../../lab/run";

/**
 * The command, run with mounts, processes and network of its own. The outer process is killed
 * with its parent, and takes everything inside with it.
 */
export function boxed(argv: readonly string[]): string[] {
  return [
    "unshare",
    ...["--mount", "--propagation", "private", "--pid", "--net", "--fork"],
    ...["--mount-proc", "--kill-child=SIGKILL", "--"],
    ...[
      "sh",
      "-c",
      'ip link set lo up; mkdir -p /run/netns; mount -t tmpfs tmpfs /run/netns; "$@"',
    ],
    "box",
    ...argv,
  ];
}

/** Why data-path tests cannot run here; undefined if they can. */
export async function missingForDataPath(): Promise<string | undefined> {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root";
  try {
    await run(boxed(["true"]));
  } catch (cause) {
    return `cannot make namespaces: ${String(cause)}`;
  }
  return undefined;
}
