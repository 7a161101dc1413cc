/** The meaning of an id in a request. */
import { type ArmError, refuse } from "./errors";
import { type ArmId, formatId, parseId, RESOURCE_GROUP_TYPE, resourceGroupId, typeOf } from "./ids";
import { groupMissing, notFound } from "./missing";
import { ownerOf } from "./owner";
import type { StoredResource } from "./resource";
import { refusalsOf } from "./rules";
import { docs } from "./sources";
import type { StoreTransaction } from "./store";
import { type ResourceType, typeNamed } from "./types";
import { worldOver } from "./world";

const refusals = refusalsOf("Every request", {
  notAnId: {
    code: "InvalidResourceId",
    says: "A path is a resource id.",
    ours: true,
    assumed: "Only the lab's own providers can ask so: a URL of another form reaches no resource.",
  },
  unknownType: {
    code: "InvalidResourceType",
    says: "The type is one that the service has; the lab has those of its catalogue.",
    http: 404,
    documented: docs.apiErrors,
  },
  scope: {
    code: "InvalidScope",
    says: "A role hangs on a subscription, a group or a resource.",
    ours: true,
    assumed: "The service's answer to a scope that is no id is not known.",
  },
  noParent: {
    code: "ParentResourceNotFound",
    says: "A part is written into a resource that is there.",
    http: 404,
    documented: docs.apiErrors,
  },
});

/** The refusal of a path that is no id. */
export const notAnId = (text: string): ArmError =>
  refuse(refusals.notAnId, `'${text}' is not a resource id.`);

/** The meaning of an id in a request: its type, and its parts in the spelling that is stored. */
export interface Target {
  id: ArmId;
  type: ResourceType;
  existing?: StoredResource;
  /** Why what it hangs on is not there; judged after what the request says. */
  placeMissing?: ArmError;
}

/** Reads an id; refuses one of no known type, or below what there is not. */
export function targetOf(text: string, tx: StoreTransaction): Target {
  const id = parseId(text);
  if (id === undefined) throw notAnId(text);
  const type = typeNamed(typeOf(id));
  if (type === undefined) {
    throw refuse(
      refusals.unknownType,
      `The embedded Azure does not know resource type '${typeOf(id)}'.`,
    );
  }
  if (type.type === RESOURCE_GROUP_TYPE) {
    const existing = tx.get(text);
    return { id: existing === undefined ? id : (parseId(existing.id) ?? id), type, existing };
  }
  const place = type.scoped ? placeOf(id, tx) : undefined;
  const scope = place?.scope ?? scopeOf(id, tx);
  const parent = ownerOf(id);
  const names = [...id.names];
  if (parent !== undefined) {
    const owner = tx.get(formatId(parent));
    if (owner === undefined) throw parentMissing(id, parent);
    names.splice(0, parent.names.length, ...(parseId(owner.id)?.names ?? parent.names));
  }
  const segments = type.type.split("/").slice(1);
  const types = segments.map((kind, i) => (kind.startsWith("{") ? (id.types[i] ?? kind) : kind));
  const namespace = type.type.split("/")[0];
  const spelled: ArmId = { ...id, scope, namespace, types, names };
  const existing = tx.get(formatId(spelled));
  return {
    id: existing === undefined ? spelled : (parseId(existing.id) ?? spelled),
    type,
    existing,
    placeMissing: place?.missing,
  };
}

function scopeOf(id: ArmId, tx: StoreTransaction): string {
  if (id.resourceGroup === undefined) return id.scope;
  const group = tx.get(resourceGroupId(id.subscription, id.resourceGroup));
  if (group !== undefined) return group.id;
  throw groupMissing(id.resourceGroup);
}

/** The scope of a role, in the spelling that is stored, and the 404 if it is not there. */
function placeOf({ scope }: ArmId, tx: StoreTransaction): { scope: string; missing?: ArmError } {
  if (/^\/subscriptions\/[^/]+$/i.test(scope)) return { scope };
  const world = worldOver(tx);
  const found = world.find(scope)?.part;
  if (found !== undefined) return { scope: found.id };
  const id = parseId(scope);
  const missing =
    id === undefined ? refuse(refusals.scope, `'${scope}' is no scope.`) : notFound(id, world);
  return { scope, missing };
}

/** The refusal to write a part of what there is not. */
export const parentMissing = (id: ArmId, parent: ArmId) =>
  refuse(
    refusals.noParent,
    `Failed to perform 'write' on resource(s) of type '${id.types.join("/")}', because the parent resource '${formatId(parent)}' could not be found.`,
  );
