/** `lab event VM TYPE`: announces what Azure would do to a machine, and does it when it is time. */
import { setTimeout as sleep } from "node:timers/promises";
import { Argument, type Command } from "commander";
import { asText } from "../arm/resource";
import { Store } from "../arm/store";
import {
  EVENT_TYPES,
  type EventType,
  eventsOf,
  type StoredEvent,
} from "../compute/scheduledEvents";
import type { LabPaths } from "../paths";
import { supervisorOf } from "../supervisor/lifecycle";
import { UserError } from "../userError";
import { judged, type LabMachine, machineNamed } from "./machine";

const LOOK_MS = 100;

export function define(command: Command): void {
  const types = EVENT_TYPES.map((type) => type.toLowerCase());
  command
    .argument("<vm>", "a VM by its Azure name")
    .addArgument(new Argument("<type>", "what is announced").choices(types))
    .option("--description <text>", "what the machine is told")
    .option("--wait", "return when it is over")
    .action(async (vm: string, type: string, options: { description?: string; wait?: true }) => {
      const machine = machineNamed(command, vm);
      const request = { type: eventType(type), description: options.description };
      const raised = await judged(machine.arm.raiseEvent(machine.id, request));
      const told = await untilAnnounced(machine, raised);
      console.log(announcement(vm, told));
      if (options.wait !== true) return;
      while (findEvent(machine.lab, machine.id, raised.EventId) !== undefined) await sleep(LOOK_MS);
      console.log(`${vm}: ${raised.EventType} is over`);
    });
}

/** Azure's spelling of a type. */
export const eventType = (text: string): EventType =>
  EVENT_TYPES.find((type) => type.toLowerCase() === text) ?? "Reboot";

/** The announcement in a line. Pure. */
export function announcement(vm: string, event: StoredEvent | undefined): string {
  if (event === undefined) return `${vm}: it has happened`;
  const { EventType, EventId, NotBefore } = event;
  return `${vm}: ${EventType} ${EventId} not before ${NotBefore}, or when it is approved`;
}

/** The event with its time, which the lab's network sets; undefined if it is over already. */
async function untilAnnounced(
  machine: LabMachine,
  { EventId }: StoredEvent,
): Promise<StoredEvent | undefined> {
  for (;;) {
    const event = findEvent(machine.lab, machine.id, EventId);
    if (event === undefined || asText(event.due) !== undefined) return event;
    await sleep(LOOK_MS);
  }
}

function findEvent(lab: LabPaths, vm: string, id: string): StoredEvent | undefined {
  if (supervisorOf(lab) === undefined) throw new UserError("the lab went down before it was over");
  const stored = Store.open(lab.azure).view().get(vm);
  return stored && eventsOf(stored).find(({ EventId }) => EventId === id);
}
