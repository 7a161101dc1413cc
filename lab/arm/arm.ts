/** Azure Resource Manager over the store: every write is judged by the rules of its type. */

import type { ActionOptions, MachineAction } from "../compute/machineState";
import {
  type ActionResult,
  writeAction,
  writeEvent,
  writeTerminations,
} from "../compute/machineWrites";
import { type EventRequest, isTerminating, type StoredEvent } from "../compute/scheduledEvents";
import { authorize, mayDo, maySee } from "./access";
import { amend } from "./amend";
import { builtInRole } from "./builtInRoles";
import { type Conditions, checkConditions } from "./conditions";
import { ArmError } from "./errors";
import { isUnder, keyOf, parseId } from "./ids";
import { notFound } from "./missing";
import { deleteResource, putResource, serviceOver } from "./requests";
import type { Body, Child, StoredResource } from "./resource";
import type { Store, StoreTransaction } from "./store";
import { notAnId } from "./target";
import { typeNamed } from "./types";
import { ForNow, remaining, shownUnderWay } from "./underWay";
import { visible } from "./visible";
import { type Caller, type Service, type World, worldOver } from "./world";

export { ArmError };

/** A resource, or a child with an id of its own, in Azure's GET shape. */
export type Resource = StoredResource | Child;

/** The store as the API needs it; {@link Store} is one. */
export type ArmStore = Pick<Store, "view" | "transact">;

export interface ArmOptions {
  /** Whether something carries scheduled events out; default: nothing does. */
  fabricRuns?: () => boolean;
  /** Milliseconds that a write goes on after it was answered; default: none. */
  writeMs?: number;
  /** The caller; default: an administrator who may do everything. */
  caller?: Caller;
}

/**
 * How long azure-native waits before each request after the first: 20, 60 and 120 seconds, here in
 * writes, which take about four seconds on Azure; then it gives up.
 */
const RETRY_WRITES = [5, 15, 30];
/** How often a delete that waits for its notice looks, in milliseconds. */
const LOOK_MS = 50;

/** The API, as any tool would call it. All methods reject with {@link ArmError}. */
export class Arm {
  constructor(
    private readonly store: ArmStore,
    private readonly options: ArmOptions = {},
  ) {}

  /** The resource, or undefined if there is none. `expand: "userData"` shows a machine's userData. */
  async get(id: string, options: { expand?: string } = {}): Promise<Resource | undefined> {
    const world = worldOver(this.store.view());
    authorize(this.options.caller, "read", id, world);
    const found = world.find(id);
    if (found === undefined) return builtInRole(id);
    const shown = show(found.owner, world, options.expand);
    if (found.owner === found.part) return shown;
    // A part of what the service keeps for itself is shown to who asks for just that.
    const own = worldOver({ ...world, get: (key) => (isSame(key, shown) ? shown : undefined) });
    return (own.find(id) ?? found).part;
  }

  /** Like {@link get}; rejects with Azure's 404 when there is none. */
  async need(id: string, options: { expand?: string } = {}): Promise<Resource> {
    const found = await this.get(id, options);
    if (found !== undefined) return found;
    const parsed = parseId(id);
    if (parsed === undefined) throw notAnId(id);
    throw notFound(parsed, worldOver(this.store.view()));
  }

  /** Whether the caller may read anything at a scope or below it. */
  maySee(scope: string): boolean {
    const { caller } = this.options;
    const world = worldOver(this.store.view());
    return caller === undefined || maySee(caller, scope, world);
  }

  /** All resources that the caller may read: those under an id, or those of a type. */
  async list(prefixOrType?: string): Promise<StoredResource[]> {
    const world = worldOver(this.store.view());
    const wanted = (resource: StoredResource) =>
      prefixOrType === undefined ||
      (prefixOrType.startsWith("/")
        ? isUnder(resource.id, prefixOrType)
        : keyOf(resource.type) === keyOf(prefixOrType));
    const { caller } = this.options;
    const allowed = ({ id, type }: StoredResource) =>
      caller === undefined || mayDo(caller, `${type}/read`, id, world);
    return [...world.all()]
      .filter((resource) => wanted(resource) && allowed(resource))
      .map((resource) => show(resource, world));
  }

  /**
   * Creates the resource or replaces all of it: what the body leaves out is gone. Goes on until the
   * write is done, and asks again where another write is in the way.
   */
  async put(id: string, body: Body, options: { apiVersion?: string } = {}): Promise<Resource> {
    const { resource } = await this.#patiently(() => this.write(id, () => body, options));
    if (!this.options.writeMs) return resource;
    await this.settled(id);
    return this.look((world) => {
      const owner = world.find(id)?.owner;
      return owner === undefined ? resource : shownPart(id, owner, world);
    });
  }

  /** Waits until the last write of a resource is done. */
  async settled(id: string): Promise<void> {
    for (;;) {
      const left = this.look((world) => remaining(world.find(id)?.owner));
      if (left === 0) return;
      await new Promise((resolve) => setTimeout(resolve, left));
    }
  }

  /** Milliseconds that the last write of a resource still takes. */
  underWay(id: string): number {
    return this.look((world) => remaining(world.find(id)?.owner));
  }

