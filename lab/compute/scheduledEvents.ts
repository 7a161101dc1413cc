/**
 * Scheduled events of virtual machines, as the metadata service shows them, with what is to be done
 * when their time has come: kept in the store, in no answer of the API. Pure.
 */
import { randomUUID } from "node:crypto";
import { refuse } from "../arm/errors";
import { asBodies, asBody, asText, type StoredResource } from "../arm/resource";
import { behavesSo, refusalsOf } from "../arm/rules";
import { docs } from "../arm/sources";

behavesSo(
  "Scheduled events",
  {
    says: "Notice is 15 minutes of a freeze or reboot, 10 of a redeploy, 30 seconds of a preemption.",
    documented: docs.events,
  },
  {
    says: "Terminate comes only with a delete, with 5 to 15 minutes as the profile has it.",
    documented: docs.terminate,
  },
  {
    says: "Events of one deletion happen early after all its machines have approved.",
    documented: docs.terminate,
  },
  {
    says: "A freeze takes 9 seconds.",
    assumed: `A few seconds are documented (${docs.events}): what the guest does about them is the same.`,
  },
);

const refusals = refusalsOf("Microsoft.Compute/virtualMachines", {
  noNotice: {
    code: "OperationNotAllowed",
    says: "A machine gets a Terminate event if its profile asks for one.",
    documented: docs.terminate,
  },
});

/** Kinds of events with their shortest notice in seconds; Terminate's notice is the VM's own. */
export const EVENT_NOTICE = {
  Freeze: 15 * 60,
  Reboot: 15 * 60,
  Redeploy: 10 * 60,
  Preempt: 30,
} as const;
export const EVENT_TYPES = ["Freeze", "Reboot", "Redeploy", "Preempt", "Terminate"] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Acts on the machine when an event has been approved or is due. */
export type EventAct = "freeze" | "restart" | "redeploy" | "reimage" | "deallocate" | "delete";

/** An event in the metadata service's own shape. */
export interface ScheduledEvent {
  EventId: string;
  EventType: EventType;
  ResourceType: "VirtualMachine";
  /** Names of the VMs that it happens to. */
  Resources: string[];
  EventStatus: "Scheduled" | "Started";
  /** As in an HTTP date; empty once it has started. */
  NotBefore: string;
  Description: string;
  EventSource: "Platform" | "User";
  /** -1 for unknown. */
  DurationInSeconds: number;
}

/** An event as the store keeps it. */
export interface StoredEvent extends ScheduledEvent {
  act: EventAct;
  /** Seconds between the announcement and the earliest act, before the lab's time factor. */
  notice: number;
  /** When the act happens without approval, ISO 8601; set with NotBefore. */
  due?: string;
  /** Some machine that was shown it has approved it. */
  approved?: true;
  /** Events of one deletion: none happens early before all of them were approved. */
  batch?: string;
  /** The act has been done to the machine, which may not have come back. */
  acted?: true;
}

export interface EventRequest {
  type: EventType;
  /** Default: a sentence that fits the type. */
  description?: string;
  /** Default `Platform`; Terminate comes from the user who deletes. */
  source?: ScheduledEvent["EventSource"];
  /** Default by type; an upgrade of the OS image is a Reboot whose act is `reimage`. */
  act?: EventAct;
  /** Name of a deletion of several machines. */
  batch?: string;
}

/** Seconds that a host's maintenance freezes a machine for. */
export const FREEZE_SECONDS = 9;

const KINDS: Record<EventType, { act: EventAct; seconds: number; description: string }> = {
  Freeze: {
    act: "freeze",
    seconds: FREEZE_SECONDS,
    description: "Host server is under maintenance.",
  },
  Reboot: { act: "restart", seconds: -1, description: "Virtual machine is going to be restarted." },
  Redeploy: { act: "redeploy", seconds: -1, description: "Host server is predicted to fail." },
  Preempt: { act: "deallocate", seconds: -1, description: "Capacity is needed elsewhere." },
  Terminate: { act: "delete", seconds: -1, description: "Virtual machine is being deleted." },
};

/** Events of a VM, oldest first. */
export const eventsOf = (vm: StoredResource): StoredEvent[] =>
  asBodies(vm.properties.scheduledEvents) as unknown as StoredEvent[];

/** True if a delete waits for its Terminate event. */
export const isTerminating = (vm: StoredResource): boolean =>
  eventsOf(vm).some((event) => event.act === "delete");

/** Seconds of notice before a delete; undefined if the VM has not asked for any. */
export const terminateNotice = (vm: StoredResource): number | undefined =>
  noticeOf(vm, "terminateNotificationProfile", 5 * 60);

/** Seconds of notice before a reimage; undefined if the VM has not asked for any. */
export const osImageNotice = (vm: StoredResource): number | undefined =>
  noticeOf(vm, "osImageNotificationProfile", 15 * 60);

function noticeOf(vm: StoredResource, name: string, otherwise: number): number | undefined {
  const profile = asBody(asBody(vm.properties.scheduledEventsProfile)?.[name]);
  if (profile?.enable !== true) return undefined;
  const minutes = /^PT(\d+)M$/.exec(asText(profile.notBeforeTimeout) ?? "")?.[1];
  return minutes === undefined ? otherwise : Number(minutes) * 60;
}

/** A new event for a VM; throws a refusal if the VM cannot get it. */
export function newEvent(vm: StoredResource, request: EventRequest): StoredEvent {
  const { type } = request;
  const kind = KINDS[type];
  // The eviction policy says what becomes of an evicted machine.
  const evicted = type === "Preempt" && vm.properties.evictionPolicy === "Delete";
  const act = request.act ?? (evicted ? "delete" : kind.act);
  return {
    EventId: randomUUID().toUpperCase(),
    EventType: type,
    ResourceType: "VirtualMachine",
    Resources: [vm.name],
    EventStatus: "Scheduled",
    NotBefore: "",
    Description: request.description ?? kind.description,
    EventSource: request.source ?? (type === "Terminate" ? "User" : "Platform"),
    DurationInSeconds: kind.seconds,
    act,
    notice: noticeFor(vm, type, act),
    ...(request.batch === undefined ? {} : { batch: request.batch }),
  };
}

function noticeFor(vm: StoredResource, type: EventType, act: EventAct): number {
  if (act === "reimage") return osImageNotice(vm) ?? EVENT_NOTICE.Reboot;
  if (type !== "Terminate") return EVENT_NOTICE[type];
  const notice = terminateNotice(vm);
  if (notice !== undefined) return notice;
  throw refuse(
    refusals.noNotice,
    `VM '${vm.name}' gets no Terminate event: scheduledEventsProfile.terminateNotificationProfile.enable is not true.`,
    "scheduledEventsProfile.terminateNotificationProfile",
  );
}

/** The part of a stored event that a guest sees. */
export function shownEvent(event: StoredEvent): ScheduledEvent {
  const { EventId, EventType, ResourceType, Resources, EventStatus, NotBefore } = event;
  const { Description, EventSource, DurationInSeconds } = event;
  return {
    ...{ EventId, EventType, ResourceType, Resources, EventStatus, NotBefore },
    ...{ Description, EventSource, DurationInSeconds },
  };
}
