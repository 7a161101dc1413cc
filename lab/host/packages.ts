/** Needs of the lab on this machine, and the distribution's packages that meet them. */
import { existsSync } from "node:fs";
import type { Progress } from "../progress";
import { CommandError, run } from "../run";
import { which } from "./which";

/** A program, or a file by its whole path, and the Debian package that it comes with. */
export interface Tool {
  command: string;
  debianPackage: string;
}

/** Programs that carry machines and packets. */
export const FABRIC_TOOLS: readonly Tool[] = [
  { command: "unshare", debianPackage: "util-linux" },
  { command: "setpriv", debianPackage: "util-linux" },
  { command: "ip", debianPackage: "iproute2" },
  { command: "sysctl", debianPackage: "procps" },
  { command: "mkfs.ext4", debianPackage: "e2fsprogs" },
  { command: "nft", debianPackage: "nftables" },
  { command: "iptables", debianPackage: "iptables" },
  { command: "mmdebstrap", debianPackage: "mmdebstrap" },
  // The machine image is Debian's; Ubuntu does not bring the keys that vouch for it.
  {
    command: "/usr/share/keyrings/debian-archive-keyring.gpg",
    debianPackage: "debian-archive-keyring",
  },
  { command: "systemd-nspawn", debianPackage: "systemd-container" },
  { command: "python3", debianPackage: "python3" },
  { command: "tcpdump", debianPackage: "tcpdump" },
  { command: "tshark", debianPackage: "tshark" },
];

/** Whether packets can flow here, and if not, why: one line, with the command that helps. */
export type HostVerdict = { packets: true } | { packets: false; reason: string };

/** The machine as {@link ensureHost} asks it; a test answers in its place. */
export interface Host {
  platform: NodeJS.Platform;
  root: boolean;
  /** True if the machine installs packages with apt. */
  apt: boolean;
  has: (command: string) => boolean;
  install: (packages: readonly string[]) => Promise<void>;
  /** Undefined if namespaces can be made here, else what the machine says. */
  namespaces: () => Promise<string | undefined>;
}

/**
 * Makes this machine able to carry packets. As root on Debian or Ubuntu it installs what is
 * missing; elsewhere it says what is.
 */
export async function ensureHost(
  progress: Progress,
  host: Host = thisHost(),
  tools: readonly Tool[] = FABRIC_TOOLS,
): Promise<HostVerdict> {
  const no = (reason: string): HostVerdict => ({ packets: false, reason });
  if (host.platform !== "linux") return no("machines and packets need Linux, as root");
  if (!host.root) return no("machines and packets need root: sudo npm start");
  const missing = missingPackages(host.has, tools);
  if (missing.length > 0) {
    const command = `apt-get install ${missing.join(" ")}`;
    if (!host.apt) return no(`missing: ${missing.join(", ")} (Debian, Ubuntu: ${command})`);
    try {
      await progress.step(`installing ${missing.join(", ")}`, () => host.install(missing));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      const last = error.stderr.trim().split("\n").at(-1) ?? error.reason;
      return no(`${command} failed: ${last}`);
    }
  }
  const refused = await host.namespaces();
  return refused === undefined ? { packets: true } : no(`no namespaces here: ${refused}`);
}

/** Packages of the programs that are not there, each once, in order. Pure but for the question. */
export function missingPackages(
  has: (command: string) => boolean,
  tools: readonly Tool[] = FABRIC_TOOLS,
): string[] {
  const missing = tools.filter(({ command }) => !has(command));
  return [...new Set(missing.map(({ debianPackage }) => debianPackage))];
}

/** The machine that this runs on. */
export function thisHost(): Host {
  return {
    platform: process.platform,
    root: process.getuid?.() === 0,
    apt: which("apt-get") !== undefined && existsSync("/etc/debian_version"),
    has: (command) =>
      command.startsWith("/") ? existsSync(command) : which(command) !== undefined,
    install: aptInstall,
    namespaces: async () => {
      const probe = ["unshare", "--mount", "--pid", "--net", "--fork", "true"];
      const failed = await run(probe).then(
        () => undefined,
        (error: unknown) => error,
      );
      return failed instanceof CommandError ? failed.stderr.trim() : undefined;
    },
  };
}

/** The lists of a fresh image are empty, and those of an old machine point to what is gone. */
async function aptInstall(packages: readonly string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args: string[]) =>
    run(["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", ...args], { env, timeoutSeconds: 900 });
  const install = () => apt("install", "--yes", "--no-install-recommends", ...packages);
  try {
    await install();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    await apt("update");
    await install();
  }
}
