/** Checks that several types share: references to others, and uses by others. */
import { type ArmError, refuse } from "./errors";
import { isUnder, keyOf, nameOf, parseId, sameId, typeOf } from "./ids";
import { asBodies, asText, type Child, type StoredResource } from "./resource";
import { type Rule, refusalsOf } from "./rules";
import { docs, recordings } from "./sources";
import { type Found, type Put, type World, worldOver } from "./world";

const refusals = refusalsOf("Every request", {
  noId: {
    code: "LinkedInvalidPropertyId",
    says: "A reference is a whole resource id.",
    documented: docs.apiErrors,
  },
  wrongType: {
    code: "InvalidResourceReference",
    says: "A reference names a resource of a type that belongs there.",
    assumed: "The code is that of a resource that is missing; no source shows a wrong type.",
  },
  absent: {
    code: "InvalidResourceReference",
    says: "A resource that is named is there.",
    recorded: `PUT of a network interface in a subnet that is missing; ${recordings.operator}`,
  },
  elsewhere: {
    code: "InvalidResourceReference",
    says: "A resource that is named is in the same region.",
    recorded: `the sentence of the refusal of a missing subnet says so; ${recordings.operator}`,
  },
});

/** Children that the resource itself will have: rules of a load balancer name its own frontends. */
export function findIncludingOwn(put: Put, id: string): Found | undefined {
  if (!isUnder(id, put.desired.id)) return put.world.find(id);
  const own = worldOver({
    get: (wanted) => (sameId(wanted, put.desired.id) ? put.desired : undefined),
    usersOf: () => [],
    all: () => [].values(),
  });
  return own.find(id);
}

/**
 * Why `id` is not a usable reference to one of `types`: no id at all, an id of something else,
 * nothing there, or in another region. Empty for a good one.
 */
export function* referenceProblems(
  put: Put,
  id: string | undefined,
  types: readonly string[],
  path: string,
): Generator<ArmError> {
  const parsed = id === undefined ? undefined : parseId(id);
  if (id === undefined || parsed === undefined) {
    yield refuse(
      refusals.noId,
      `Property id '${id ?? ""}' at path '${path}.id' is invalid. Expect a fully qualified resource id that starts with '/subscriptions/{subscriptionId}'.`,
      `${path}.id`,
    );
    return;
  }
  if (!types.some((type) => keyOf(type) === keyOf(typeOf(parsed)))) {
    yield refuse(
      refusals.wrongType,
      `${path} is '${id}', a ${typeOf(parsed)}; it must be the id of a ${types.join(" or ")}.`,
      `${path}.id`,
    );
    return;
  }
  const found = findIncludingOwn(put, id);
  if (found === undefined) {
    yield refuse(
      refusals.absent,
      `Resource ${id} referenced by resource ${put.desired.id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
      `${path}.id`,
    );
    return;
  }
  const { location } = found.owner;
  const own = put.desired.location ?? location;
  if (location !== undefined && location !== own) {
    yield refuse(
      refusals.elsewhere,
      `Resource ${id} is in ${location}, resource ${put.desired.id} is in ${own}: both must be in the same region.`,
      `${path}.id`,
    );
  }
}

/** Finds in a user's `collection` the children that name `id` under `field`. */
export function namedBy(
  user: StoredResource,
  collection: string,
  field: string,
  id: string,
): Child[] {
  return (asBodies(user.properties[collection]) as Child[]).filter((child) => {
    const value = child.properties[field];
    const ids = Array.isArray(value) ? asBodies(value) : [value as { id?: unknown } | undefined];
    return ids.some((item) => {
      const target = asText(item?.id);
      return target !== undefined && isUnder(target, id);
    });
  });
}

/** A refusal to delete something that others use, naming up to five of them. */
export function inUse(rule: Rule, id: string, users: readonly string[]): ArmError {
  const shown = users.slice(0, 5).join(", ");
  const more = users.length > 5 ? ` and ${users.length - 5} more` : "";
  const parsed = parseId(id);
  const name = parsed === undefined ? id : nameOf(parsed);
  return refuse(rule, `${name} cannot be deleted because it is in use by ${shown}${more}.`, id);
}

/** Children of `before` that are missing in `after`, compared by id. */
export function removedChildren(
  before: StoredResource | undefined,
  after: StoredResource,
  collection: string,
): Child[] {
  const left = new Set(asBodies(after.properties[collection]).map((c) => keyOf(String(c.id))));
  return (asBodies(before?.properties[collection]) as Child[]).filter(
    (child) => !left.has(keyOf(child.id)),
  );
}

/** Ids of the resources that use a thing, without those that `except` names. */
export const userIds = (world: World, id: string): string[] =>
  world.usersOf(id).map((user) => user.id);
