/** Permissions of callers, by the role assignments in the store, as on Azure. */
import { builtInPermission, type Permission } from "./builtInRoles";
import { refuse } from "./errors";
import { isUnder, keyOf, parseId, typeOf } from "./ids";
import { asBodies, asText, asTexts, type Body, type StoredResource } from "./resource";
import { refusalsOf } from "./rules";
import { docs } from "./sources";
import type { Caller, Put, World } from "./world";

const refusals = refusalsOf("Every request", {
  caller: {
    code: "AuthorizationFailed",
    says: "The caller has a role that allows the action on the scope.",
    http: 403,
    documented: docs.roleErrors,
  },
  links: {
    code: "LinkedAuthorizationFailed",
    says: "The caller may join every network resource that the written one names.",
    http: 403,
    documented: `${docs.apiErrors}; the actions: ${docs.joinActions}`,
  },
});

export const ROLE_ASSIGNMENT_TYPE = "Microsoft.Authorization/roleAssignments";
export const ROLE_DEFINITION_TYPE = "Microsoft.Authorization/roleDefinitions";

/** Permissions of the role with this id; undefined if there is no such role. */
export function permissionsOf(roleDefinitionId: string, world: World): Permission[] | undefined {
  const builtIn = builtInPermission(roleGuid(roleDefinitionId));
  if (builtIn !== undefined) return [builtIn];
  const stored = customRole(roleDefinitionId, world);
  return stored === undefined
    ? undefined
    : asBodies(stored.properties.permissions).map(({ actions, notActions }) => ({
        actions: asTexts(actions),
        notActions: asTexts(notActions),
      }));
}

/** Definitions are known by their GUID in the whole tenant, whatever scope an id writes before it. */
export const roleGuid = (roleDefinitionId: string): string =>
  keyOf(roleDefinitionId.split("/").at(-1) ?? "");

/** A role of the tenant's own. */
export function customRole(roleDefinitionId: string, world: World): StoredResource | undefined {
  const guid = roleGuid(roleDefinitionId);
  return [...world.all()].find(
    ({ type, name }) => keyOf(type) === keyOf(ROLE_DEFINITION_TYPE) && keyOf(name) === guid,
  );
}

/** Whether the caller may do `action` on a resource or a part of one. */
export function mayDo(caller: Caller, action: string, id: string, world: World): boolean {
  if (isUnder(id, `/subscriptions/${caller.subscription}`)) return true;
  return [...world.all()]
    .filter(({ type }) => keyOf(type) === keyOf(ROLE_ASSIGNMENT_TYPE))
    .filter(({ properties: { principalId } }) => sameText(principalId, caller.objectId))
    .filter(({ properties: { scope } }) => typeof scope === "string" && isUnder(id, scope))
    .flatMap(
      ({ properties }) => permissionsOf(asText(properties.roleDefinitionId) ?? "", world) ?? [],
    )
    .some(
      ({ actions, notActions }) =>
        actions.some((pattern) => covers(pattern, action)) &&
        !notActions.some((pattern) => covers(pattern, action)),
    );
}

/** Whether the caller has any role on a scope, above it or below it. */
export function maySee(caller: Caller, scope: string, world: World): boolean {
  if (isUnder(scope, `/subscriptions/${caller.subscription}`)) return true;
  return [...world.all()].some(
    ({ type, properties }) =>
      keyOf(type) === keyOf(ROLE_ASSIGNMENT_TYPE) &&
      sameText(properties.principalId, caller.objectId) &&
      typeof properties.scope === "string" &&
      (isUnder(properties.scope, scope) || isUnder(scope, properties.scope)),
  );
}

const sameText = (value: unknown, other: string) => keyOf(asText(value) ?? "") === keyOf(other);

/** A star in a role stands for any text; case does not matter. */
function covers(pattern: string, action: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "i").test(action);
}

/** Refuses a request of a caller who may not make it. Nobody in particular may do everything. */
export function authorize(
  caller: Caller | undefined,
  verb: "read" | "write" | "delete" | `${string}/action`,
  id: string,
  world: World,
): void {
  const parsed = parseId(id);
  if (caller === undefined || parsed === undefined) return;
  const action = `${typeOf(parsed)}/${verb}`;
  if (mayDo(caller, action, id, world)) return;
  throw refuse(
    refusals.caller,
    `${client(caller)} does not have authorization to perform action '${action}' over scope '${id}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}

/**
 * Permission to join: the owner of a resource decides who may name it, as a chain's target, a pool
 * or a subnet. Asked at every write of the resource that names it, so a grant that was taken back
 * shows at the next update.
 */
export function authorizeLinks({ caller, desired, id, world }: Put): void {
  if (caller === undefined) return;
  const denied = linkedIds(desired)
    .map((link) => ({ link, action: `${typeOf(parseId(link) ?? id)}/join/action` }))
    .filter(({ link, action }) => !mayDo(caller, action, link, world));
  if (denied.length === 0) return;
  const list = (texts: string[]) => [...new Set(texts)].join(",");
  throw refuse(
    refusals.links,
    `${client(caller)} has permission to perform action '${typeOf(id)}/write' on scope '${desired.id}'; however, it does not have permission to perform action(s) '${list(denied.map(({ action }) => action))}' on the linked scope(s) '${list(denied.map(({ link }) => link))}' (respectively) or the linked scope(s) are invalid.`,
  );
}

const client = ({ clientId, objectId }: Caller) =>
  `The client '${clientId}' with object id '${objectId}'`;

/** Ids of network resources that a resource names outside itself. */
function linkedIds(resource: StoredResource): string[] {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) walk(item);
    if (typeof value !== "object" || value === null) return;
    const { id } = value as Body;
    if (typeof id === "string" && !isUnder(id, resource.id)) {
      if (parseId(id)?.namespace?.toLowerCase() === "microsoft.network") found.add(id);
    }
    for (const item of Object.values(value)) walk(item);
  };
  walk(resource.properties);
  return [...found];
}
