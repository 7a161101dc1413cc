/** Azure resource ids: their parts, and comparing them. Case does not matter in any part. */

/** The parts of an id; `types` and `names` pair up, outermost first. */
export interface ArmId {
  /** Scope of the resource: `/subscriptions/S/resourceGroups/R`, or a resource for extensions. */
  scope: string;
  subscription: string;
  /** Undefined for things of the subscription itself. */
  resourceGroup?: string;
  /** Namespace of the provider, e.g. `Microsoft.Network`; undefined for a resource group. */
  namespace?: string;
  types: string[];
  names: string[];
}

/** The one type whose resources are the subscription's, whatever scope an id writes before them. */
const OF_SUBSCRIPTION = /^microsoft\.authorization\/roledefinitions$/i;

/** The type of a resource group's id. */
export const RESOURCE_GROUP_TYPE = "Microsoft.Resources/resourceGroups";

/** The parts of an id, or undefined if the text is none. */
export function parseId(text: string): ArmId | undefined {
  const parts = text.split("/");
  if (parts[0] !== "" || parts.slice(1).some((part) => part === "")) return undefined;
  const [, subscriptions = "", subscription = ""] = parts;
  if (subscriptions.toLowerCase() !== "subscriptions" || subscription === "") return undefined;
  const groups = parts[3]?.toLowerCase() === "resourcegroups" ? parts[4] : undefined;
  if (parts.length > 3 && groups === undefined && parts[3]?.toLowerCase() !== "providers") {
    return undefined;
  }
  const base = { subscription, ...(groups === undefined ? {} : { resourceGroup: groups }) };
  const at = parts.map((part) => part.toLowerCase()).lastIndexOf("providers");
  if (at < 0) {
    if (parts.length !== 5 || groups === undefined) return undefined;
    return { ...base, scope: parts.slice(0, 3).join("/"), types: [], names: [groups] };
  }
  const [namespace, ...rest] = parts.slice(at + 1);
  if (namespace === undefined || rest.length === 0 || rest.length % 2 !== 0) return undefined;
  const scope = OF_SUBSCRIPTION.test(`${namespace}/${rest[0]}`)
    ? parts.slice(0, 3)
    : parts.slice(0, at);
  return {
    ...base,
    scope: scope.join("/"),
    namespace,
    types: rest.filter((_, i) => i % 2 === 0),
    names: rest.filter((_, i) => i % 2 === 1),
  };
}

/** The id as text. */
export function formatId(id: ArmId): string {
  if (id.namespace === undefined) return `${id.scope}/resourceGroups/${id.names[0]}`;
  const pairs = id.types.map((type, i) => `${type}/${id.names[i]}`);
  return [id.scope, "providers", id.namespace, ...pairs].join("/");
}

/** Full type, e.g. `Microsoft.Network/virtualNetworks/subnets`. */
export function typeOf(id: ArmId): string {
  if (id.namespace === undefined) return RESOURCE_GROUP_TYPE;
  return [id.namespace, ...id.types].join("/");
}

/** Own name: the last one. */
export function nameOf(id: ArmId): string {
  return id.names[id.names.length - 1] ?? "";
}

/** Id of the resource that this one is a child of; undefined for a top-level resource. */
export function parentOf(id: ArmId): ArmId | undefined {
  if (id.types.length < 2) return undefined;
  return { ...id, types: id.types.slice(0, -1), names: id.names.slice(0, -1) };
}

/** Form used as a key: ids that differ only in case name the same thing. */
export const keyOf = (id: string): string => id.toLowerCase();

/** True if both texts are the same id. */
export const sameId = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && b !== undefined && a.length === b.length && keyOf(a) === keyOf(b);

/** True if `id` is `outer` or lies under it. Lengths decide first: most pairs have nothing in common. */
export const isUnder = (id: string, outer: string): boolean =>
  (id.length === outer.length || id[outer.length] === "/") &&
  sameId(id.slice(0, outer.length), outer);

/** The id of a resource group. */
export const resourceGroupId = (subscription: string, name: string): string =>
  `/subscriptions/${subscription}/resourceGroups/${name}`;
