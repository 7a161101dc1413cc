/** The world of resources, as the rules of a type see it. */

import type { MachineAction } from "../compute/machineState";
import type { ArmError } from "./errors";
import { type ArmId, formatId, isUnder, keyOf, parseId, sameId } from "./ids";
import { asBodies, asText, type Body, type Child, type StoredResource } from "./resource";

/** Reading access to the other resources. */
export interface World {
  /** A resource that is stored on its own. */
  get(id: string): StoredResource | undefined;
  /** A resource, or a child inside one (subnet, frontend, pool …). */
  find(id: string): Found | undefined;
  /** Resources that name the id or a part of it, itself excluded. */
  usersOf(id: string): StoredResource[];
  all(): IterableIterator<StoredResource>;
}

/** A child and the resource that it is part of; for a top-level resource both are the same. */
export interface Found {
  owner: StoredResource;
  part: Child | StoredResource;
}

/** The source of a world: the store's transaction or view. */
export type WorldSource = Pick<World, "get" | "usersOf" | "all">;

/** Adds the lookup of children to a source. */
export function worldOver(source: WorldSource): World {
  return {
    get: (id) => source.get(id),
    usersOf: (id) => source.usersOf(id).filter((user) => !isUnder(id, user.id)),
    all: () => source.all(),
    find(id) {
      const parsed = parseId(id);
      if (parsed === undefined) return undefined;
      const own = source.get(parsed.types.length === 1 ? formatId(parsed) : id);
      if (own !== undefined) return { owner: own, part: own };
      const [, ownerId = ""] = /^(.*)\/[^/]+\/[^/]+$/.exec(id) ?? [];
      const collection = parsed.types[parsed.types.length - 1];
      if (parsed.types.length < 2 || collection === undefined) return undefined;
      const owner = this.find(ownerId);
      if (owner === undefined) return undefined;
      const part = partOf(owner.part, collection, id);
      return part === undefined ? undefined : { owner: owner.owner, part };
    },
  };
}

function partOf(holder: { properties: Body }, collection: string, id: string): Child | undefined {
  const field = Object.keys(holder.properties).find((key) => keyOf(key) === keyOf(collection));
  if (field === undefined) return undefined;
  const parts = asBodies(holder.properties[field]) as Child[];
  return parts.find((part) => sameId(asText(part.id), id));
}

/**
 * The identity behind a request. It owns the subscription that it was configured for, and has
 * elsewhere what was assigned to it, nothing more.
 */
export interface Caller {
  clientId: string;
  objectId: string;
  subscription: string;
}

/** A write that is being judged. `desired` is the whole new resource, children with their ids. */
export interface Put {
  id: ArmId;
  desired: StoredResource;
  /** The resource as it is, for an update. */
  existing?: StoredResource;
  world: World;
  /** The caller; undefined for an administrator who may do everything. */
  caller?: Caller;
  /** Version of the API that the request speaks; default: the one that azure-native speaks. */
  apiVersion?: string;
  /** Number that is new with each write: source of what differs from one creation to the next. */
  serial: number;
  /** Made by the service itself, not by a request: what a user may not change, it may. */
  byService?: boolean;
}

/** Things that the service does of itself, inside the transaction that made them necessary. */
export interface Service {
  readonly world: World;
  /** Whether machines run, so that what takes notice and health is the fabric's to go on with. */
  readonly fabricRuns: boolean;
  /** Like a request, judged by the same rules, but free to change what is fixed for users. */
  put(id: string, body: Body): StoredResource;
  delete(id: string): void;
  /** Like delete; a machine that asked for notice gets it first, and goes when its time has come. */
  end(id: string): void;
  /** An operation on a machine; a reimage may have to wait for its event. */
  action(id: string, action: MachineAction): "done" | "scheduled";
  /** Changes a resource past all rules; undefined if there is none. */
  amend(id: string, change: (resource: StoredResource) => void): StoredResource | undefined;
}

/** Reasons to refuse a write. */
export type PutRule = (put: Put) => Iterable<ArmError>;

/** Reasons to refuse a delete. */
export type DeleteRule = (existing: StoredResource, world: World) => Iterable<ArmError>;
