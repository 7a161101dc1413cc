/** Namespaces around one test process: whatever it makes, the kernel removes when it ends. */

/**
 * The command, run with mounts, processes and network of its own. The outer process is killed
 * with its parent, and takes everything inside with it.
 */
export function boxed(argv: readonly string[]): string[] {
  return [
    ...["setpriv", "--pdeathsig", "KILL", "--", "unshare"],
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
