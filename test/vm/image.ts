/** Disk and kernel of a full virtual machine: a Debian server with the release's own kernel. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { run } from "../../lab/run";

/** As much as Azure's image has of what matters here, and a kernel with loadable modules. */
const PACKAGES = [
  ...["systemd-sysv", "dbus", "udev", "cloud-init", "locales", "netbase", "procps", "kmod"],
  ...["iproute2", "iptables", "nftables", "openssh-server", "ca-certificates", "python3"],
  ...["linux-image-cloud-amd64", "initramfs-tools", "zstd"],
];

/** The platform's part: DHCP gives the NIC its address before cloud-init looks; here it is fixed. */
const NETWORK = `[Match]
Driver=virtio_net
[Network]
Address=10.7.1.5/24
Gateway=10.7.1.1
`;

/** Runs what comes by the second serial line: the test's hand inside the machine. */
const HAND = `[Service]
ExecStart=/bin/sh -c 'while read -r line; do sh -c "$line"; done'
StandardInput=file:/dev/ttyS1
Restart=always
[Install]
WantedBy=multi-user.target
`;

const FINISH = [
  `rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/hostname"; : > "$1/etc/machine-id"`,
  `printf '%s' '${NETWORK}' > "$1/etc/systemd/network/10-nic.network"`,
  `systemctl --root="$1" enable systemd-networkd.service`,
  `systemctl --root="$1" mask apt-daily.timer apt-daily-upgrade.timer systemd-networkd-wait-online.service`,
  // The journal of a boot that went wrong is read from the disk.
  `mkdir -p "$1/var/log/journal"`,
  `printf '/dev/vda / ext4 defaults 0 1\\n' > "$1/etc/fstab"`,
].join("\n");

/** Releases of Debian that the machine is made of: a kernel of long standing, and the newest. */
export const RELEASES = ["bookworm", "sid"] as const;
export type Release = (typeof RELEASES)[number];

/** The releases that are named, or both. Throws for one that is none of them. */
export function releasesIn(names: readonly string[]): readonly Release[] {
  const unknown = names.filter((name) => !RELEASES.some((release) => release === name));
  if (unknown.length > 0) {
    throw new Error(
      `${unknown.join(", ")}: no release that is tested; there are ${RELEASES.join(", ")}`,
    );
  }
  return RELEASES.filter((release) => names.length === 0 || names.includes(release));
}

const recipeOf = (release: Release) => [
  ...["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", "--format=directory"],
  `--include=${PACKAGES.join(",")}`,
  "--aptopt=APT::Install-Recommends false",
  // A mirror may lag behind; what it has is signed all the same.
  "--aptopt=Acquire::Check-Valid-Until false",
  `--customize-hook=${FINISH}`,
  release,
];

export interface VmImage {
  /** Folder of the root file system. */
  root: string;
  kernel: string;
  initrd: string;
}

/** The image of a release, built if the cache has none of this recipe; minutes. */
export async function vmImage(cacheDir: string, release: Release): Promise<VmImage> {
  const recipe = recipeOf(release);
  const name = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 16);
  const folder = path.join(cacheDir, "vm", name);
  if (!existsSync(folder)) {
    const building = `${folder}.${process.pid}`;
    await mkdir(path.dirname(folder), { recursive: true });
    const box = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL"];
    await run([...box, "--", ...recipe, building], { timeoutSeconds: 900 });
    await rename(building, folder);
  }
  const boot = await readdir(path.join(folder, "boot"));
  const find = (start: string) => {
    const file = boot.find((entry) => entry.startsWith(start));
    if (file === undefined) throw new Error(`no ${start} in ${folder}/boot`);
    return path.join(folder, "boot", file);
  };
  return { root: folder, kernel: find("vmlinuz-"), initrd: find("initrd.img-") };
}

/** A disk that was never booted, with the seed that cloud-init reads: a file system in a file. */
export async function vmDisk(image: VmImage, dir: string, customData: Uint8Array): Promise<string> {
  const [tree, upper, work] = ["tree", "upper", "work"].map((name) => path.join(dir, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [tree, upper, work]) await mkdir(folder, { recursive: true });
  const options = `lowerdir=${image.root},upperdir=${upper},workdir=${work}`;
  await run(["mount", "-t", "overlay", "overlay", "-o", options, tree]);
  try {
    const seed = path.join(tree, "var/lib/cloud/seed/nocloud");
    await mkdir(seed, { recursive: true });
    await writeFile(path.join(seed, "user-data"), customData);
    await writeFile(path.join(seed, "meta-data"), "instance-id: i-1\nlocal-hostname: nva\n");
    const config = "network: {config: disabled}\ndatasource_list: [NoCloud]\n";
    await writeFile(path.join(tree, "etc/cloud/cloud.cfg.d/90-platform.cfg"), config);
    await writeFile(path.join(tree, "etc/systemd/system/hand.service"), HAND);
    await run(["systemctl", `--root=${tree}`, "enable", "--quiet", "hand.service"]);
    const disk = path.join(dir, "disk.img");
    await run(["mkfs.ext4", "-q", "-d", tree, disk, "4G"], { timeoutSeconds: 300 });
    return disk;
  } finally {
    await run(["umount", tree]);
    await rm(upper, { recursive: true, force: true });
  }
}

/** Copies of kernel and initial RAM disk that the cache may lose meanwhile. */
export async function bootFiles(image: VmImage, dir: string): Promise<[string, string]> {
  const kernel = path.join(dir, "vmlinuz");
  const initrd = path.join(dir, "initrd");
  await copyFile(image.kernel, kernel);
  await copyFile(image.initrd, initrd);
  return [kernel, initrd];
}

/** What the guest's units said at every boot, read from the disk of a machine that is off. */
export async function vmJournal(disk: string): Promise<string> {
  const mount = path.join(path.dirname(disk), "off");
  await mkdir(mount, { recursive: true });
  await run(["mount", "-o", "loop", disk, mount]);
  try {
    const journal = ["journalctl", "-D", path.join(mount, "var/log/journal"), "--no-pager"];
    return (await run([...journal, "-o", "short-monotonic", "-u", "gwlb*"])).stdout;
  } finally {
    await run(["umount", mount]);
  }
}