  /** Writes with a body made from what is there, if the conditions hold; it may go on afterwards. */
  write(
    id: string,
    bodyOf: (existing: Resource | undefined) => Body,
    options: Conditions & { apiVersion?: string } = {},
  ): Promise<{ created: boolean; resource: Resource }> {
    return this.#transact((tx) => {
      const { caller } = this.options;
      authorize(caller, "write", id, worldOver(tx));
      const before = worldOver(tx).find(id);
      checkConditions(before?.owner.etag, options);
      const body = bodyOf(before?.part);
      const written = putResource(id, body, tx, { caller, apiVersion: options.apiVersion });
      const resource = shownPart(id, written, worldOver(tx));
      return { created: before === undefined, resource };
    });
  }

  /**
   * Deletes the resource; one that is not there is as good as deleted. A machine that asked for
   * notice gets it first, if something carries events out: this returns when it is gone.
   */
  async delete(id: string): Promise<void> {
    const told = await this.#patiently(() => this.beginDelete(id));
    const isWaiting = (vm: string) => {
      const stored = this.store.view().get(vm);
      return stored !== undefined && isTerminating(stored);
    };
    // Without a fabric nobody is left who would ever do it.
    while (this.#eventsHappen && told.some(isWaiting)) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    if (told.length > 0) {
      // Another request may have deleted it meanwhile.
      await this.forceDelete(id).catch((error: unknown) => {
        if (!(error instanceof ArmError) || error.status !== 404) throw error;
      });
    }
  }

  /** Like {@link delete} without waiting: returns the ids of machines that got a Terminate event. */
  beginDelete(id: string, conditions: Conditions = {}): Promise<string[]> {
    return this.#transact((tx) => {
      authorize(this.options.caller, "delete", id, worldOver(tx));
      checkConditions(worldOver(tx).find(id)?.owner.etag, conditions);
      const told = this.#eventsHappen ? writeTerminations(id, tx) : [];
      if (told.length === 0) deleteResource(id, tx);
      return told;
    });
  }

  /** Deletes the resource without notice to any machine. */
  forceDelete(id: string): Promise<void> {
    return this.#transact((tx) => deleteResource(id, tx));
  }

  /**
   * An operation on a virtual machine. `done`: the store says so, and the machine follows;
   * `scheduled`: a reimage of a machine that asked for notice waits for its event.
   */
  action(id: string, action: MachineAction, options: ActionOptions = {}): Promise<ActionResult> {
    const notice = this.#eventsHappen;
    return this.#transact((tx) => {
      authorize(this.options.caller, `${action}/action`, id, worldOver(tx));
      return writeAction(id, action, { ...options, notice }, tx);
    });
  }

  /** Refuses an action that the caller may not ask for. */
  mayAct(id: string, action: string): void {
    authorize(this.options.caller, `${action}/action`, id, worldOver(this.store.view()));
  }

  /** Refuses a write that the caller may not make. */
  mayWrite(id: string): void {
    authorize(this.options.caller, "write", id, worldOver(this.store.view()));
  }

  /** Announces an event to a virtual machine; the fabric sets its time and carries it out. */
  raiseEvent(id: string, request: EventRequest): Promise<StoredEvent> {
    return this.#transact((tx) => writeEvent(id, request, tx));
  }

  /** Changes a resource as the service itself does, past the rules; false if there is none. */
  amend(id: string, change: (resource: StoredResource) => void): Promise<boolean> {
    return this.#transact((tx) => amend(id, change, tx) !== undefined);
  }

  /** Looks at the store as the service sees it; the world is good for this call only. */
  look<T>(work: (world: World) => T): T {
    return work(worldOver(this.store.view()));
  }

  /** Runs what the service does of itself, as one transaction. */
  act<T>(work: (service: Service) => T): Promise<T> {
    return this.#transact((tx) => work(serviceOver(tx)));
  }

  /** Asks again where another write is in the way, as azure-native does. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await work();
      } catch (error) {
        const writes = RETRY_WRITES[tries];
        if (!(error instanceof ForNow) || writes === undefined) throw error;
        // Everybody who was refused at one moment comes back at another.
        const wait = writes * (this.options.writeMs ?? 0) * (0.8 + Math.random() / 2);
        await new Promise((resolve) => setTimeout(resolve, Math.max(wait, error.retryAfterMs)));
      }
    }
  }

  #transact<T>(work: (tx: StoreTransaction) => T): Promise<T> {
    const also = { fabricRuns: this.#eventsHappen, writeMs: this.options.writeMs };
    return this.store.transact((tx) => work(Object.assign(tx, also)));
  }

  get #eventsHappen(): boolean {
    return this.options.fabricRuns?.() === true;
  }
}

/** The resource or child with this id inside a stored resource, as an answer shows it. */
function shownPart(id: string, stored: StoredResource, world: World): Resource {
  const shown = show(stored, world);
  const own = worldOver({ ...world, get: (key) => (isSame(key, shown) ? shown : undefined) });
  return own.find(id)?.part ?? shown;
}

const isSame = (key: string, resource: StoredResource) => keyOf(key) === keyOf(resource.id);

function show(stored: StoredResource, world: World, expand = ""): StoredResource {
  const type = typeNamed(stored.type);
  if (type === undefined) return stored;
  const shown = visible(type.shape, type.present?.(stored, world, expand) ?? stored, expand);
  return shownUnderWay(stored, shown);
}
