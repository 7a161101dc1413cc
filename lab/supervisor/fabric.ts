/** The loop that keeps packets true to the store: read, plan, apply, report. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { StoredResource } from "../arm/resource";
import type { StoreSnapshot } from "../arm/store";
import { type EventArm, Events } from "../compute/events";
import { machineStateOf } from "../compute/machineState";
import { type MachineMaker, Machines } from "../compute/machines";
import { Autoscaler, type Measured } from "../compute/scaleSets/autoscaler";
import { type ScaleSetArm, ScaleSets } from "../compute/scaleSets/controller";
import type { Run } from "../compute/scaleSets/observe";
import { patienceMs } from "../compute/scaleSets/step";
import type { MachineHost } from "../machine/machine";
import { Applier } from "../network/apply";
import { readModel } from "../network/read";
import { planTopology } from "../network/topology";
import type { Topology } from "../network/topology/plan";
import { type Verdict, View } from "../network/view";
import { Platform } from "../platform/platform";
import { checksOf, planPlatform, platformDelays } from "../platform/platformPlan";
import { reportStatus } from "./report";
import type { LabStatus } from "./status";

/** The store as the fabric follows it; {@link Store} is one. */
export interface StoreView {
  snapshot(): StoreSnapshot;
  watch(onChange: () => void): () => void;
}

export interface FabricOptions {
  store: StoreView;
  /** Writes what machines do of themselves, and what becomes of scheduled events. */
  arm: EventArm;
  host: MachineHost;
  maker: MachineMaker;
  /** Written anew at every change. */
  statusFile: string;
  /** The box's first process, as the machine outside numbers it. */
  boxPid: number;
  /** Seconds until a change of userData shows in the metadata service. */
  userDataDelay: number;
  /** Where scale sets act; without it they stay as they are. */
  scaleSetArm?: ScaleSetArm;
  /** Factor of Azure's times; default 1. */
  timeFactor?: number;
}

/** A failed attempt is made again after this many milliseconds. */
const RETRY_MS = 1000;
/** A status that waits for time to pass is looked at again this often, in milliseconds. */
const RECHECK_MS = 500;

export class Fabric {
  readonly #options: FabricOptions;
  readonly #applier = new Applier();
  readonly #machines: Machines;
  readonly #platform: Platform;
  readonly #verdicts = new Map<string, Verdict>();
  readonly #firstHealthy = new Map<string, number>();
  readonly #events: Events;
  readonly #problems: string[] = [];
  readonly #scaleSets: ScaleSets | undefined;
  readonly #autoscaler: Autoscaler | undefined;
  /** Tells runs of this fabric from those of an earlier one, whose namespaces had the same names. */
  readonly #begun = Date.now();
  #view: View | undefined;
  #appliedSeq = 0;
  #failure: string | undefined;
  #dirty = true;
  #working = false;
  #closed = false;
  #stopWatching: () => void = () => undefined;
  #recheck: NodeJS.Timeout | undefined;
  #status: LabStatus | undefined;

