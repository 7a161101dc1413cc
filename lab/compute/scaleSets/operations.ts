/** Requests of an administrator about a scale set besides writing it, within one transaction. */
import { refuse } from "../../arm/errors";
import { keyOf, sameId } from "../../arm/ids";
import { asBody, asText, type StoredResource } from "../../arm/resource";
import { refusalsOf } from "../../arm/rules";
import { docs } from "../../arm/sources";
import { capacityProblem, MAX_INSTANCES } from "../../arm/types/scaleSetPolicies";
import type { Service, World } from "../../arm/world";
import {
  changeRecord,
  type InstanceRecord,
  instancesOf,
  isLatest,
  isStaying,
  recordOf,
  scaleSetOf,
} from "./instances";
import { SCALE_SET_TYPE } from "./model";
import { repairInstance, settleCapacity, upgradeInstance, upgradeModeOf } from "./settle";
import { beginUpgrade } from "./upgrades";

const refusals = refusalsOf("Microsoft.Compute/virtualMachineScaleSets", {
  nobodyRuns: {
    code: "OperationNotAllowed",
    says: "A rolling upgrade has machines whose health it can wait for.",
    http: 409,
    assumed: "It is the lab's own case: its machines may be down while its API is up.",
  },
  absent: {
    code: "ResourceNotFound",
    says: "A scale set or instance that is asked for is there.",
    http: 404,
    documented: docs.apiErrors,
  },
  ambiguous: {
    code: "InvalidParameter",
    says: "A name without its id is that of one resource.",
    assumed: "It is the lab's own case: its commands take names, the service takes ids.",
  },
});

/** `automaticRepairsPolicy.repairAction`. */
export const REPAIR_ACTIONS = ["Replace", "Restart", "Reimage"] as const;
export type RepairAction = (typeof REPAIR_ACTIONS)[number];

/** Sets the number of instances. */
export function scale(name: string, capacity: number, service: Service): void {
  if (!Number.isInteger(capacity) || capacity < 0 || capacity > MAX_INSTANCES) {
    throw capacityProblem(capacity);
  }
  const { id } = scaleSetNamed(name, service.world);
  const set = service.amend(id, ({ sku }) => Object.assign(sku ?? {}, { capacity }));
  if (set !== undefined) settleCapacity(set, service);
}

/**
 * Brings instances to the model of now: the named ones at once; without names all of them, by the
 * scale set's upgrade mode. Returns what was begun.
 */
export function upgrade(
  name: string,
  instances: readonly string[],
  service: Service,
): { rolling: boolean; instances: string[] } {
  const set = scaleSetNamed(name, service.world);
  const own = instancesOf(set.id, service.world).filter(isStaying);
  if (instances.length === 0 && upgradeModeOf(set) === "Rolling") {
    if (!service.fabricRuns) {
      throw refuse(
        refusals.nobodyRuns,
        `A rolling upgrade of ${set.name} waits for the health of its instances, and no machine runs: bring the lab up, or name instances.`,
      );
    }
    beginUpgrade(set, service);
    const behind = own.filter((vm) => !isLatest(set, vm));
    return { rolling: true, instances: behind.map((vm) => vm.name) };
  }
  const named = instances.map((instance) => instanceNamed(instance, own, set));
  const chosen = instances.length === 0 ? own.filter((vm) => !isLatest(set, vm)) : named;
  for (const vm of chosen) upgradeInstance(set, vm, service);
  return { rolling: false, instances: chosen.map((vm) => vm.name) };
}

/** Repairs an instance now; without an action as its scale set's policy says, else by replacing. */
export function repair(
  name: string,
  action: RepairAction | undefined,
  service: Service,
): RepairAction {
  const all = [...service.world.all()].filter((vm) => recordOf(vm) !== undefined);
  const vm = instanceNamed(name, all);
  const set = service.world.get(scaleSetOf(vm) ?? "");
  const policy = asText(asBody(set?.properties.automaticRepairsPolicy)?.repairAction);
  const chosen = action ?? REPAIR_ACTIONS.find((known) => known === policy) ?? "Replace";
  repairInstance(vm, chosen, service);
  return chosen;
}

/** Protects an instance, as the `protectionPolicy` of Azure's API does; both false ends it. */
export function protect(
  name: string,
  protection: NonNullable<InstanceRecord["protection"]>,
  service: Service,
): void {
  const all = [...service.world.all()].filter((vm) => recordOf(vm) !== undefined);
  changeRecord(instanceNamed(name, all).id, { protection }, service);
}

function scaleSetNamed(name: string, world: World): StoredResource {
  const found = [...world.all()].filter(
    (resource) => resource.type === SCALE_SET_TYPE && isCalled(resource, name),
  );
  return only(found, `scale set '${name}'`);
}

function instanceNamed(
  name: string,
  among: readonly StoredResource[],
  set?: StoredResource,
): StoredResource {
  const of = set === undefined ? "of any scale set" : `of scale set ${set.name}`;
  return only(
    among.filter((vm) => isCalled(vm, name)),
    `instance '${name}' ${of}`,
  );
}

const isCalled = (resource: StoredResource, name: string): boolean =>
  sameId(resource.id, name) || keyOf(resource.name) === keyOf(name);

function only(found: readonly StoredResource[], what: string): StoredResource {
  const [first, second] = found;
  if (first === undefined) throw refuse(refusals.absent, `There is no ${what}.`);
  if (second === undefined) return first;
  const ids = found.map(({ id }) => id).join(", ");
  throw refuse(refusals.ambiguous, `There is more than one ${what}, say which by its id: ${ids}.`);
}
