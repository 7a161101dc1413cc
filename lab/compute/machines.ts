/** Keeps the machines that the store asks for: boots, restarts, breaks, removes them. */
import type { FaultKind } from "../arm/faults";
import type { Machine, MachineEnd, MachineHost } from "../machine/machine";
import type { MachineSpec } from "../machine/seed";
import type { Vm } from "../network/model";
import { machineNamespace } from "../network/topology/names";
import type { MachineFacts } from "../supervisor/report";

/** A machine as this module needs it; tests may put a bare namespace in its place. */
export type Bootable = Pick<
  Machine,
  | "leader"
  | "ended"
  | "boot"
  | "stop"
  | "kill"
  | "detach"
  | "destroy"
  | "freeze"
  | "fillDisk"
  | "takeMemory"
>;

export interface MachineMaker {
  attach: (host: MachineHost, spec: MachineSpec) => Promise<Bootable>;
}

export interface MachinesListener {
  /** Some machine's facts changed; `replan` if that concerns the network. */
  changed: (replan: boolean) => void;
  /** A guest has powered its machine off by itself. */
  poweredOff: (vm: Vm) => void;
  problem: (text: string) => void;
}

/** Seconds that a machine gets to power off when the lab goes down. */
const DOWN_GRACE = 4;
/** Seconds that a guest gets for an orderly shutdown. */
const SHUTDOWN_GRACE = 60;
/** A machine that crashes is started again after this many milliseconds, as Azure heals it. */
const HEAL_MS = 1000;

interface Entry {
  vm: Vm;
  facts: MachineFacts;
  boots: number;
  machine?: Bootable;
  /** Generation of the disk that `machine` has. */
  disk: number;
  gone: boolean;
  phase: "off" | "booting" | "on" | "stopping";
  /** The run in which the guest powered itself off, or was made to. */
  offAfter?: number;
  /** Resolved at the next word of the store. */
  told: Latch;
  /** Resolved by the runner when the namespace of the current boot has its NICs. */
  wired: Latch;
  /** Faults that the current run has. */
  broken: Set<FaultKind>;
  /** Work on the running machine, one after another. */
  work: Promise<void>;
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
    const on = [...this.#entries].filter(([, e]) => !e.gone && isUp(e.facts));
    return new Map(on.map(([id, entry]) => [id, { netns: entry.facts.netns }]));
  }

