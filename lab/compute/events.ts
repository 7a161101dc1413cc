/** Carries out what is announced to machines, and ends what was done to them for a time. */
import type { Arm } from "../arm/arm";
import { faultsOf, withFault } from "../arm/faults";
import type { StoredResource } from "../arm/resource";
import type { Model, Vm } from "../network/model";
import type { MachineFacts } from "../supervisor/report";
import { type EventAct, eventsOf, FREEZE_SECONDS, type StoredEvent } from "./scheduledEvents";

/** The API for announced acts; without notice, as the acts themselves were announced. */
export type EventArm = Pick<Arm, "amend" | "action" | "forceDelete">;

export interface EventsOptions {
  arm: EventArm;
  /** Factor of every notice time. */
  timeFactor: number;
  problem: (text: string) => void;
}

/** A write that failed is made again after this many milliseconds. */
const RETRY_MS = 1000;
/** Timers cannot wait longer, in milliseconds; they are set anew when they have passed. */
const LONGEST_MS = 2 ** 31 - 1;

export class Events {
  readonly #options: EventsOptions;
  /** Writes that are under way or done. */
  readonly #begun = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #look: () => void = () => undefined;
  /** Writes, one after another. */
  #work: Promise<void> = Promise.resolve();

  constructor(options: EventsOptions) {
    this.#options = options;
  }

  /** A lab that starts has whole machines, whatever was done to them before it ended. */
  begin(model: Model): void {
    for (const vm of model.vms) if (vm.faults.length > 0) this.#mend(vm, () => false);
  }

