/** One step of everything that a scale set does by itself, inside a transaction. */
import { durationSeconds } from "../../arm/durations";
import { ArmError } from "../../arm/errors";
import { asBody, asNumber, asText, type StoredResource } from "../../arm/resource";
import type { Service, World } from "../../arm/world";
import { Health, type InstanceFacts } from "./facts";
import {
  addInstance,
  changeRecord,
  instancesOf,
  isStaying,
  recordOf,
  removeInstance,
} from "./instances";
import { SCALE_SET_TYPE } from "./model";
import { instanceFacts, type Known, rollingPolicyOf } from "./observe";
import { nextRepairs, type RepairState, type RepairStep } from "./repairs";
import { nextRollingStep, type RollingStep } from "./rolling";
import { repairInstance, surplus, upgradeInstance } from "./settle";
import { type BatchMember, type RollingState, upgradeOf, writeUpgrade } from "./upgrades";

export interface StepInput {
  known: Known;
  /** Multiplies every time of Azure's. */
  timeFactor: number;
  now: number;
}

/** The acts that a scale set would take now. */
export interface Decision {
  set: StoredResource;
  instances: InstanceFacts[];
  rolling: RollingStep | undefined;
  repairs: RepairStep;
  remove: StoredResource[];
  /** Instances whose health differs from what the store says. */
  told: InstanceFacts[];
  wakeAt: number | undefined;
}

/** Azure gives a machine this long to be provisioned, in seconds. */
const PROVISIONING_SECONDS = 40 * 60;
/** Longest notice before a reimage, in seconds. */
const NOTICE_SECONDS = 15 * 60;
/** A machine of the lab needs real time to start, whatever the factor, in milliseconds. */
const SHORTEST_PATIENCE_MS = 60_000;

/** An upgraded instance that is not well after this time has failed, in milliseconds. */
export const patienceMs = (timeFactor: number): number =>
  Math.max((PROVISIONING_SECONDS + NOTICE_SECONDS) * 1000 * timeFactor, SHORTEST_PATIENCE_MS);

/** All scale sets. */
export const scaleSetsIn = (world: Pick<World, "all">): StoredResource[] =>
  [...world.all()].filter(({ type }) => type === SCALE_SET_TYPE);

/** The next acts of a scale set. Pure. */
export function decide(set: StoredResource, world: World, input: StepInput): Decision {
  const { known, timeFactor, now } = input;
  const stored = instancesOf(set.id, world);
  const instances = stored.map((vm) => instanceFacts(set, vm, known));
  const state = upgradeOf(set);
  const rolling =
    state?.status === "RollingForward"
      ? nextRollingStep({
          state,
          policy: rollingPolicyOf(set, timeFactor),
          instances,
          now,
          patienceMs: patienceMs(timeFactor),
        })
      : undefined;
  const repairs = repairsOf(set, instances, rolling !== undefined, input);
  const spare = state?.batch?.replaces.length ?? 0;
  const told = instances.filter(
    (instance, i) => recordOf(stored[i] ?? set)?.health?.state !== instance.health,
  );
  const wakes = [rolling?.wakeAt, repairs.wakeAt].filter((time) => time !== undefined);
  return {
    ...{ set, instances, rolling, repairs, told },
    remove: surplus(set, stored, spare),
    wakeAt: wakes.length > 0 ? Math.min(...wakes) : undefined,
  };
}

function repairsOf(
  set: StoredResource,
  instances: InstanceFacts[],
  upgrading: boolean,
  { timeFactor, now }: StepInput,
): RepairStep {
  const policy = asBody(set.properties.automaticRepairsPolicy);
  const kept = asBody(set.properties.repairs);
  const state: RepairState = {
    failures: asNumber(kept?.failures) ?? 0,
    suspended: kept?.suspended === true,
  };
  if (policy?.enabled !== true || upgrading) return { state, repair: [] };
  const grace = durationSeconds(asText(policy.gracePeriod) ?? "PT10M") ?? 600;
  return nextRepairs({ state, instances, graceMs: grace * 1000 * timeFactor, now });
}

