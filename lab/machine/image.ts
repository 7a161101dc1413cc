/** The root file system that stands in for Azure's Ubuntu image: built once a recipe, then shared. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import lockfile from "proper-lockfile";
import type { Progress } from "../progress";
import { run } from "../run";

const SUITE = "bookworm";

/** Packages of the stock Ubuntu server image that a guest may use; nothing that the image lacks. */
const PACKAGES = [
  ...["systemd-sysv", "dbus", "udev", "locales", "cloud-init", "netbase", "procps", "kmod"],
  ...["iproute2", "iptables", "nftables", "iputils-ping", "openssh-server", "ca-certificates"],
  ...["python3", "curl", "sudo", "less"],
];

/** Timers that would wake a machine for nothing: there is no package archive to reach. */
const MASKED = [
  ...["apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer"],
  ...[
    "e2scrub_reap.service",
    "fstrim.timer",
    "systemd-networkd.service",
    "systemd-timesyncd.service",
  ],
];

/** Run in the fresh tree (`$1`): what makes a tree an image, from which many machines start. */
const FINISH = [
  ...MASKED.map((unit) => `ln -sf /dev/null "$1/etc/systemd/system/${unit}"`),
  // Each machine gets its own identity at its first boot.
  `rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/hostname" "$1/etc/resolv.conf"`,
  `: > "$1/etc/machine-id"`,
].join("\n");

/** The longest that a build may take, in seconds. */
const BUILD_SECONDS = 900;

const recipe = [
  ...["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", "--format=directory"],
  `--include=${PACKAGES.join(",")}`,
  "--aptopt=APT::Install-Recommends false",
  `--customize-hook=${FINISH}`,
  SUITE,
];

/** Name of the image: another recipe is another image. */
export const imageName = createHash("sha256")
  .update(JSON.stringify(recipe))
  .digest("hex")
  .slice(0, 16);

/**
 * Folder of the root file system, built if it is not in the cache yet. Several processes may ask
 * at once; one builds, the others wait. An interrupted build leaves nothing that counts.
 */
export async function ensureRootfs(cacheDir: string, progress: Progress): Promise<string> {
  const folder = path.join(cacheDir, "rootfs");
  const target = path.join(folder, imageName);
  if (existsSync(target)) return target;
  await mkdir(folder, { recursive: true });
  const release = await lockfile.lock(folder, {
    stale: 10_000,
    retries: { retries: BUILD_SECONDS, minTimeout: 1000, maxTimeout: 1000 },
  });
  try {
    if (existsSync(target)) return target;
    for (const name of await readdir(folder)) {
      if (name.startsWith("building-")) await rm(path.join(folder, name), { recursive: true });
    }
    const building = path.join(folder, `building-${process.pid}`);
    await progress.step("building the machines' root file system", () => build(building));
    await rename(building, target);
    return target;
  } finally {
    await release();
  }
}

/** In namespaces of its own: whatever a killed build has mounted and started ends with it. */
async function build(folder: string): Promise<void> {
  const box = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL"];
  await run([...box, "--", ...recipe, folder], {
    timeoutSeconds: BUILD_SECONDS,
    env: { ...process.env, TMPDIR: path.dirname(folder) },
  });
}
