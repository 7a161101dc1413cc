/** The next step of a rolling upgrade. Pure. */

import { behavesSo } from "../../arm/rules";
import { docs } from "../../arm/sources";
import { Health, type InstanceFacts, isUnwell, type RollingPolicy } from "./facts";
import type { Batch, BatchMember, RollingState } from "./upgrades";

behavesSo(
  "Microsoft.Compute/virtualMachineScaleSets",
  {
    says: "A rolling upgrade takes batches within the policy's shares, and ends at the first breach.",
    documented: docs.rolling,
  },
  {
    says: "With surge an upgrade makes new instances first, and removes old ones when these are well.",
    documented: docs.surge,
  },
);

export interface RollingInput {
  state: RollingState;
  policy: RollingPolicy;
  instances: readonly InstanceFacts[];
  now: number;
  /** A member without a verdict for this long has failed, in milliseconds. */
  patienceMs: number;
}

/** The next act; with neither a start nor a removal there is only the new state, and waiting. */
export interface RollingStep {
  state: RollingState;
  /** Instances to bring to the model of now, as a batch; with surge, as many new ones to make. */
  start: string[];
  /** Instances to delete: the old ones of a surge that went well, the new ones of a failed surge. */
  remove: string[];
  /** When to look again, if nothing happens before. */
  wakeAt?: number;
}

/**
 * One step: judges the batch that is under way, else begins the next one. Instances are out of
 * service at most as many as the policy allows; a breach ends the upgrade and leaves the rest alone.
 */
export function nextRollingStep(input: RollingInput): RollingStep {
  const { state } = input;
  if (state.status !== "RollingForward") return { state, start: [], remove: [] };
  if (state.batch !== undefined) return judgeBatch(input, state.batch);
  return beginBatch(input);
}

/** The reason to stop: more of the upgraded instances are unhealthy than the policy allows. */
function breach({ upgraded, failed }: RollingState, policy: RollingPolicy): string | undefined {
  const share = (100 * failed.length) / Math.max(1, upgraded.length);
  const [first] = failed;
  if (first === undefined || share <= policy.maxUnhealthyUpgradedPercent) return undefined;
  return `${percent(share)} of the upgraded instances are not healthy, which is more than maxUnhealthyUpgradedInstancePercent ${policy.maxUnhealthyUpgradedPercent}: ${first.id.split("/").pop()}: ${first.reason}`;
}

type Verdict = "well" | "waiting" | { failed: string };

function judgeBatch(input: RollingInput, batch: Batch): RollingStep {
  const { state, policy, now, patienceMs } = input;
  const present = batch.members.flatMap((member) => {
    const instance = input.instances.find(({ id }) => id === member.id);
    return instance === undefined || instance.leaving ? [] : [{ member, instance }];
  });
  const late = now >= batch.startedAt + patienceMs;
  const verdicts = present.map(({ member, instance }) => ({
    id: member.id,
    verdict: verdictOf(member, instance, late),
  }));
  if (verdicts.some(({ verdict }) => verdict === "waiting")) {
    return { state, start: [], remove: [], wakeAt: batch.startedAt + patienceMs };
  }
  const failed = verdicts.flatMap(({ id, verdict }) =>
    typeof verdict === "object" ? [{ id, reason: verdict.failed }] : [],
  );
  const upgraded = [...state.upgraded, ...verdicts.map(({ id }) => id)];
  const { batch: _, ...rest } = state;
  const judged: RollingState = {
    ...rest,
    changedAt: now,
    upgraded,
    failed: [...state.failed, ...failed],
    pauseUntil: now + policy.pauseMs,
  };
  const error = breach(judged, policy);
  if (error !== undefined) {
    // New instances that are not well have replaced nobody, and must not.
    const remove = batch.replaces.length > 0 ? failed.map(({ id }) => id) : [];
    return { state: faulted(judged, error, now), start: [], remove };
  }
  const alive = new Set(input.instances.filter((i) => !i.leaving).map(({ id }) => id));
  const remove = batch.replaces.filter((id) => alive.has(id));
  return { state: judged, start: [], remove, wakeAt: judged.pauseUntil };
}

