/** Acts of the API on virtual machines besides PUT and DELETE, within one transaction. */
import { randomUUID } from "node:crypto";
import { amend } from "../arm/amend";
import { refuse } from "../arm/errors";
import { isUnder, keyOf } from "../arm/ids";
import { refOf, type StoredResource } from "../arm/resource";
import { refusalsOf } from "../arm/rules";
import { docs } from "../arm/sources";
import type { StoreTransaction } from "../arm/store";
import { type ActionOptions, type MachineAction, machineStateOf, stateAfter } from "./machineState";
import {
  type EventRequest,
  eventsOf,
  isTerminating,
  newEvent,
  osImageNotice,
  type StoredEvent,
  terminateNotice,
} from "./scheduledEvents";

const refusals = refusalsOf("Microsoft.Compute/virtualMachines", {
  absent: {
    code: "ResourceNotFound",
    says: "A machine that is asked for is there.",
    http: 404,
    documented: docs.apiErrors,
  },
});

const MACHINE_TYPE = "Microsoft.Compute/virtualMachines";

/** Whether what was asked for has been done, or waits for an event's time. */
export type ActionResult = "done" | "scheduled";

/** Writes the outcome of an operation on a VM; `notice`: the lab carries events out. */
export function writeAction(
  id: string,
  action: MachineAction,
  options: ActionOptions & { notice: boolean },
  tx: StoreTransaction,
): ActionResult {
  const vm = machineIn(id, tx);
  const machineState = stateAfter(vm, action, options);
  const told = options.notice && osImageNotice(vm) !== undefined;
  if (action === "reimage" && told && machineStateOf(vm).power === "running") {
    const description = "OS image of the virtual machine is going to be replaced.";
    writeEvent(id, { type: "Reboot", act: "reimage", description }, tx);
    return "scheduled";
  }
  amend(id, ({ properties }) => Object.assign(properties, { machineState }), tx);
  return "done";
}

/** Announces an event. */
export function writeEvent(id: string, request: EventRequest, tx: StoreTransaction): StoredEvent {
  const vm = machineIn(id, tx);
  const event = newEvent(vm, request);
  const scheduledEvents = [...eventsOf(vm), event];
  amend(id, ({ properties }) => Object.assign(properties, { scheduledEvents }), tx);
  return event;
}

/**
 * Announces the end of the running machines that a delete concerns and that asked for notice;
 * returns their ids. One that has been told is not told again.
 */
export function writeTerminations(id: string, tx: StoreTransaction): string[] {
  const concerned = [...tx.all()].filter(
    (vm) =>
      isMachine(vm) &&
      (isUnder(vm.id, id) || isUnder(refOf(vm.properties.virtualMachineScaleSet) ?? "", id)) &&
      terminateNotice(vm) !== undefined &&
      machineStateOf(vm).power === "running",
  );
  const batch = randomUUID();
  for (const vm of concerned) {
    if (!isTerminating(vm)) writeEvent(vm.id, { type: "Terminate", batch }, tx);
  }
  return concerned.map((vm) => vm.id);
}

const isMachine = (resource: StoredResource) => keyOf(resource.type) === keyOf(MACHINE_TYPE);

function machineIn(id: string, tx: StoreTransaction): StoredResource {
  const vm = tx.get(id);
  if (vm !== undefined && isMachine(vm)) return vm;
  throw refuse(refusals.absent, `There is no virtual machine '${id}'.`);
}
