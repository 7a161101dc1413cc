/** Follows the load of scale sets that have an autoscale setting, and sets their capacity. */
import { sameId } from "../../arm/ids";
import { asBody, asText, type StoredResource } from "../../arm/resource";
import type { World } from "../../arm/world";
import { capacityFor, profileOf, type Sample } from "./autoscale";
import type { ControllerOptions } from "./controller";
import { capacityOf, instancesOf } from "./instances";
import { type Usage, usageOf } from "./measure";
import { scale } from "./operations";

const SETTING_TYPE = "Microsoft.Insights/autoscaleSettings";
/** Metrics are made once a minute of Azure's. */
const MINUTE_MS = 60_000;
/** Shortest time between two measurements, whatever the factor, in milliseconds. */
const SHORTEST_MS = 1000;
/** Longest window of a rule, in minutes. */
const LONGEST_WINDOW = 12 * 60;

/** A machine that runs: where to look for what it uses. */
export interface Measured {
  pid: number;
  netns: string;
}

interface Load {
  samples: Sample[];
  lastChange?: number;
}

export class Autoscaler {
  readonly #options: ControllerOptions;
  /** Running machines by the VM's id in lower case. */
  readonly #machines: () => ReadonlyMap<string, Measured>;
  readonly #usage = new Map<string, { at: number; pid: number; usage: Usage }>();
  readonly #loads = new Map<string, Load>();
  #timer: NodeJS.Timeout | undefined;
  #working = Promise.resolve();
  #closed = false;

  constructor(options: ControllerOptions, machines: () => ReadonlyMap<string, Measured>) {
    this.#options = options;
    this.#machines = machines;
    this.#wait();
  }

  async stop(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#working;
  }

  #wait(): void {
    if (this.#closed) return;
    const pause = Math.max(SHORTEST_MS, MINUTE_MS * this.#options.timeFactor);
    this.#timer = setTimeout(() => {
      this.#working = this.#turn()
        .catch((cause: unknown) => this.#options.problem(`autoscale: ${String(cause)}`))
        .then(() => this.#wait());
    }, pause);
  }

  /** One minute: measures every scale set that has a setting, and acts on what was measured. */
  async #turn(): Promise<void> {
    const { arm, timeFactor } = this.#options;
    const wanted = arm.look((world) =>
      [...world.all()]
        .filter(({ type }) => type === SETTING_TYPE)
        .flatMap((setting) => targetOf(setting, world)),
    );
    for (const { setting, set, vms } of wanted) {
      const profile = profileOf(setting, timeFactor);
      if (profile === undefined) continue;
      const load = this.#loads.get(set.id) ?? { samples: [] };
      this.#loads.set(set.id, load);
      load.samples.push(await this.#sample(vms));
      const oldest = Date.now() - LONGEST_WINDOW * MINUTE_MS * timeFactor;
      load.samples = load.samples.filter(({ at }) => at >= oldest);
      const { samples, lastChange } = load;
      const now = Date.now();
      const count = capacityOf(set);
      const capacity = capacityFor({ profile, samples, count, lastChange, now });
      if (capacity === count || this.#closed) continue;
      load.lastChange = now;
      await arm.act((service) => scale(set.id, capacity, service));
    }
  }

  /** The machines' use of processor and network since the last sample. */
  async #sample(vms: readonly StoredResource[]): Promise<Sample> {
    const values: Record<string, number[]> = {};
    const add = (metric: string, value: number) => {
      values[metric] = [...(values[metric] ?? []), value];
    };
    for (const vm of vms) {
      const machine = this.#machines().get(vm.id.toLowerCase());
      const usage = machine && (await usageOf(machine.pid, machine.netns));
      if (machine === undefined || usage === undefined) continue;
      const at = Date.now();
      const before = this.#usage.get(vm.id);
      this.#usage.set(vm.id, { at, pid: machine.pid, usage });
      if (before?.pid !== machine.pid || at === before.at) continue;
      const seconds = (at - before.at) / 1000;
      const cpu = (usage.cpuSeconds - before.usage.cpuSeconds) / seconds / coresOf(vm);
      add("Percentage CPU", 100 * Math.max(0, cpu));
      // Totals of a minute, at the rate that was seen.
      add("Network In Total", ((usage.received - before.usage.received) * 60) / seconds);
      add("Network Out Total", ((usage.sent - before.usage.sent) * 60) / seconds);
    }
    return { at: Date.now(), values };
  }
}

function targetOf(setting: StoredResource, world: World) {
  const target = asText(setting.properties.targetResourceUri);
  const set = [...world.all()].find(({ id }) => sameId(id, target));
  return set === undefined ? [] : [{ setting, set, vms: instancesOf(set.id, world) }];
}

/** Processors of a machine's size: the number in its name. */
const coresOf = (vm: StoredResource): number => {
  const size = asText(asBody(vm.properties.hardwareProfile)?.vmSize) ?? "";
  return Number(/^Standard_[A-Z]+(\d+)/.exec(size)?.[1] ?? 1);
};
