/**
 * Writing and deleting resources inside a transaction: what every request goes through, and what
 * the service does of itself because of one.
 */
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { writeAction, writeTerminations } from "../compute/machineWrites";
import { accept } from "./accept";
import { authorize, authorizeLinks } from "./access";
import { amend } from "./amend";
import { commonProblems, nameProblems } from "./common";
import { type ArmError, joined, refuse } from "./errors";
import { nameIdentities } from "./identities";
import {
  type ArmId,
  formatId,
  isUnder,
  keyOf,
  nameOf,
  parentOf,
  parseId,
  RESOURCE_GROUP_TYPE,
  typeOf,
} from "./ids";
import { merged } from "./merge";
import { notFound, placeMissing } from "./missing";
import { asBodies, type Body, type StoredResource } from "./resource";
import { behavesSo, refusalsOf } from "./rules";
import { quoted } from "./sources";
import type { StoreTransaction } from "./store";
import { parentMissing, type Target, targetOf } from "./target";
import { type ResourceType, typeNamed } from "./types";
import { begin, waitForWrites, waitToDelete, withoutWay } from "./underWay";
import { storable } from "./visible";
import { type Put, type Service, worldOver } from "./world";

const refusals = refusalsOf("Every request", {
  groupInUse: {
    code: "ResourceGroupDeletionBlocked",
    says: "A group goes only if nothing outside it needs a part of it.",
    http: 409,
    reported: quoted("ResourceGroupDeletionBlocked"),
  },
});

behavesSo("Microsoft.Compute", {
  says: "A PUT of a machine or a scale set keeps what its body leaves out; lists and tags are wholes.",
  reported: "az vmss scale of Azure/azure-cli 2.91 sends the SKU alone",
});

/** Acts inside a transaction; `byService` frees writes from what binds a user's request. */
export function serviceOver(tx: StoreTransaction): Service {
  return {
    world: worldOver(tx),
    fabricRuns: tx.fabricRuns === true,
    put: (id, body) => put(id, body, tx, { byService: true }),
    delete: (id) => deleteResource(id, tx),
    end(id) {
      const told = tx.fabricRuns === true ? writeTerminations(id, tx) : [];
      if (told.length === 0) deleteResource(id, tx);
    },
    action: (id, action) => writeAction(id, action, { notice: tx.fabricRuns === true }, tx),
    amend: (id, change) => amend(id, change, tx),
  };
}

/** Creates a resource or a child of one, or replaces all of it, if the caller may. */
export function putResource(
  id: string,
  body: Body,
  tx: StoreTransaction,
  by: Writer = {},
): StoredResource {
  return put(id, body, tx, by);
}

/** On whose behalf something is written, and in the words of which API version. */
export type Writer = Pick<Put, "byService" | "caller" | "apiVersion">;

function put(id: string, body: Body, tx: StoreTransaction, by: Writer): StoredResource {
  const target = targetOf(id, tx);
  authorize(by.caller, "write", formatId(target.id), worldOver(tx));
  return target.type.inline === undefined
    ? write(target, body, tx, by)
    : writeChild(target, body, tx, by);
}

/**
 * Deletes a resource or a child of one; one that is not there is as good as deleted, but its group
 * and what it would be a part of must be there.
 */
export function deleteResource(id: string, tx: StoreTransaction): void {
  const world = worldOver(tx);
  if (world.find(id) === undefined) {
    const wanted = parseId(id);
    const missing = wanted === undefined ? undefined : placeMissing(wanted, world);
    if (missing !== undefined) throw missing;
    if (wanted !== undefined && wanted.namespace === undefined) throw notFound(wanted, world);
    return;
  }
  const { id: parsed, type } = targetOf(id, tx);
  if (type.inline !== undefined) removeChild(parsed, type, tx);
  else if (type.type === RESOURCE_GROUP_TYPE) removeGroup(formatId(parsed), tx);
  else remove(formatId(parsed), type, tx);
}

/** Writes a resource that is stored on its own. */
function write(target: Target, body: Body, tx: StoreTransaction, by: Writer): StoredResource {
  const { id, type, existing } = target;
  // Names that the service makes up may be longer than users' own.
  const problems = by.byService ? [] : [...nameProblems(nameOf(id), type)];
  const whole =
    existing !== undefined && type.keepsOmitted ? merged(withoutWay(existing), body) : body;
  const accepted = accept(type.shape, whole, problems);
  const refused = joined(problems);
  if (refused !== undefined) throw refused;
  const { properties, ...outer } = accepted;
  const desired: StoredResource = {
    id: formatId(id),
    name: nameOf(id),
    type: typeOf(id),
    ...outer,
    etag: existing?.etag ?? "",
    properties: (properties ?? {}) as Body,
  };
  const world = worldOver(tx);
  const put = { id, desired, existing, world, serial: serialOf(tx), ...by };
  return judge(put, type, tx, target.placeMissing);
}