/**
 * An instance that must restart counts after its next boot. Another one counts when its health can
 * have changed since it got the model: after as many answers as a verdict takes, without the answer
 * that was under way.
 */
function verdictOf(member: BatchMember, instance: InstanceFacts, late: boolean): Verdict {
  const anew = instance.epoch !== member.epoch;
  const again = !member.restarts || (anew && instance.epoch !== "");
  const before = anew ? 0 : member.answers + 1;
  const enough = instance.probes === 0 || instance.answers >= before + instance.probes;
  const asked = again && enough && !instance.noticed;
  if (asked && instance.health === Health.Healthy) return "well";
  if (asked && isUnwell(instance)) return { failed: instance.reason };
  if (!late) return "waiting";
  return { failed: again ? instance.reason : "it did not restart" };
}

function beginBatch(input: RollingInput): RollingStep {
  const { state, policy, now } = input;
  const none = { start: [], remove: [] };
  if (state.pauseUntil !== undefined && now < state.pauseUntil) {
    return { state, ...none, wakeAt: state.pauseUntil };
  }
  const staying = input.instances.filter((instance) => !instance.leaving);
  const left = staying.filter((i) => !i.latest && !i.protectedFromActions);
  // An instance that was well when its batch was judged may have fallen ill in the pause.
  const failed = staying
    .filter((instance) => state.upgraded.includes(instance.id) && isUnwell(instance))
    .map(({ id, reason }) => ({ id, reason }));
  const late = breach({ ...state, failed }, policy);
  if (late !== undefined) return { state: faulted({ ...state, failed }, late, now), ...none };
  if (left.length === 0) {
    return { state: { ...state, status: "Completed", changedAt: now }, ...none };
  }
  const unwell = staying.filter(isUnwell);
  const share = (100 * unwell.length) / staying.length;
  if (share > policy.maxUnhealthyPercent) {
    const [first] = unwell;
    const error = `${percent(share)} of the instances are not healthy, which is more than maxUnhealthyInstancePercent ${policy.maxUnhealthyPercent}: ${first?.name}: ${first?.reason}`;
    return { state: faulted(state, error, now), ...none };
  }
  return { state, start: chooseBatch(staying, left, policy), remove: [] };
}

/**
 * The first instances of what is left, within one zone unless zones may be mixed. Instances that
 * are not well anyway make the batch smaller, down to one.
 */
export function chooseBatch(
  staying: readonly InstanceFacts[],
  left: readonly InstanceFacts[],
  policy: RollingPolicy,
): string[] {
  const ordered = [...left].sort(
    (a, b) =>
      (policy.unhealthyFirst ? Number(isUnwell(b)) - Number(isUnwell(a)) : 0) ||
      a.zone.localeCompare(b.zone) ||
      a.age.localeCompare(b.age) ||
      a.id.localeCompare(b.id),
  );
  const [first] = ordered;
  const candidates = policy.crossZone ? ordered : ordered.filter((i) => i.zone === first?.zone);
  const size = Math.max(1, Math.floor((staying.length * policy.maxBatchPercent) / 100));
  const chosen: InstanceFacts[] = [];
  for (const candidate of candidates) {
    const batch = [...chosen, candidate];
    const others = staying.filter((i) => isUnwell(i) && !batch.includes(i)).length;
    const out = (100 * (batch.length + others)) / staying.length;
    if (batch.length > 1 && (batch.length > size || out > policy.maxUnhealthyPercent)) break;
    chosen.push(candidate);
  }
  return chosen.map(({ id }) => id);
}

const faulted = (state: RollingState, error: string, now: number): RollingState => ({
  ...state,
  status: "Faulted",
  changedAt: now,
  error,
});

const percent = (share: number): string => `${Math.round(share)} %`;
