/** Makes, removes and changes the instances of a scale set, inside a transaction. */
import { randomBytes } from "node:crypto";
import { keyOf, sameId } from "../../arm/ids";
import {
  asBody,
  asNumber,
  asText,
  asTexts,
  type Body,
  refOf,
  type StoredResource,
} from "../../arm/resource";
import type { Service, World } from "../../arm/world";
import { isTerminating } from "../scheduledEvents";
import {
  actFor,
  extensionsOf,
  type InstanceName,
  instanceBodies,
  SCALE_SET_TYPE,
  type UpgradeAct,
} from "./model";

const VM_TYPE = "Microsoft.Compute/virtualMachines";

/** The service's record in a machine that is an instance of a scale set. */
export interface InstanceRecord {
  /** Version of the model that it is on. */
  model: number;
  /** Extensions of that model, in Azure's shape. */
  extensions: Body[];
  /** When that model was written, ISO 8601. */
  updated: string;
  /** Set while the instance is being removed; `replaced`: another one takes its place. */
  leaving?: "replaced" | "removed";
  /** Repairs that it is the product of, since it was last healthy. */
  repairs?: number;
  /** Acts that the user protects it from. */
  protection?: { protectFromScaleIn?: boolean; protectFromScaleSetActions?: boolean };
  /** Health as the extension last said it; absent while nothing has been said. */
  health?: { state: string; since: string; reason: string };
}

/** The service's record in an instance; undefined for a machine that is none. */
export const recordOf = (vm: StoredResource): InstanceRecord | undefined =>
  asBody(vm.properties.scaleSetInstance) as InstanceRecord | undefined;

/** Extensions that an instance has of its model. */
export const extensionsIn = (vm: StoredResource): Body[] => recordOf(vm)?.extensions ?? [];

/** Instances of a scale set, oldest first. */
export const instancesOf = (setId: string, world: Pick<World, "usersOf">): StoredResource[] =>
  world
    .usersOf(setId)
    .filter((user) => user.type === VM_TYPE && sameId(scaleSetOf(user), setId))
    .sort((a, b) => ageOf(a).localeCompare(ageOf(b)));

const ageOf = (vm: StoredResource): string => `${vm.properties.timeCreated} ${keyOf(vm.name)}`;

/** Id of the scale set that a machine belongs to. */
export const scaleSetOf = (vm: StoredResource): string | undefined =>
  refOf(vm.properties.virtualMachineScaleSet);

/** Instances that a scale set should have. */
export const capacityOf = (set: StoredResource): number => asNumber(set.sku?.capacity) ?? 0;

/** Version of the model that a scale set has now. */
export const modelVersionOf = (set: StoredResource): number =>
  asNumber(set.properties.modelVersion) ?? 1;

/** Whether an instance is on the scale set's model of now. */
export const isLatest = (set: StoredResource, vm: StoredResource): boolean =>
  recordOf(vm)?.model === modelVersionOf(set);

/** Makes one instance of the model of now, in the zone that has the fewest; returns its id. */
export function addInstance(set: StoredResource, service: Service): string {
  const others = instancesOf(set.id, service.world);
  const taken = new Set(others.map((vm) => suffixOf(set, vm)));
  let suffix: string;
  do suffix = randomBytes(4).toString("hex");
  while (taken.has(suffix));
  const name = { suffix, computerSuffix: base36(6), zone: emptiestZone(set, others) };
  const { nics, vm } = instanceBodies(set, name);
  for (const nic of nics) service.put(nic.id, nic.body);
  service.put(vm.id, vm.body);
  note(set, vm.id, service);
  return vm.id;
}

/**
 * Writes an instance as the model of now has it, past what is fixed for users; returns what the
 * machine must go through to follow.
 */
export function writeLatest(
  set: StoredResource,
  instance: StoredResource,
  service: Service,
): UpgradeAct {
  const os = asBody(instance.properties.osProfile);
  const prefix = asText(
    asBody(asBody(set.properties.virtualMachineProfile)?.osProfile)?.computerNamePrefix,
  );
  const computer = asText(os?.computerName) ?? "";
  const name: InstanceName = {
    suffix: suffixOf(set, instance),
    computerSuffix: computer.slice(-6),
    zone: asTexts(instance.zones)[0],
  };
  const { nics, vm } = instanceBodies(set, name);
  // A name is for life, also when the prefix has changed since.
  if (prefix !== undefined)
    (asBody((vm.body.properties as Body).osProfile) ?? {}).computerName = computer;
  for (const nic of nics) service.put(nic.id, nic.body);
  const written = service.put(vm.id, vm.body);
  note(set, vm.id, service);
  return actFor(instance, written);
}

/** Records which model an instance is on. */
function note(set: StoredResource, vmId: string, service: Service): void {
  service.amend(vmId, (vm) => {
    const record: InstanceRecord = {
      ...recordOf(vm),
      model: modelVersionOf(set),
      updated: new Date().toISOString(),
      extensions: extensionsOf(set),
    };
    vm.properties.scaleSetInstance = record;
  });
}

const suffixOf = (set: StoredResource, vm: StoredResource): string =>
  vm.name.slice(set.name.length + 1);

/** The zone with the fewest instances, the first of several; undefined without zones. */
function emptiestZone(set: StoredResource, others: readonly StoredResource[]): string | undefined {
  const count = (zone: string) => others.filter((vm) => asTexts(vm.zones)[0] === zone).length;
  return asTexts(set.zones).reduce<string | undefined>(
    (best, zone) => (best === undefined || count(zone) < count(best) ? zone : best),
    undefined,
  );
}

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Characters of a computer name, as Azure makes them up. */
function base36(length: number): string {
  return [...randomBytes(length)].map((byte) => DIGITS[byte % DIGITS.length]).join("");
}

/** Whether an instance counts towards the capacity: one that nothing replaces does not. */
export function isStaying(vm: StoredResource): boolean {
  const leaving = recordOf(vm)?.leaving;
  return leaving === undefined ? !isTerminating(vm) : leaving === "replaced";
}

/** Removes an instance, after the notice that it may have asked for. */
export function removeInstance(
  vm: StoredResource,
  leaving: NonNullable<InstanceRecord["leaving"]>,
  service: Service,
): void {
  changeRecord(vm.id, { leaving }, service);
  service.end(vm.id);
}

/** Changes what is kept in an instance. */
export function changeRecord(
  vmId: string,
  change: Partial<InstanceRecord>,
  service: Pick<Service, "amend">,
): void {
  service.amend(vmId, (vm) => {
    vm.properties.scaleSetInstance = { ...recordOf(vm), ...change };
  });
}

/**
 * Follows the end of a machine: one that was removed to be replaced is made again; one that a user
 * deleted lowers the capacity, so that it does not come back.
 */
export function afterInstanceDelete(deleted: StoredResource, service: Service): void {
  const set = service.world.get(scaleSetOf(deleted) ?? "");
  const { leaving, repairs = 0 } = recordOf(deleted) ?? {};
  if (set === undefined || set.type !== SCALE_SET_TYPE || leaving === "removed") return;
  const left = instancesOf(set.id, service.world).filter(isStaying).length;
  if (left >= capacityOf(set)) return;
  if (leaving === undefined) {
    service.amend(set.id, (changed) => Object.assign(changed.sku ?? {}, { capacity: left }));
    return;
  }
  changeRecord(addInstance(set, service), { repairs: repairs + 1 }, service);
}
