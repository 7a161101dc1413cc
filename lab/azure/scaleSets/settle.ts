/** What follows from writing a scale set: instances to its capacity, and a newer model's upgrade. */
import { asBody, asTexts, type StoredResource } from "../resource";
import type { Service } from "../world";
import { addInstance, capacityOf, instancesOf, recordOf } from "./instances";
import { type Candidate, chooseScaleIn, type ScaleInPolicy } from "./scaleIn";

/** Runs in the transaction that wrote the scale set. */
export function settleScaleSet(
  set: StoredResource,
  _existing: StoredResource | undefined,
  service: Service,
): void {
  const instances = instancesOf(set.id, service.world);
  for (let count = instances.length; count < capacityOf(set); count += 1) addInstance(set, service);
  // With machines that run it is the fabric that gives notice, waits for health and goes on.
  if (service.fabricRuns) return;
  for (const id of surplus(set, instances)) service.delete(id);
}

/** Ids of the instances that a scale set has too many, as its policy chooses them. */
export function surplus(set: StoredResource, instances: readonly StoredResource[]): string[] {
  const count = instances.length - capacityOf(set);
  return count <= 0 ? [] : chooseScaleIn(instances.map(candidate), count, policyOf(set));
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
