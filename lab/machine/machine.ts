/** A VM that runs: systemd-nspawn over its own disk, control groups and network namespace. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { start } from "../run";
import { watchFile } from "../watchFile";
import { ENTER_CGROUPS, MachineCgroup } from "./cgroup";
import { Disk } from "./disk";
import { type MachineSpec, seedFiles } from "./seed";

/** How a machine's run ended: `reboot` asks for the next one. */
export type MachineEnd = "reboot" | "poweroff" | "crash";

export interface MachineHost {
  /** Folder of the lab: names the control groups. */
  labDir: string;
  /** Root file system that all machines start from. */
  image: string;
  /** Folder of the disks. */
  machines: string;
  /** Folder of the console logs. */
  consoles: string;
}

/** Exit code of systemd-nspawn when the machine in it wants to be started again. */
const REBOOT_CODE = 133;
/** The machine's first process must be there within this time, in milliseconds. */
const LEADER_MS = 15_000;

/** How often memory that a machine does not use is taken from it, in milliseconds. */
const SQUEEZE_MS = 20;

export class Machine {
  readonly #host: MachineHost;
  readonly #disk: Disk;
  readonly #cgroup: MachineCgroup;
  readonly spec: MachineSpec;
  #leader: number | undefined;
  #squeeze: NodeJS.Timeout | undefined;
  #nspawn: ReturnType<typeof start> | undefined;
  #ended: Promise<MachineEnd> = Promise.resolve("poweroff");

  private constructor(host: MachineHost, spec: MachineSpec, disk: Disk) {
    this.#host = host;
    this.spec = spec;
    this.#disk = disk;
    this.#cgroup = new MachineCgroup(host.labDir, spec.id);
  }

  /** A machine that is off, with the disk that it had, or a new one that was never booted. */
  static async attach(host: MachineHost, spec: MachineSpec): Promise<Machine> {
    const dir = path.join(host.machines, spec.id);
    const content = { image: host.image, files: seedFiles(spec), generation: spec.disk ?? 0 };
    return new Machine(host, spec, await Disk.attach(dir, content));
  }

  /** Its init in the caller's process table; undefined while it is off. */
  get leader(): number | undefined {
    return this.#leader;
  }

  /** The end of the current run. */
  get ended(): Promise<MachineEnd> {
    return this.#ended;
  }

