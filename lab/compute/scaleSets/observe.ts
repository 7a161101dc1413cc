/** A scale set and what is known of its machines → the facts that planners decide from. Pure. */

import { durationSeconds } from "../../arm/durations";
import { asBody, asNumber, asText, type StoredResource } from "../../arm/resource";
import { machineStateOf } from "../machineState";
import { eventsOf, isTerminating } from "../scheduledEvents";
import { Health, type InstanceFacts, type RollingPolicy } from "./facts";
import { isLatest, recordOf } from "./instances";
import { readHealthCheck } from "./readHealth";

/** A run of a machine, as the module that runs machines knows it. */
export interface Run {
  /** Names the run: changes with every boot. */
  epoch: string;
  /** When it began, milliseconds since 1970. */
  startedAt: number;
}

/** The last verdict of an instance's health extension. */
export interface HealthWord {
  /** The run that it was said in. */
  epoch: string;
  state: Health;
  reason: string;
  /** Questions so far in that run. */
  answers: number;
}

export interface Known {
  /** By the VM's id in lower case; absent while a machine is off. */
  runs: ReadonlyMap<string, Run>;
  words: ReadonlyMap<string, HealthWord>;
}

/** Facts of one instance. */
export function instanceFacts(
  set: StoredResource,
  vm: StoredResource,
  { runs, words }: Known,
): InstanceFacts {
  const record = recordOf(vm);
  const key = vm.id.toLowerCase();
  const run = runs.get(key);
  const protection = record?.protection;
  const leaving = record?.leaving !== undefined || isTerminating(vm);
  const updated = Date.parse(record?.updated ?? "") || 0;
  return {
    ...{ id: vm.id, name: vm.name, zone: vm.zones?.[0] ?? "" },
    age: `${vm.properties.timeCreated}`,
    latest: isLatest(set, vm),
    ...healthOf(vm, run, words.get(key)),
    epoch: run?.epoch ?? "",
    changedAt: Math.max(updated, run?.startedAt ?? 0),
    leaving,
    noticed: eventsOf(vm).some(({ act }) => act === "reimage" || act === "restart"),
    wanted: machineStateOf(vm).power === "running",
    protectedFromActions: protection?.protectFromScaleSetActions === true,
    repairs: record?.repairs ?? 0,
  };
}

function healthOf(
  vm: StoredResource,
  run: Run | undefined,
  word: HealthWord | undefined,
): Pick<InstanceFacts, "health" | "reason" | "answers" | "probes"> {
  const probes = readHealthCheck(vm)?.probes ?? 0;
  const silent = { answers: 0, probes };
  if (run === undefined) {
    return { ...silent, health: Health.Unknown, reason: "the machine is off" };
  }
  if (probes === 0) {
    // Nobody can know; policies that need to know are refused without the extension.
    return { ...silent, health: Health.Healthy, reason: "no health extension" };
  }
  if (word?.epoch !== run.epoch) {
    return { ...silent, health: Health.Initializing, reason: "not asked yet" };
  }
  return { health: word.state, reason: word.reason, answers: word.answers, probes };
}

/** A scale set's rolling upgrade policy, its durations in the lab's own time. */
export function rollingPolicyOf(set: StoredResource, timeFactor: number): RollingPolicy {
  const policy = asBody(asBody(set.properties.upgradePolicy)?.rollingUpgradePolicy) ?? {};
  const pause = durationSeconds(asText(policy.pauseTimeBetweenBatches) ?? "PT0S") ?? 0;
  return {
    maxBatchPercent: asNumber(policy.maxBatchInstancePercent) ?? 20,
    maxUnhealthyPercent: asNumber(policy.maxUnhealthyInstancePercent) ?? 20,
    maxUnhealthyUpgradedPercent: asNumber(policy.maxUnhealthyUpgradedInstancePercent) ?? 20,
    pauseMs: pause * 1000 * timeFactor,
    unhealthyFirst: policy.prioritizeUnhealthyInstances === true,
    crossZone: policy.enableCrossZoneUpgrade === true,
    surge: policy.maxSurge === true,
  };
}
