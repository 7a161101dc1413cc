/** Keeps every scale set at what its policies say, from what is known of its machines. */
import type { Arm } from "../../arm/arm";
import type { HealthWord, Known, Run } from "./observe";
import { decide, isIdle, perform, type StepInput, scaleSetsIn } from "./step";

/** The API as this module needs it. */
export type ScaleSetArm = Pick<Arm, "act" | "look">;

export interface ControllerOptions {
  arm: ScaleSetArm;
  timeFactor: number;
  problem: (text: string) => void;
}

/** A scale set that could not be served is looked at again after this many milliseconds. */
const RETRY_MS = 1000;

export class ScaleSets {
  readonly #options: ControllerOptions;
  readonly #words = new Map<string, HealthWord>();
  #runs: ReadonlyMap<string, Run> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  /** An instance's extension was answered; `vmId` in lower case. */
  hear(vmId: string, word: Omit<HealthWord, "answers">): void {
    const before = this.#words.get(vmId);
    const answers = before?.epoch === word.epoch ? before.answers : 0;
    this.#words.set(vmId, { ...word, answers: answers + 1 });
    this.#poke();
  }

  /** The store or the machines have changed; runs are by the VM's id in lower case. */
  follow(runs: ReadonlyMap<string, Run>): void {
    this.#runs = runs;
    for (const id of this.#words.keys()) if (!runs.has(id)) this.#words.delete(id);
    this.#poke();
  }

  /** Does nothing more; returns when the last act is through. */
  async stop(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#working;
  }

  #poke(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      clearTimeout(this.#timer);
      let wakeAt: number | undefined;
      try {
        wakeAt = await this.#pass();
      } catch (cause) {
        this.#options.problem(`scale sets: ${cause instanceof Error ? cause.message : cause}`);
        wakeAt = Date.now() + RETRY_MS;
      }
      if (wakeAt === undefined) continue;
      this.#timer = setTimeout(() => this.#poke(), Math.max(10, wakeAt - Date.now()));
    }
  }

  /** Serves every scale set once; returns when to look again. */
  async #pass(): Promise<number | undefined> {
    const { arm } = this.#options;
    const wakes: number[] = [];
    const busy = arm.look((world) =>
      scaleSetsIn(world).flatMap((set) => {
        const decision = decide(set, world, this.#input());
        if (decision.wakeAt !== undefined) wakes.push(decision.wakeAt);
        return isIdle(decision) ? [] : [set.id];
      }),
    );
    for (const id of busy) {
      if (this.#closed) break;
      await arm.act((service) => {
        const set = service.world.get(id);
        if (set === undefined) return;
        const input = this.#input();
        const decision = decide(set, service.world, input);
        perform(decision, service, input.now);
      });
      // Acts have consequences, which are looked at at once.
      this.#again = true;
    }
    return wakes.length > 0 ? Math.min(...wakes) : undefined;
  }

  #input(): StepInput {
    const known: Known = { runs: this.#runs, words: this.#words };
    return { known, timeFactor: this.#options.timeFactor, now: Date.now() };
  }
}
