/** Consequences of writing a scale set: instances to its capacity, and a newer model's upgrade. */

import { asBody, asText, asTexts, type StoredResource } from "../../arm/resource";
import type { Service } from "../../arm/world";
import { machineStateOf } from "../machineState";
import {
  addInstance,
  capacityOf,
  changeRecord,
  instancesOf,
  isLatest,
  isStaying,
  modelVersionOf,
  recordOf,
  removeInstance,
  writeLatest,
} from "./instances";
import { UpgradeAct } from "./model";
import { type Candidate, chooseScaleIn, type ScaleInPolicy } from "./scaleIn";
import { beginUpgrade, cancelUpgrade } from "./upgrades";

/** Runs in the transaction that wrote the scale set. */
export function settleScaleSet(
  set: StoredResource,
  existing: StoredResource | undefined,
  service: Service,
): void {
  settleCapacity(set, service);
  // A write is a word of the user's: repairs that gave up begin anew.
  service.amend(set.id, ({ properties }) => {
    delete properties.repairs;
  });
  if (existing === undefined || modelVersionOf(existing) === modelVersionOf(set)) return;
  followModel(set, service);
}

/** Makes the instances that are missing, and removes those that are too many. */
export function settleCapacity(set: StoredResource, service: Service): void {
  const instances = instancesOf(set.id, service.world);
  let staying = instances.filter(isStaying).length;
  for (; staying < capacityOf(set); staying += 1) addInstance(set, service);
  // With machines that run it is the fabric that gives notice, and minds an upgrade under way.
  if (service.fabricRuns) return;
  for (const vm of surplus(set, instances)) removeInstance(vm, "removed", service);
}

/** Starts what a newer model brings about, by the upgrade mode. */
function followModel(set: StoredResource, service: Service): void {
  const behind = instancesOf(set.id, service.world).filter((vm) => !isLatest(set, vm));
  switch (upgradeModeOf(set)) {
    case "Manual":
      cancelUpgrade(set, service);
      return;
    case "Automatic":
      // In no order, and without a look at anybody's health.
      for (const vm of behind) upgradeInstance(set, vm, service);
      return;
    case "Rolling":
      beginUpgrade(set, service);
  }
}

/** Brings an instance to the model of now; whether its machine must run anew for that. */
export function upgradeInstance(
  set: StoredResource,
  vm: StoredResource,
  service: Service,
): { restarts: boolean } {
  const act = writeLatest(set, vm, service);
  if (act === UpgradeAct.None) return { restarts: false };
  const { power } = machineStateOf(vm);
  // One that is off gets its new disk or size when it is started.
  if (power === "running") service.action(vm.id, act);
  else if (act === UpgradeAct.Reimage) {
    service.amend(vm.id, (changed) => {
      const state = machineStateOf(changed);
      changed.properties.machineState = { ...state, disk: state.disk + 1 };
    });
  }
  return { restarts: power === "running" };
}

/** The instances that a scale set has too many, as its policy chooses them. */
export function surplus(
  set: StoredResource,
  instances: readonly StoredResource[],
  spare = 0,
): StoredResource[] {
  const staying = instances.filter(isStaying);
  const count = staying.length - capacityOf(set) - spare;
  if (count <= 0) return [];
  const chosen = new Set(chooseScaleIn(staying.map(candidate), count, policyOf(set)));
  return staying.filter(({ id }) => chosen.has(id));
}

/** `upgradePolicy.mode`. */
export function upgradeModeOf(set: StoredResource): "Manual" | "Automatic" | "Rolling" {
  const mode = asText(asBody(set.properties.upgradePolicy)?.mode);
  return mode === "Rolling" || mode === "Automatic" ? mode : "Manual";
}

const candidate = (vm: StoredResource): Candidate => ({
  id: vm.id,
  zone: asTexts(vm.zones)[0] ?? "",
  age: `${vm.properties.timeCreated}`,
  healthy: recordOf(vm)?.health?.state !== "Unhealthy",
  protected: recordOf(vm)?.protection?.protectFromScaleIn === true,
});

function policyOf(set: StoredResource): ScaleInPolicy {
  const policy = asBody(set.properties.scaleInPolicy) ?? {};
  const rule = asTexts(policy.rules)[0];
  return {
    rule: rule === "OldestVM" || rule === "NewestVM" ? rule : "Default",
    unhealthyFirst: policy.prioritizeUnhealthyVMs === true,
  };
}

/** Repairs an instance as its scale set's policy says, or as the caller does. */
export function repairInstance(
  vm: StoredResource,
  action: "Replace" | "Restart" | "Reimage",
  service: Service,
): void {
  if (action === "Replace") {
    removeInstance(vm, "replaced", service);
    return;
  }
  const { repairs = 0 } = recordOf(vm) ?? {};
  changeRecord(vm.id, { repairs: repairs + 1 }, service);
  service.action(vm.id, action === "Restart" ? "restart" : "reimage");
}
