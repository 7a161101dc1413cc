/** Which instances are repaired now. Pure. */

import { behavesSo } from "../../arm/rules";
import { docs } from "../../arm/sources";
import { Health, type InstanceFacts, isUnwell } from "./facts";

behavesSo(
  "Microsoft.Compute/virtualMachineScaleSets",
  {
    says: "Repairs take at most 5 % of the instances at once, one of fewer than 20.",
    documented: docs.repairs,
  },
  {
    says: "Repairs are suspended after three failures in a row.",
    assumed: `They are suspended after repeated failures (${docs.repairs}), without a number.`,
  },
  {
    says: "Repairs wait for the grace period after a change of an instance's state.",
    documented: docs.repairs,
  },
);

/** Repairs of a scale set as they are kept in the store. */
export interface RepairState {
  /** Repairs in a row whose product was not well either. */
  failures: number;
  /** Set when there were too many: nothing is repaired until all are well or the user writes the set. */
  suspended: boolean;
}

export interface RepairInput {
  state: RepairState;
  instances: readonly InstanceFacts[];
  /** Time after a change of its state in which an instance is left alone, in milliseconds. */
  graceMs: number;
  now: number;
}

export interface RepairStep {
  state: RepairState;
  repair: string[];
  /** When to look again, if nothing happens before. */
  wakeAt?: number;
}

/** Failed repairs in a row after which repairing stops. */
export const MOST_FAILURES = 3;
/** Most of the instances that are repaired at once; below 20 instances it is one. */
const SHARE = 0.05;

/** Instances past their grace period that are not well, as many as may be repaired at once. */
export function nextRepairs({ state, instances, graceMs, now }: RepairInput): RepairStep {
  const products = instances.filter((instance) => instance.repairs > 0);
  const failures = products.some(({ health }) => health === Health.Healthy) ? 0 : state.failures;
  const calm: RepairState = { ...state, failures };
  if (state.suspended) {
    // An administrator who made all of them well again has done what repairs could not.
    const allWell = instances.every(({ health }) => health === Health.Healthy);
    return { state: allWell ? { failures: 0, suspended: false } : calm, repair: [] };
  }
  const graceOf = ({ changedAt }: InstanceFacts) => changedAt + graceMs;
  const unwell = instances.filter(
    (i) => i.wanted && !i.leaving && !i.noticed && !i.protectedFromActions && isUnwell(i),
  );
  const due = unwell
    .filter((instance) => now >= graceOf(instance))
    .sort((a, b) => a.changedAt - b.changedAt || a.id.localeCompare(b.id));
  // One that was repaired and has not shown yet how it is, is still being repaired.
  const under = instances.filter(
    (i) =>
      i.leaving || i.noticed || (i.repairs > 0 && i.health !== Health.Healthy && !due.includes(i)),
  ).length;
  const room = Math.max(1, Math.floor(instances.length * SHARE)) - under;
  const repair = due.slice(0, Math.max(0, room));
  const again = repair.filter((instance) => instance.repairs > 0).length;
  const failed = failures + again;
  const waits = unwell.map(graceOf).filter((time) => time > now);
  const wakeAt = waits.length > 0 ? Math.min(...waits) : undefined;
  if (failed >= MOST_FAILURES) {
    return { state: { failures: failed, suspended: true }, repair: [] };
  }
  return { state: { ...calm, failures: failed }, repair: repair.map(({ id }) => id), wakeAt };
}