  /**
   * Starts what is new, removes what is gone, and brings the rest to what the store says of it; a
   * VM made anew under its name is another one.
   */
  want(vms: readonly Vm[]): void {
    const wanted = new Map(vms.map((vm) => [vm.id, vm]));
    for (const [id, entry] of this.#entries) {
      const vm = wanted.get(id);
      if (vm?.uuid === entry.vm.uuid) this.#tell(entry, vm);
      else if (!entry.gone) void this.#remove(id, entry);
    }
    for (const vm of vms) {
      if (!this.#entries.has(vm.id) && !this.#closing) this.#start(vm);
    }
  }

  /** To be called when the network of {@link running} stands: machines boot into it. */
  wired(netns: ReadonlySet<string>): void {
    for (const entry of this.#entries.values()) {
      if (netns.has(entry.facts.netns)) entry.wired.release();
    }
  }

  /** Powers all machines off and detaches their disks. */
  async close(): Promise<void> {
    this.#closing = true;
    const entries = [...this.#entries.values()];
    for (const entry of entries) for (const latch of [entry.wired, entry.told]) latch.release();
    await Promise.all(entries.map((entry) => entry.machine?.detach(DOWN_GRACE)));
  }

  #start(vm: Vm): void {
    const entry: Entry = {
      vm,
      boots: 1,
      disk: vm.state.disk,
      gone: false,
      phase: "off",
      facts: {
        netns: machineNamespace(vm.id, vm.name, 1),
        power: isWanted(vm) ? "starting" : offAs(vm),
      },
      told: latch(),
      wired: latch(),
      broken: new Set(),
      work: Promise.resolve(),
      life: Promise.resolve(),
    };
    this.#entries.set(vm.id, entry);
    entry.life = this.#live(entry).catch((cause: unknown) => {
      entry.facts = { ...entry.facts, power: "stopped", pid: undefined };
      this.#problem(entry, cause);
      this.#listener.changed(true);
    });
  }

  /** All boots of a machine, one after another. */
  async #live(entry: Entry): Promise<void> {
    const isOver = () => entry.gone || this.#closing;
    while (!isOver()) {
      if (!isOn(entry)) {
        await entry.told.promise;
        continue;
      }
      entry.phase = "booting";
      const machine = await this.#attach(entry);
      await entry.wired.promise;
      if (isOver()) return;
      const crashed = isOn(entry) && (await this.#run(entry, machine)) === "crash";
      if (isOver()) return;
      entry.phase = "off";
      this.#renew(entry);
      if (crashed) await new Promise((resolve) => setTimeout(resolve, HEAL_MS));
      this.#listener.changed(true);
    }
  }

  /** One run, from its boot to its end; `asked` if that is what the store wanted. */
  async #run(entry: Entry, machine: Bootable): Promise<MachineEnd | "asked"> {
    const { run } = entry.vm.state;
    const { netns } = entry.facts;
    entry.facts = { ...entry.facts, run, startedAt: Date.now() };
    await machine.boot(netns, () => {
      if (entry.facts.netns !== netns) return;
      entry.facts = { ...entry.facts, power: "running", bootedAt: Date.now() };
      this.#listener.changed(false);
    });
    entry.facts = { ...entry.facts, pid: machine.leader };
    entry.phase = "on";
    this.#listener.changed(false);
    this.#steer(entry);
    const end = await machine.ended;
    // A full disk stays full; the rest goes with the run.
    for (const kind of ["hang", "memory"] as const) entry.broken.delete(kind);
    if (entry.phase !== "on") return "asked";
    if (end === "poweroff" && !entry.gone && !this.#closing) {
      entry.offAfter = run;
      this.#listener.poweredOff(entry.vm);
    }
    return end;
  }

  /** The machine with the disk that the store asks for. */
  async #attach(entry: Entry): Promise<Bootable> {
    const { disk } = entry.vm.state;
    if (entry.machine !== undefined && entry.disk === disk) return entry.machine;
    await entry.machine?.destroy();
    entry.disk = disk;
    entry.machine = await this.#maker.attach(this.#host, specOf(entry.vm));
    return entry.machine;
  }

  /** After a run: devices and rules of the guest go with its namespace, as with a real machine. */
  #renew(entry: Entry): void {
    entry.boots += 1;
    entry.wired = latch();
    const netns = machineNamespace(entry.vm.id, entry.vm.name, entry.boots);
    entry.facts = { netns, power: isOn(entry) ? "starting" : offAs(entry.vm) };
  }

  /** Takes over what the store says now. */
  #tell(entry: Entry, vm: Vm): void {
    entry.vm = vm;
    entry.told.release();
    entry.told = latch();
    if (entry.phase === "on") this.#steer(entry);
    if (entry.phase !== "off" || entry.gone) return;
    // A machine that is to start shows so at once: its network is made from that.
    const power = isOn(entry) ? "starting" : offAs(vm);
    if (power === entry.facts.power) return;
    entry.facts = { ...entry.facts, power };
    this.#listener.changed(true);
  }

  /** Brings a machine that runs to what the store says: stops it, breaks it, mends it. */
  #steer(entry: Entry): void {
    const { machine, vm } = entry;
    if (machine === undefined) return;
    if (isOn(entry) && entry.facts.run === vm.state.run && entry.disk === vm.state.disk) {
      this.#break(entry, machine);
      return;
    }
    entry.phase = "stopping";
    const hard = hasFault(vm, "power") || vm.state.skipShutdown === true;
    const stopped = hard ? machine.kill() : machine.stop(SHUTDOWN_GRACE);
    stopped.catch((cause: unknown) => this.#problem(entry, cause));
  }

  /** Gives a run the faults that its VM has, and takes away those that it has no more. */
  #break(entry: Entry, machine: Bootable): void {
    const acts: [FaultKind, (broken: boolean) => void | Promise<void>][] = [
      ["hang", (broken) => machine.freeze(broken)],
      ["disk", (broken) => machine.fillDisk(broken)],
      ["memory", (broken) => machine.takeMemory(broken)],
    ];
    for (const [kind, act] of acts) {
      const broken = hasFault(entry.vm, kind);
      if (broken === entry.broken.has(kind)) continue;
      if (broken) entry.broken.add(kind);
      else entry.broken.delete(kind);
      entry.work = entry.work
        .then(() => act(broken))
        .catch((cause: unknown) => this.#problem(entry, cause));
    }
  }

  #problem(entry: Entry, cause: unknown): void {
    const text = cause instanceof Error ? cause.message : String(cause);
    this.#listener.problem(`${entry.vm.name}: ${text}`);
  }

  async #remove(id: string, entry: Entry): Promise<void> {
    entry.gone = true;
    entry.facts = { ...entry.facts, power: "stopped", pid: undefined };
    entry.wired.release();
    entry.told.release();
    this.#listener.changed(true);
    await entry.machine?.destroy();
    await entry.life;
    // The disk may have been attached in the meantime.
    await entry.machine?.destroy();
    this.#entries.delete(id);
    this.#listener.changed(true);
  }
}

const isUp = ({ power }: MachineFacts): boolean => power === "running" || power === "starting";

const hasFault = (vm: Vm, kind: FaultKind): boolean =>
  vm.faults.some((fault) => fault.kind === kind);

/** Whether the store asks for a running machine. */
const isWanted = (vm: Vm): boolean => vm.state.power === "running" && !hasFault(vm, "power");

/** A guest that has powered itself off stays off until something starts it. */
const isOn = ({ vm, offAfter }: Entry): boolean => isWanted(vm) && offAfter !== vm.state.run;

const offAs = (vm: Vm): MachineFacts["power"] =>
  vm.state.power === "deallocated" ? "deallocated" : "stopped";

interface Latch {
  promise: Promise<void>;
  release: () => void;
}

function latch(): Latch {
  let resolve: (() => void) | undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, release: () => resolve?.() };
}

const specOf = (vm: Vm): MachineSpec => ({
  id: vm.uuid,
  name: vm.name,
  hostname: vm.computerName,
  adminUsername: vm.adminUsername,
  sshKeys: vm.sshKeys,
  customData: vm.customData,
  disk: vm.state.disk,
});