  /** Does what is due; to be called whenever the store or a machine has changed. */
  follow(model: Model, machines: ReadonlyMap<string, MachineFacts>): void {
    const now = Date.now();
    const times: number[] = [];
    for (const vm of model.vms) {
      for (const event of vm.events) {
        const early = isApproved(model, event);
        times.push(...this.#advance(vm, event, { early, machine: machines.get(vm.id), now }));
      }
      const ends = vm.faults.map(({ until }) => Date.parse(until));
      if (ends.some((end) => end <= now)) this.#mend(vm, (until) => until > Date.now());
      times.push(...ends.filter((end) => end > now));
    }
    this.#look = () => this.follow(model, machines);
    clearTimeout(this.#timer);
    if (times.length === 0) return;
    const wait = Math.min(...times) - now;
    this.#timer = setTimeout(this.#look, Math.min(wait, LONGEST_MS));
  }

  /** A machine has approved events that it was shown: its own, or those of its group. */
  approve(model: Model, asker: string, ids: readonly string[]): void {
    const group = model.vms.find(({ id }) => id === asker)?.group;
    for (const vm of model.vms.filter((other) => other.group === group)) {
      for (const { EventId } of vm.events.filter((event) => ids.includes(event.EventId))) {
        this.#write(`approve ${EventId}`, () => this.#mark(vm, EventId, { approved: true }));
      }
    }
  }

  stop(): void {
    this.#look = () => undefined;
    clearTimeout(this.#timer);
  }

  /** One step of an event; returns when to look again. */
  #advance(
    vm: Vm,
    event: StoredEvent,
    { early, machine, now }: { early: boolean; machine?: MachineFacts; now: number },
  ): number[] {
    if (event.acted === true) {
      if (isDone(vm, event.act, machine)) this.#remove(vm, event);
      return [];
    }
    if (event.EventStatus === "Scheduled" && event.due === undefined) {
      this.#announce(vm, event);
      return [];
    }
    // One that has started and was not acted upon was left by a fabric that ended half-way.
    const isDue = early || event.EventStatus === "Started";
    const due = isDue ? now : Date.parse(event.due ?? "");
    if (due > now) return [due];
    this.#begin(vm, event);
    return [];
  }

  /** Sets the time of an event that nobody has been told of. */
  #announce(vm: Vm, { EventId, notice }: StoredEvent): void {
    this.#write(`announce ${EventId}`, () =>
      this.#options.arm.amend(vm.id, (stored) => {
        const event = eventsOf(stored).find((other) => other.EventId === EventId);
        if (event === undefined || event.due !== undefined) return;
        const due = new Date(Date.now() + notice * 1000 * this.#options.timeFactor);
        event.due = due.toISOString();
        event.NotBefore = due.toUTCString();
      }),
    );
  }

  #begin(vm: Vm, { EventId, act }: StoredEvent): void {
    const { arm } = this.#options;
    this.#write(`begin ${EventId}`, async () => {
      await this.#mark(vm, EventId, { EventStatus: "Started", NotBefore: "" });
      try {
        await this.#act(vm, act);
      } catch (cause) {
        // An act that the machine's state does not allow is over: it would never be done.
        await arm.amend(vm.id, (stored) => dropEvent(stored, EventId));
        throw cause;
      }
      await this.#mark(vm, EventId, { acted: true });
    });
  }

  async #act(vm: Vm, act: EventAct): Promise<void> {
    const { arm } = this.#options;
    if (act === "delete") {
      await arm.forceDelete(vm.id);
    } else if (act === "freeze") {
      const until = new Date(Date.now() + FREEZE_SECONDS * 1000).toISOString();
      await arm.amend(vm.id, (stored) => {
        stored.properties.faults = withFault(faultsOf(stored), { kind: "hang", until });
      });
    } else {
      await arm.action(vm.id, act);
    }
  }

  #mark(vm: Vm, id: string, more: Partial<StoredEvent>): Promise<boolean> {
    return this.#options.arm.amend(vm.id, (stored) => {
      const own = eventsOf(stored).find(({ EventId }) => EventId === id);
      if (own !== undefined) Object.assign(own, more);
    });
  }

  #remove(vm: Vm, { EventId }: StoredEvent): void {
    this.#write(`remove ${EventId}`, () =>
      this.#options.arm.amend(vm.id, (stored) => dropEvent(stored, EventId)),
    );
  }

  #mend(vm: Vm, stays: (until: number) => boolean): void {
    this.#write(`mend ${vm.id}`, async () => {
      await this.#options.arm.amend(vm.id, (stored) => {
        const left = faultsOf(stored).filter(({ until }) => stays(Date.parse(until)));
        stored.properties.faults = left.length > 0 ? left : undefined;
      });
      this.#begun.delete(`mend ${vm.id}`);
    });
  }

  /** Begins a write once; one that fails is said, and tried again after a while. */
  #write(what: string, work: () => Promise<unknown>): void {
    if (this.#begun.has(what)) return;
    this.#begun.add(what);
    this.#work = this.#work
      .then(work)
      .then(() => undefined)
      .catch((cause: unknown) => {
        this.#options.problem(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`);
        setTimeout(() => {
          this.#begun.delete(what);
          this.#look();
        }, RETRY_MS).unref();
      });
  }
}

function dropEvent(stored: StoredResource, id: string): void {
  stored.properties.scheduledEvents = eventsOf(stored).filter((event) => event.EventId !== id);
}

/** Whether an event may happen before its time: deletes that belong together wait for each other. */
function isApproved({ vms }: Model, { approved, batch }: StoredEvent): boolean {
  const others = vms.flatMap(({ events }) => events.filter((other) => other.batch === batch));
  return approved === true && (batch === undefined || others.every((other) => other.approved));
}

/** Whether what an event announced has come to its end. */
function isDone(vm: Vm, act: EventAct, machine: MachineFacts | undefined): boolean {
  if (act === "freeze") return vm.faults.every(({ kind }) => kind !== "hang");
  if (machine?.power === vm.state.power) {
    return machine.power !== "running" || machine.run === vm.state.run;
  }
  // A guest that has powered itself off meanwhile comes back when somebody starts it.
  return machine?.power === "stopped" && vm.state.power === "running";
}
