/** A scale set as the store has it → what is shown of it. Pure. */
import { asBody, type StoredResource } from "../../arm/resource";
import type { Model, ScaleSet } from "../../network/model";
import { refKey } from "../../network/readValues";
import { capacityOf, extensionsIn, isLatest, recordOf } from "./instances";
import { isHealthExtension } from "./model";
import { upgradeModeOf } from "./settle";
import { upgradeOf } from "./upgrades";

/** Reads a scale set with its instances, by name; extensions that nobody carries are problems. */
export function readScaleSet(
  set: StoredResource,
  vms: readonly StoredResource[],
  model: Model,
): ScaleSet {
  const id = set.id.toLowerCase();
  const own = vms.filter((vm) => refKey(vm.properties.virtualMachineScaleSet) === id);
  for (const extension of own.flatMap(extensionsIn).filter((e) => !isHealthExtension(e))) {
    model.problems.push(`${set.name}: extension ${String(extension.name)} is not carried`);
  }
  return {
    ...{ id, name: set.name, capacity: capacityOf(set), mode: upgradeModeOf(set) },
    instances: own.map((vm) => ({
      vmId: vm.id.toLowerCase(),
      latest: isLatest(set, vm),
      health: recordOf(vm)?.health,
      leaving: recordOf(vm)?.leaving,
    })),
    upgrade: upgradeOf(set),
    repairsSuspended: asBody(set.properties.repairs)?.suspended === true,
  };
}
