/** An NVA booted outside the lab from its real customData, by real systemd and real cloud-init. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { bundlePolicy } from "../../components/policy/bundle";
import type { FirewallPolicy } from "../../components/policy/policy";
import { removeCgroups } from "../../lab/machine/cgroups";
import { ensureRootfs } from "../../lab/machine/image";
import { Machine } from "../../lab/machine/machine";
import { cacheDir } from "../../lab/paths";
import { Progress } from "../../lab/progress";
import { POLICY_PROGRAM } from "../../lab/proof/proof";
import { type Argv, run } from "../../lab/run";
import { Undo } from "../../lab/undo";
import { renderCustomData } from "../../nva-cloud-init/cloudConfig";
import { FILES } from "../../nva-cloud-init/contract/contract";
import { Outside, type OutsideOptions, settings } from "./outside";

/** The reference case's rule, everything else allowed. */
export const RULE = "no-ssh-from-8-8-8-8";
export const policy: FirewallPolicy = {
  rules: [
    {
      name: RULE,
      action: "drop",
      direction: "inbound",
      sources: ["8.8.8.8"],
      protocol: "tcp",
      ports: ["22"],
    },
  ],
  defaultInbound: "allow",
  defaultOutbound: "allow",
};

/** Seconds that the first healthy answer may take, on a machine that others use. */
export const HEALTHY = 120;

export interface GuestOptions extends OutsideOptions {
  /** Its name, from which those of its namespaces are made; default `nva`. */
  name?: string;
}

export class Guest {
  #boots = 0;

  private constructor(
    readonly outside: Outside,
    readonly machine: Machine,
  ) {}

  /** Network namespace of the current run. */
  get netns(): string {
    return `${this.machine.spec.name}-${this.#boots}`;
  }

  /** A machine that is off and was never on. */
  static async make(undo: Undo, options: GuestOptions = {}): Promise<Guest> {
    const { name = "nva" } = options;
    const dir = await mkdtemp(path.join(os.tmpdir(), "gwlb-guest-"));
    undo.add("folder", () => rm(dir, { recursive: true, force: true }));
    undo.add("control groups", () => forgetGroups(dir));
    const outside = await Outside.make(undo, options);
    const host = {
      labDir: dir,
      image: await ensureRootfs(cacheDir(), new Progress()),
      machines: path.join(dir, "machines"),
      consoles: path.join(dir, "consoles"),
    };
    const machine = await Machine.attach(host, {
      id: randomUUID(),
      name,
      hostname: "nva",
      sshKeys: [],
      customData: Buffer.from(renderCustomData(settings)).toString("base64"),
    });
    undo.add("machine", () => machine.destroy());
    return new Guest(outside, machine);
  }

  /** A healthy machine with the reference policy. */
  static async healthy(undo: Undo, content = policy, options: GuestOptions = {}): Promise<Guest> {
    const guest = await Guest.make(undo, options);
    await guest.outside.userData(bundlePolicy(content).userData);
    await guest.boot();
    await guest.outside.probeUntil(200, HEALTHY).catch(async (cause: unknown) => {
      throw new Error(`${String(cause)}\n${await guest.journal()}`);
    });
    return guest;
  }

  /** Boots in a namespace that no earlier boot has left anything in. */
  async boot(): Promise<void> {
    this.#boots += 1;
    await this.outside.plug(this.netns);
    await this.machine.boot(this.netns, () => undefined);
  }

  /** Reboots as the machine's own `reboot` does, devices and rules gone as on real hardware. */
  async reboot(): Promise<void> {
    await this.exec(["systemctl", "reboot"], { allowed: [0, 1, 255] });
    // The machine goes once the load balancer has heard of it.
    let off = false;
    void this.machine.ended.then(() => {
      off = true;
    });
    while (!off) await this.outside.probe(settings.probePath, 0.2);
    await this.rebootEnded();
  }

  /** Boots again what has ended by a reboot. */
  async rebootEnded(): Promise<void> {
    await this.machine.ended;
    await this.outside.unplug(this.netns);
    await this.boot();
  }

  /** Runs a command on the machine; returns what it printed. */
  async exec(
    argv: Argv,
    options: { allowed?: readonly number[]; input?: string } = {},
  ): Promise<string> {
    const enter = ["nsenter", "-t", String(this.machine.leader), "-a", "--"];
    const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
    return (await run([...enter, ...argv], { env, ...options })).stdout;
  }

  /** Runs a shell line on the machine. */
  sh(line: string): Promise<string> {
    return this.exec(["sh", "-c", line]);
  }

  /** Waits until the policy with this hash is in force. */
  async inForce(hash: string, seconds = 20): Promise<void> {
    // The policy before it is named there as well, under another key.
    const is = `grep -q '"hash": "${hash}"' ${FILES.policyState}`;
    await this.exec(["timeout", `${seconds}`, "sh", "-c", `until ${is}; do sleep 0.1; done`]);
  }

  /** Waits until a unit runs, as one does that is started anew. */
  async active(unit: string, seconds: number): Promise<void> {
    const end = Date.now() + seconds * 1000;
    const states = [0, 3];
    while (
      (await this.exec(["systemctl", "is-active", unit], { allowed: states })) !== "active\n"
    ) {
      if (Date.now() > end) throw new Error(`${unit} does not run after ${seconds} s`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Output of the policy's program. */
  policy(verb: "counters" | "metrics"): Promise<string> {
    return this.exec([POLICY_PROGRAM, verb]);
  }

  /** A metric without labels. */
  async metric(name: string): Promise<number> {
    const line = new RegExp(`^${name} (\\d+)$`, "m");
    return Number(line.exec(await this.policy("metrics"))?.[1]);
  }

  /** Packets that a rule of the policy has counted. */
  async counted(rule: string): Promise<number> {
    const lines = (await this.policy("counters")).trim().split("\n");
    const rows = lines.map((line) => JSON.parse(line) as { rule: string; packets: number });
    return rows.find((row) => row.rule === rule)?.packets ?? 0;
  }

  /** The units' lines in the journal. */
  journal(): Promise<string> {
    return this.sh(
      "journalctl -b --no-pager -o short-monotonic | grep -e gwlb -e cloud-init | tail -n 300 || true",
    );
  }
}

/** Processes of a machine whose power was taken away are gone only a moment later. */
async function forgetGroups(dir: string): Promise<void> {
  const end = Date.now() + 10_000;
  for (let left = removeCgroups(dir); left.length > 0; left = removeCgroups(dir)) {
    if (Date.now() > end) throw new Error(`still there: ${left.join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs a test with a healthy machine and shows the machine's journal if it fails. */
export async function withHealthyGuest(work: (guest: Guest) => Promise<void>): Promise<void> {
  const undo = new Undo();
  let guest: Guest | undefined;
  try {
    guest = await Guest.healthy(undo);
    await work(guest);
  } catch (cause) {
    if (guest?.machine.leader !== undefined) console.error(await guest.journal());
    throw cause;
  } finally {
    await undo.run();
  }
}
