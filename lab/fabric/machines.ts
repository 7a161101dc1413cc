/** Keeps the machines that the store asks for: boots, reboots, removes them. */
import type { Machine, MachineEnd, MachineHost } from "../machine/machine";
import type { MachineSpec } from "../machine/seed";
import type { Vm } from "./model";
import type { MachineFacts } from "./report";
import { machineNamespace } from "./topology/names";

/** What this module needs of a machine; tests may put a bare namespace in its place. */
export type Bootable = Pick<Machine, "leader" | "ended" | "boot" | "detach" | "destroy">;

export interface MachineMaker {
  attach: (host: MachineHost, spec: MachineSpec) => Promise<Bootable>;
}

export interface MachinesListener {
  /** Some machine's facts changed; `replan` if that concerns the network. */
  changed: (replan: boolean) => void;
  problem: (text: string) => void;
}

/** Seconds that a machine gets to power off when the lab goes down. */
const DOWN_GRACE = 4;
/** A machine that crashes is started again after this many milliseconds, as Azure heals it. */
const HEAL_MS = 1000;

interface Entry {
  vm: Vm;
  facts: MachineFacts;
  boots: number;
  machine?: Bootable;
  gone: boolean;
  /** Resolved by the runner when the namespace of the current boot has its NICs. */
  wired: { promise: Promise<void>; resolve: () => void };
  /** End of the machine's whole life. */
  life: Promise<void>;
}

export class Machines {
  readonly #entries = new Map<string, Entry>();
  readonly #maker: MachineMaker;
  readonly #host: MachineHost;
  readonly #listener: MachinesListener;
  #closing = false;

  constructor(maker: MachineMaker, host: MachineHost, listener: MachinesListener) {
    this.#maker = maker;
    this.#host = host;
    this.#listener = listener;
  }

  /** Facts by the VM's id. */
  get facts(): ReadonlyMap<string, MachineFacts> {
    return new Map([...this.#entries].map(([id, entry]) => [id, entry.facts]));
  }

  /** Machines whose namespace must exist, by the VM's id. */
  get running(): ReadonlyMap<string, { netns: string }> {
    const on = [...this.#entries].filter(([, e]) => !e.gone && e.facts.power !== "stopped");
    return new Map(on.map(([id, entry]) => [id, { netns: entry.facts.netns }]));
  }

  /** Starts what is new, removes what is gone; a VM made anew under its name is another one. */
  want(vms: readonly Vm[]): void {
    const wanted = new Map(vms.map((vm) => [vm.id, vm]));
    for (const [id, entry] of this.#entries) {
      const vm = wanted.get(id);
      if (vm?.uuid === entry.vm.uuid) entry.vm = vm;
      else if (!entry.gone) void this.#remove(id, entry);
    }
    for (const vm of vms) {
      if (!this.#entries.has(vm.id) && !this.#closing) this.#start(vm);
    }
  }

  /** To be called when the network of {@link running} stands: machines boot into it. */
  wired(netns: ReadonlySet<string>): void {
    for (const entry of this.#entries.values()) {
      if (netns.has(entry.facts.netns)) entry.wired.resolve();
    }
  }

  /** Powers all machines off and detaches their disks. */
  async close(): Promise<void> {
    this.#closing = true;
    const entries = [...this.#entries.values()];
    for (const entry of entries) entry.wired.resolve();
    await Promise.all(entries.map((entry) => entry.machine?.detach(DOWN_GRACE)));
  }

  #start(vm: Vm): void {
    const entry: Entry = {
      vm,
      boots: 1,
      gone: false,
      facts: { netns: machineNamespace(vm.id, vm.name, 1), power: "starting" },
      wired: latch(),
      life: Promise.resolve(),
    };
    this.#entries.set(vm.id, entry);
    entry.life = this.#live(entry).catch((cause: unknown) => {
      entry.facts = { ...entry.facts, power: "stopped", pid: undefined };
      this.#listener.problem(`${vm.name}: ${cause instanceof Error ? cause.message : cause}`);
      this.#listener.changed(true);
    });
  }

  /** All boots of a machine, one after another. */
  async #live(entry: Entry): Promise<void> {
    const machine = await this.#maker.attach(this.#host, specOf(entry.vm));
    entry.machine = machine;
    for (;;) {
      await entry.wired.promise;
      if (entry.gone || this.#closing) return;
      const startedAt = Date.now();
      entry.facts = { ...entry.facts, startedAt };
      const { netns } = entry.facts;
      await machine.boot(netns, () => {
        if (entry.facts.netns !== netns) return;
        entry.facts = { ...entry.facts, power: "running", bootedAt: Date.now() };
        this.#listener.changed(false);
      });
      entry.facts = { ...entry.facts, pid: machine.leader };
      this.#listener.changed(false);
      const end = await machine.ended;
      if (entry.gone || this.#closing) return;
      await this.#between(entry, end);
      if (end === "poweroff") return;
    }
  }

  /** After a run: devices and rules of the guest go with its namespace, as with a real machine. */
  async #between(entry: Entry, end: MachineEnd): Promise<void> {
    entry.boots += 1;
    entry.wired = latch();
    const netns = machineNamespace(entry.vm.id, entry.vm.name, entry.boots);
    entry.facts = { netns, power: end === "poweroff" ? "stopped" : "starting" };
    if (end === "crash") await new Promise((resolve) => setTimeout(resolve, HEAL_MS));
    this.#listener.changed(true);
  }

  async #remove(id: string, entry: Entry): Promise<void> {
    entry.gone = true;
    entry.facts = { ...entry.facts, power: "stopped", pid: undefined };
    entry.wired.resolve();
    this.#listener.changed(true);
    await entry.machine?.destroy();
    await entry.life;
    // The disk may have been attached in the meantime.
    await entry.machine?.destroy();
    this.#entries.delete(id);
    this.#listener.changed(true);
  }
}

function latch(): Entry["wired"] {
  let release: (() => void) | undefined;
  const promise = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { promise, resolve: () => release?.() };
}

const specOf = (vm: Vm): MachineSpec => ({
  id: vm.uuid,
  name: vm.name,
  hostname: vm.computerName,
  adminUsername: vm.adminUsername,
  sshKeys: vm.sshKeys,
  customData: vm.customData,
});