/** Runs a type's rules over a whole new resource and stores it if none objects. */
function judge(
  put: Put,
  type: ResourceType,
  tx: StoreTransaction,
  placeMissing?: ArmError,
): StoredResource {
  const { desired, existing } = put;
  authorizeLinks(put);
  if (!put.byService) waitForWrites(put);
  const early = joined([...commonProblems(put, type)]);
  if (early !== undefined) throw early;
  keepHidden(put, type);
  type.prepare?.(put);
  nameIdentities(put);
  desired.properties.provisioningState = "Succeeded";
  if (type.shape.fields?.resourceGuid !== undefined) {
    desired.properties.resourceGuid = existing?.properties.resourceGuid ?? randomUUID();
  }
  const rules = [...(type.ownRules ?? []), ...(type.rules ?? [])];
  const refused = joined(rules.flatMap((rule) => [...rule(put)]));
  if (refused !== undefined) throw refused;
  if (placeMissing !== undefined) throw placeMissing;
  const stored = storable(type.shape, desired);
  begin(stored, 0);
  if (existing !== undefined && isDeepStrictEqual(stored, withoutWay(existing))) return existing;
  if (!put.byService) begin(stored, tx.writeMs ?? 0);
  stored.etag = `W/"${randomUUID()}"`;
  tx.put(stored);
  type.afterPut?.(stored, existing, serviceOver(tx));
  return tx.get(stored.id) ?? stored;
}

/** The values that the service keeps in a resource outlive every request. */
function keepHidden({ desired, existing }: Put, type: ResourceType): void {
  for (const [name, prop] of Object.entries(type.shape.fields ?? {})) {
    if (!prop.hidden || !prop.inner || existing?.properties[name] === undefined) continue;
    desired.properties[name] = structuredClone(existing.properties[name]);
  }
}

/** A number that no earlier write of the store had. */
let writes = 0;
function serialOf(tx: StoreTransaction): number {
  writes += 1;
  return tx.seq * 7 + writes;
}

/** Writes a child by writing its owner with it: one set of rules for both ways. */
function writeChild(target: Target, body: Body, tx: StoreTransaction, by: Writer): StoredResource {
  const { id, type } = target;
  const problems = [...nameProblems(nameOf(id), type)];
  const accepted = accept(type.shape, { ...body, name: nameOf(id) }, problems);
  const refused = joined(problems);
  if (refused !== undefined) throw refused;
  const change = (children: Body[]) => {
    const at = children.findIndex((child) => keyOf(String(child.name)) === keyOf(nameOf(id)));
    return at < 0 ? [...children, accepted] : children.with(at, accepted);
  };
  return changeOwner(id, type, tx, change, by);
}

function removeChild(id: ArmId, type: ResourceType, tx: StoreTransaction): void {
  changeOwner(id, type, tx, (children) =>
    children.filter((child) => keyOf(String(child.name)) !== keyOf(nameOf(id))),
  );
}

function changeOwner(
  id: ArmId,
  type: ResourceType,
  tx: StoreTransaction,
  change: (children: Body[]) => Body[],
  by: Writer = {},
): StoredResource {
  const parent = parentOf(id);
  const existing = parent === undefined ? undefined : tx.get(formatId(parent));
  const ownerType = typeNamed(type.inline?.owner ?? "");
  if (parent === undefined || existing === undefined || ownerType === undefined || !type.inline) {
    throw parentMissing(id, parent ?? id);
  }
  const desired = structuredClone(existing);
  const { collection } = type.inline;
  desired.properties[collection] = change(asBodies(desired.properties[collection]));
  const world = worldOver(tx);
  return judge(
    { id: parent, desired, existing, world, serial: serialOf(tx), ...by },
    ownerType,
    tx,
  );
}

function remove(id: string, type: ResourceType, tx: StoreTransaction): void {
  const world = worldOver(tx);
  const existing = tx.get(id);
  if (existing === undefined) return;
  waitToDelete(existing);
  const refused = joined((type.deleteRules ?? []).flatMap((rule) => [...rule(existing, world)]));
  if (refused !== undefined) throw refused;
  const along = type.takesAlong?.(existing, world) ?? [];
  tx.delete(id);
  for (const other of along) {
    const otherType = typeNamed(tx.get(other)?.type ?? "");
    if (otherType !== undefined) remove(other, otherType, tx);
  }
  type.afterDelete?.(existing, serviceOver(tx));
}

/** A group goes with all that is in it, unless something outside still needs a part of it. */
function removeGroup(groupId: string, tx: StoreTransaction): void {
  const inside = [...tx.all()].filter((resource) => isUnder(resource.id, groupId));
  for (const resource of inside) {
    const outside = tx.usersOf(resource.id).find((user) => !isUnder(user.id, groupId));
    if (outside === undefined) continue;
    throw refuse(
      refusals.groupInUse,
      `Deletion of resource group '${groupId.split("/").pop()}' failed as resource ${resource.id} is in use by ${outside.id}.`,
      resource.id,
    );
  }
  for (const resource of inside) tx.delete(resource.id);
}
