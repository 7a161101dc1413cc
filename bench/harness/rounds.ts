/**
 * Rounds in which everybody takes a turn, so that what else the machine does hits all alike. A
 * sample that the machine disturbed is recognised by what the kernel says of it, and taken again;
 * none is changed or left out.
 */
import { readFileSync } from "node:fs";

/** One look at a contender. */
export interface Reading {
  /** Figures by name, in their units; a list where one look gives many. */
  values: Readonly<Record<string, number | readonly number[]>>;
  /** Nanoseconds of it by the clock, and those in which it could have run and did not. */
  wall: number;
  waited: number;
  /** Share of the time that may be spent waiting; default 0.03. */
  patience?: number;
}

/** A contender's part in each round. */
export interface Turn {
  contender: string;
  /** Comes first, and gives figures of its own; it is not repeated. */
  prepare?: () => Promise<Reading["values"]>;
  looks: (() => Promise<Reading>)[];
}

/** Samples by contender and figure, in the order of the rounds. */
export type Samples = Record<string, Record<string, (number | readonly number[])[]>>;

export interface Rounds {
  samples: Samples;
  /** Looks that were repeated because the machine was busy with something else. */
  repeated: number;
  /** Looks that stayed disturbed however often they were repeated; they are among the samples. */
  disturbed: number;
}

export interface RoundsOptions {
  rounds: number;
  /** Most repetitions of one look; default 4. */
  repetitions?: number;
  /** Seconds that all repetitions together may take; what is disturbed after that stays; default 60. */
  patienceSeconds?: number;
  /** Seconds after which no further round begins, three being over; default 180. */
  seconds?: number;
  note?: (text: string) => void;
}

/** Shares of a look's time above which it is disturbed: waiting for a processor, and steal. */
const WAITED_SHARE = 0.03;
const STOLEN_SHARE = 0.02;
/** Fewer are no basis for a median. */
const LEAST_ROUNDS = 3;
const TICKS = 100; // USER_HZ, the unit of /proc/stat

/** Everybody takes a turn in each round, every second round from the end. */
export async function takeRounds(turns: readonly Turn[], options: RoundsOptions): Promise<Rounds> {
  const { rounds, repetitions = 4, patienceSeconds = 60, seconds = 180 } = options;
  const { note = () => undefined } = options;
  const found: Rounds = { samples: {}, repeated: 0, disturbed: 0 };
  const begun = performance.now();
  let patience = patienceSeconds * 1000;
  for (let round = 0; round < rounds; round += 1) {
    if (round >= LEAST_ROUNDS && performance.now() > begun + seconds * 1000) break;
    note(`round ${round + 1} of ${rounds}`);
    for (const { contender, prepare, looks } of round % 2 === 0 ? turns : turns.toReversed()) {
      if (prepare) keep(found.samples, contender, await prepare());
      for (const measure of looks) {
        let reading = await look(measure);
        for (let again = 0; reading.busy && again < repetitions && patience > 0; again += 1) {
          const from = performance.now();
          found.repeated += 1;
          reading = await look(measure);
          patience -= performance.now() - from;
        }
        if (reading.busy) found.disturbed += 1;
        keep(found.samples, contender, reading.values);
      }
    }
  }
  return found;
}

async function look(measure: () => Promise<Reading>): Promise<Reading & { busy: boolean }> {
  const before = stolenTicks();
  const reading = await measure();
  const stolen = ((stolenTicks() - before) / TICKS) * 1e9;
  const { wall, waited, patience = WAITED_SHARE } = reading;
  // One tick is what the kernel may round up to.
  const busy = waited > patience * wall || stolen - 1e9 / TICKS > STOLEN_SHARE * wall;
  return { ...reading, busy };
}

/** Time that the hypervisor gave to others, on all processors, as ticks since the boot. */
function stolenTicks(): number {
  return Number(readFileSync("/proc/stat", "utf8").split("\n", 1)[0]?.trim().split(/\s+/)[8] ?? 0);
}

function keep(samples: Samples, contender: string, values: Reading["values"]): void {
  samples[contender] ??= {};
  const figures = samples[contender];
  for (const [figure, value] of Object.entries(values)) {
    figures[figure] ??= [];
    figures[figure].push(value);
  }
}