  constructor(options: FabricOptions) {
    this.#options = options;
    mkdirSync(path.dirname(options.statusFile), { recursive: true });
    const problem = (text: string) => {
      console.error(text);
      this.#problems.push(text);
    };
    this.#machines = new Machines(options.maker, options.host, {
      changed: (replan) => {
        if (replan) return this.#poke();
        this.#followEvents();
        this.#report();
      },
      poweredOff: (vm) => {
        const run = vm.state.run;
        void options.arm.amend(vm.id, (stored) => wasPoweredOff(stored, run)).catch(console.error);
      },
      problem,
    });
    const { scaleSetArm, arm, timeFactor = 1 } = options;
    if (scaleSetArm !== undefined) {
      const about = { arm: scaleSetArm, timeFactor, problem };
      this.#scaleSets = new ScaleSets(about);
      this.#autoscaler = new Autoscaler(about, () => this.#measured());
    }
    this.#events = new Events({ arm, timeFactor, problem });
    this.#platform = new Platform({
      health: (vmId, epoch, state, reason) => this.#scaleSets?.hear(vmId, { epoch, state, reason }),
      verdict: (probe, healthy, reason) => this.#judge(probe, healthy, reason),
      approved: (vmId, events) => {
        if (this.#view !== undefined) this.#events.approve(this.#view.model, vmId, events);
      },
      ended: (reason) => {
        // Nothing probes any more: the box starts anew rather than pretend.
        console.error(`the platform ${reason}`);
        process.exitCode = 1;
        process.kill(process.pid, "SIGTERM");
      },
    });
  }

  /** The last status written. */
  get status(): LabStatus | undefined {
    return this.#status;
  }

  /** Begins to follow the store; what happens from now on shows in the status. */
  start(): void {
    this.#events.begin(readModel(this.#options.store.snapshot()));
    this.#stopWatching = this.#options.store.watch(() => this.#poke());
    this.#poke();
  }

  /** Powers the machines off. Namespaces and mounts go with the box. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopWatching();
    clearTimeout(this.#recheck);
    this.#events.stop();
    this.#platform.stop();
    await this.#autoscaler?.stop();
    await this.#scaleSets?.stop();
    await this.#machines.close();
  }

  #poke(): void {
    this.#dirty = true;
    if (this.#working || this.#closed) return;
    this.#working = true;
    void this.#work().finally(() => {
      this.#working = false;
    });
  }

  async #work(): Promise<void> {
    while (this.#dirty && !this.#closed) {
      this.#dirty = false;
      try {
        await this.#converge();
        this.#failure = undefined;
      } catch (cause) {
        this.#failure = cause instanceof Error ? cause.message : String(cause);
        console.error(this.#failure);
        setTimeout(() => this.#poke(), RETRY_MS);
      }
      this.#report();
    }
  }

  async #converge(): Promise<void> {
    const model = readModel(this.#options.store.snapshot());
    this.#machines.want(model.vms);
    const running = this.#machines.running;
    const view = new View(model, { running, verdicts: this.#verdicts });
    const topology = planTopology(view);
    await this.#applier.apply(topology);
    this.#view = view;
    this.#appliedSeq = model.seq;
    this.#machines.wired(namesOf(topology));
    this.#forget(view);
    const { userDataDelay, timeFactor = 1 } = this.#options;
    const runs = this.#runs();
    const checks = checksOf(view, runs, timeFactor);
    const delays = platformDelays(userDataDelay, timeFactor);
    await this.#platform.want(planPlatform(view, delays, checks));
    this.#followEvents();
    this.#scaleSets?.follow(runs);
  }

  /** Machines that run, by the VM's id: what they use can be measured. */
  #measured(): Map<string, Measured> {
    return new Map(
      [...this.#machines.facts].flatMap(([id, { netns, pid }]) =>
        pid === undefined ? [] : [[id, { netns, pid }]],
      ),
    );
  }

  /** Runs of all machines that are on, by the VM's id. */
  #runs(): Map<string, Run> {
    return new Map(
      [...this.#machines.running].map(([id, { netns }]) => [
        id,
        {
          epoch: `${netns} ${this.#begun}`,
          startedAt: this.#machines.facts.get(id)?.startedAt ?? this.#begun,
        },
      ]),
    );
  }

  #judge(probe: string, healthy: boolean, reason: string): void {
    const before = this.#verdicts.get(probe);
    const changed = before?.healthy !== healthy;
    const since = changed ? new Date().toISOString() : (before?.since ?? "");
    this.#verdicts.set(probe, { healthy, reason, since });
    if (healthy && !this.#firstHealthy.has(probe)) {
      const startedAt = this.#startOf(probe);
      if (startedAt !== undefined) this.#firstHealthy.set(probe, Date.now() - startedAt);
    }
    if (changed) this.#poke();
    else this.#report();
  }

  /** When the machine behind a probe began its current run. */
  #startOf(probe: string): number | undefined {
    const configurationId = probe.split(" ")[1];
    const nic = this.#view?.model.nics.find((n) =>
      n.configurations.some((c) => c.id === configurationId),
    );
    return this.#machines.facts.get(nic?.vmId ?? "")?.startedAt;
  }

  #followEvents(): void {
    if (this.#view === undefined || this.#closed) return;
    this.#events.follow(this.#view.model, this.#machines.facts);
  }

  /** A member that is gone starts with no verdict when it comes back. */
  #forget(view: View): void {
    const alive = new Set(
      view.model.nics
        .filter((nic) => nic.vmId !== undefined)
        .flatMap((nic) => nic.configurations.map((c) => c.id)),
    );
    for (const key of [...this.#verdicts.keys()]) {
      if (alive.has(key.split(" ")[1] ?? "")) continue;
      this.#verdicts.delete(key);
      this.#firstHealthy.delete(key);
    }
  }

  #report(): void {
    if (this.#view === undefined || this.#closed) return;
    const status = reportStatus(this.#view, {
      boxPid: this.#options.boxPid,
      appliedSeq: this.#appliedSeq,
      settled: !this.#dirty,
      failure: this.#failure,
      problems: this.#problems,
      machines: this.#machines.facts,
      runs: this.#runs(),
      firstHealthy: this.#firstHealthy,
      patienceMs: patienceMs(this.#options.timeFactor ?? 1),
      now: new Date(),
    });
    clearTimeout(this.#recheck);
    if (status.phase === "converging") {
      this.#recheck = setTimeout(() => this.#report(), RECHECK_MS);
    }
    const { updated: _, ...now } = status;
    const { updated: __, ...before } = this.#status ?? { updated: "" };
    if (JSON.stringify(now) === JSON.stringify(before)) return;
    this.#status = status;
    const draft = `${this.#options.statusFile}.new`;
    writeFileSync(draft, `${JSON.stringify(status, undefined, 2)}\n`);
    renameSync(draft, this.#options.statusFile);
  }
}

/** A guest's own power off leaves the VM as the API's would: stopped, its host kept. */
function wasPoweredOff(stored: StoredResource, run: number): void {
  const state = machineStateOf(stored);
  if (state.power !== "running" || state.run !== run) return;
  stored.properties.machineState = { ...state, power: "stopped" };
}

const namesOf = (topology: Topology): Set<string> =>
  new Set(topology.namespaces.map((namespace) => namespace.name));