/** True if a decision changes nothing: no transaction is needed for it. */
export function isIdle({ set, rolling, repairs, remove, told }: Decision): boolean {
  const { failures = 0, suspended = false } = asBody(set.properties.repairs) ?? {};
  return (
    remove.length === 0 &&
    told.length === 0 &&
    repairs.repair.length === 0 &&
    repairs.state.failures === failures &&
    repairs.state.suspended === suspended &&
    (rolling === undefined ||
      (rolling.start.length === 0 &&
        rolling.remove.length === 0 &&
        rolling.state === upgradeOf(set)))
  );
}

/** Does what was decided; the decision must have been made in the same transaction. */
export function perform(decision: Decision, service: Service, now: number): void {
  const { set, instances, rolling, repairs, remove, told } = decision;
  for (const { id, health, reason } of told) {
    const since = new Date(now).toISOString();
    const helped = health === Health.Healthy ? { repairs: 0 } : {};
    changeRecord(id, { health: { state: health, reason, since }, ...helped }, service);
  }
  for (const vm of remove) removeInstance(vm, "removed", service);
  if (rolling !== undefined) performRolling(set, rolling, instances, service, now);
  for (const id of repairs.repair) {
    const vm = service.world.get(id);
    const action = asText(asBody(set.properties.automaticRepairsPolicy)?.repairAction);
    const known = action === "Restart" || action === "Reimage" ? action : "Replace";
    if (vm !== undefined) repairInstance(vm, known, service);
  }
  const { failures, suspended } = repairs.state;
  service.amend(set.id, ({ properties }) => {
    if (failures > 0 || suspended) properties.repairs = { failures, suspended };
    else delete properties.repairs;
  });
}

function performRolling(
  set: StoredResource,
  { state, start, remove }: RollingStep,
  instances: readonly InstanceFacts[],
  service: Service,
  now: number,
): void {
  for (const id of remove) {
    const vm = service.world.get(id);
    if (vm !== undefined && isStaying(vm)) removeInstance(vm, "removed", service);
  }
  if (start.length === 0) {
    if (state !== upgradeOf(set)) writeUpgrade(set, state, service);
    return;
  }
  const { pauseUntil: _, ...rest } = state;
  const surge = asBody(asBody(set.properties.upgradePolicy)?.rollingUpgradePolicy)?.maxSurge;
  const batch =
    (surge === true ? newInstances(set, start, service, now) : undefined) ??
    inPlace(set, start, instances, service, now);
  writeUpgrade(set, { ...rest, ...batch, changedAt: now }, service);
}

/** New instances for a batch; undefined where there is no room for them: then it goes on in place. */
function newInstances(
  set: StoredResource,
  replaces: string[],
  service: Service,
  now: number,
): Pick<RollingState, "batch"> | undefined {
  const made: string[] = [];
  try {
    for (const _ of replaces) made.push(addInstance(set, service));
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    for (const id of made) service.delete(id);
    return undefined;
  }
  const members = made.map((id) => ({ id, epoch: "", answers: 0, restarts: true }));
  return { batch: { startedAt: now, members, replaces } };
}

/** Writes the model into the instances of a batch. */
function inPlace(
  set: StoredResource,
  ids: readonly string[],
  instances: readonly InstanceFacts[],
  service: Service,
  now: number,
): Partial<RollingState> {
  const members: BatchMember[] = [];
  try {
    for (const id of ids) {
      const vm = service.world.get(id);
      if (vm === undefined) continue;
      const { restarts } = upgradeInstance(set, vm, service);
      const { epoch = "", answers = 0 } = instances.find((i) => i.id === id) ?? {};
      members.push({ id, epoch, answers, restarts });
    }
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    // Azure refuses what the model makes of this instance.
    return { status: "Faulted", error: `${error.code}: ${error.message}` };
  }
  return { batch: { startedAt: now, members, replaces: [] } };
}
