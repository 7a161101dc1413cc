/** Azure Resource Manager over the store: every write is judged by the rules of its type. */
import { isUnder, keyOf } from "./ids";
import { amend, deleteResource, putResource, serviceOver } from "./requests";
import type { Body, Child, StoredResource } from "./resource";
import type { Store } from "./store";
import { typeNamed } from "./types";
import { visible } from "./visible";
import { type Service, type World, worldOver } from "./world";

export { ArmError } from "./errors";

/** A resource, or a child with an id of its own, in Azure's GET shape. */
export type Resource = StoredResource | Child;

/** The API, as any tool would call it. All methods reject with {@link ArmError}. */
export class Arm {
  constructor(private readonly store: Store) {}

  /** The resource, or undefined if there is none. `expand: "userData"` shows a machine's userData. */
  async get(id: string, options: { expand?: string } = {}): Promise<Resource | undefined> {
    const world = worldOver(this.store.view());
    const found = world.find(id);
    if (found === undefined) return undefined;
    const shown = show(found.owner, world, options.expand);
    if (found.owner === found.part) return shown;
    // A part of what the service keeps for itself is shown to who asks for just that.
    const own = worldOver({ ...world, get: (key) => (isSame(key, shown) ? shown : undefined) });
    return (own.find(id) ?? found).part;
  }

  /** All resources, those under an id, or those of a type. */
  async list(prefixOrType?: string): Promise<StoredResource[]> {
    const world = worldOver(this.store.view());
    const wanted = (resource: StoredResource) =>
      prefixOrType === undefined ||
      (prefixOrType.startsWith("/")
        ? isUnder(resource.id, prefixOrType)
        : keyOf(resource.type) === keyOf(prefixOrType));
    return [...world.all()].filter(wanted).map((resource) => show(resource, world));
  }

  /** Creates the resource or replaces all of it: what the body leaves out is gone. */
  put(id: string, body: Body): Promise<Resource> {
    return this.store.transact((tx) => {
      const shown = show(putResource(id, body, tx), worldOver(tx));
      const found = worldOver({
        ...worldOver(tx),
        get: (k) => (isSame(k, shown) ? shown : undefined),
      });
      return found.find(id)?.part ?? shown;
    });
  }

  /** Deletes the resource; one that is not there is as good as deleted. */
  delete(id: string): Promise<void> {
    return this.store.transact((tx) => deleteResource(id, tx));
  }

  /** Changes a resource as the service itself does, past the rules; false if there is none. */
  amend(id: string, change: (resource: StoredResource) => void): Promise<boolean> {
    return this.store.transact((tx) => amend(id, change, tx) !== undefined);
  }

  /** What the service does of itself, as one transaction. */
  act<T>(work: (service: Service) => T): Promise<T> {
    return this.store.transact((tx) => work(serviceOver(tx)));
  }
}

const isSame = (key: string, resource: StoredResource) => keyOf(key) === keyOf(resource.id);

function show(stored: StoredResource, world: World, expand = ""): StoredResource {
  const type = typeNamed(stored.type);
  if (type === undefined) return stored;
  return visible(type.shape, type.present?.(stored, world, expand) ?? stored, expand);
}
