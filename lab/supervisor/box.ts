/**
 * The box: namespaces of its own for mounts, processes and network, around everything that the
 * fabric makes. When its first process ends, the kernel ends and removes all of it. Pure.
 */
import path from "node:path";
import { checkout } from "../paths";
import type { Argv } from "../run";

/** Tells the first process of the box its number outside of the box. */
export const BOX_PID = "GWLB_BOX_PID";

/**
 * Runs in the box before the fabric. The old /proc still stands at its first line, and shows this
 * shell under its outside number. Names of network namespaces stay inside, so they can be plain.
 */
const PREPARE = [
  `read -r ${BOX_PID} _ </proc/self/stat`,
  `export ${BOX_PID}`,
  "mount -t proc -o nosuid,nodev,noexec proc /proc",
  "mkdir -p /run/netns",
  "mount -t tmpfs -o mode=755 tmpfs /run/netns",
  "ip link set lo up",
  'exec "$@"',
].join(" && ");

/** The command, in a box that ends with the process that starts it. */
export function boxArgv(command: Argv): Argv {
  return [
    // Without the first word, a box whose starter is killed would live on.
    ...["setpriv", "--pdeathsig", "KILL", "--"],
    ...["unshare", "--mount", "--propagation", "private", "--pid", "--net"],
    ...["--fork", "--kill-child=SIGKILL", "--"],
    ...["sh", "-c", PREPARE, "box", ...command],
  ];
}

/** A TypeScript program of this checkout as a command. */
export function nodeArgv(script: string, args: Argv = []): Argv {
  const tsx = path.join(checkout, "node_modules/tsx/dist/cjs/index.cjs");
  return [process.execPath, "-r", tsx, path.join(checkout, script), ...args];
}

/** The first process of a lab's box. */
export function fabricArgv(labDir: string): Argv {
  return boxArgv(nodeArgv("lab/supervisor/main.ts", ["--lab", labDir]));
}