  /**
   * Boots in a network namespace; returns once its init runs. `onBooted` is called when cloud-init
   * has gone through its final stage.
   */
  async boot(netns: string, onBooted: () => void): Promise<void> {
    const stopWatching = await this.#watchBoot(onBooted);
    await mkdir(this.#host.consoles, { recursive: true });
    const log = await open(path.join(this.#host.consoles, `${this.spec.id}.log`), "a", 0o600);
    const child = start(
      ["sh", "-c", ENTER_CGROUPS, "machine", ...this.#cgroup.dirs, "--", ...this.#argv(netns)],
      {
        stdio: ["ignore", log.fd, log.fd],
        // Without it /proc/sys/net is read-only in the machine.
        env: { ...process.env, SYSTEMD_NSPAWN_API_VFS_WRITABLE: "network" },
      },
    );
    this.#nspawn = child;
    this.#ended = new Promise((resolve) => {
      const finish = (end: MachineEnd) => {
        stopWatching();
        this.takeMemory(false);
        this.#leader = undefined;
        this.#nspawn = undefined;
        resolve(end);
      };
      child.once("error", () => finish("crash"));
      child.once("close", (code) =>
        finish(code === REBOOT_CODE ? "reboot" : code === 0 ? "poweroff" : "crash"),
      );
    });
    await log.close();
    await this.#awaitLeader();
  }

  /** Asks the machine to power off, and takes its power away after some seconds. */
  async stop(graceSeconds: number): Promise<void> {
    const leader = this.#leader;
    if (leader === undefined || graceSeconds <= 0) return this.kill();
    // Like the power button: what systemd in a container understands as one.
    this.#nspawn?.kill("SIGTERM");
    const late = sleep(graceSeconds * 1000, "late" as const, { ref: false });
    if ((await Promise.race([this.#ended, late])) === "late") await this.kill();
  }

  /** Takes its power away. */
  async kill(): Promise<void> {
    this.freeze(false);
    for (const pid of [this.#leader, this.#nspawn?.pid]) {
      if (pid !== undefined) signal(pid);
    }
    await this.#ended;
  }

  /** Stops its CPU, with all that it was about to do, or lets it go on. */
  freeze(frozen: boolean): void {
    this.#cgroup.freeze(frozen);
  }

  /** Takes all space of its disk, or gives it back. */
  fillDisk(full: boolean): Promise<void> {
    return full ? this.#disk.fill() : this.#disk.empty();
  }

  /** Takes its memory, all but what its init needs, or gives it back. */
  takeMemory(taken: boolean): void {
    clearInterval(this.#squeeze);
    if (!taken) {
      this.#cgroup.freeMemory();
      return;
    }
    const squeeze = () => this.#cgroup.squeezeMemory(this.#leader);
    squeeze();
    this.#squeeze = setInterval(() => {
      try {
        squeeze();
      } catch (cause) {
        // Its group is gone, and with it whatever was to be squeezed.
        clearInterval(this.#squeeze);
        console.error(cause);
      }
    }, SQUEEZE_MS);
  }

  /** Switches off and detaches the disk, which stays. */
  async detach(graceSeconds: number): Promise<void> {
    await this.stop(graceSeconds);
    await this.#disk.detach();
  }

  /** Switches off and forgets the disk. */
  async destroy(): Promise<void> {
    await this.kill();
    await this.#disk.destroy();
    this.#cgroup.remove();
    await rm(path.join(this.#host.consoles, `${this.spec.id}.log`), { force: true });
  }

  #argv(netns: string): string[] {
    return [
      ...["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot"],
      ...["--directory", this.#disk.root, `--machine=m${this.spec.id.slice(0, 60)}`],
      `--hostname=${this.spec.hostname}`,
      `--network-namespace-path=/run/netns/${netns}`,
      ...["--capability=all", "--console=pipe", "--kill-signal=SIGRTMIN+3"],
      // On a machine of its own root may load eBPF.
      "--system-call-filter=bpf",
      ...["--link-journal=no", "--timezone=off", "--resolv-conf=off"],
    ];
  }

  /** cloud-init writes a file when it is done; the folder is there before, so no look is too early. */
  async #watchBoot(onBooted: () => void): Promise<() => void> {
    const folder = path.join(this.#disk.root, "var/lib/cloud/instances", this.spec.id);
    await mkdir(folder, { recursive: true });
    await rm(path.join(folder, "boot-finished"), { force: true });
    const finished = path.join(folder, "boot-finished");
    const stop = watchFile(finished, () => {
      if (!existsSync(finished)) return;
      stop();
      onBooted();
    });
    return stop;
  }

  /** systemd-nspawn tells nobody but systemd when its child is born. */
  async #awaitLeader(): Promise<void> {
    const pid = this.#nspawn?.pid;
    for (const deadline = Date.now() + LEADER_MS; Date.now() < deadline; await sleep(10)) {
      if (this.#nspawn === undefined) break;
      const leader = childOf(pid);
      if (leader !== undefined && isInit(leader)) {
        this.#leader = leader;
        return;
      }
    }
    if (this.#nspawn === undefined) throw new Error(`${this.spec.name}: it ended while starting`);
    await this.kill();
    throw new Error(`${this.spec.name}: no init after ${LEADER_MS / 1000} s`);
  }
}

/** True if the process has come to run the machine's own init. */
function isInit(pid: number): boolean {
  try {
    return /systemd$|init$/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? "");
  } catch {
    return false;
  }
}

function childOf(pid: number | undefined): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return Number(text.split(" ")[0]) || undefined;
  } catch {
    return undefined;
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // The process has ended by itself.
  }
}
