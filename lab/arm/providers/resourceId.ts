/** Between the SDK's path parameters and an id. */
import { type ArmId, formatId, keyOf, parseId, RESOURCE_GROUP_TYPE, resourceGroupId } from "../ids";
import { asText, type Body } from "../resource";
import type { ResourceType } from "../types";

/** The id that a resource's inputs make. */
export function idOf(type: ResourceType, inputs: Body, subscription: string): string {
  const names = type.path.map((field) => asText(inputs[field]) ?? "");
  const [group = "", ...own] = names;
  const [namespace, ...types] = type.type.split("/");
  if (type.scoped) {
    return formatId({
      scope: group.replace(/\/+$/, ""),
      subscription,
      namespace,
      types,
      names: own,
    });
  }
  const scope = resourceGroupId(subscription, group);
  if (type.place !== undefined) return `${scope}/providers/${filled(type.place, inputs)}`;
  if (type.type === RESOURCE_GROUP_TYPE) return scope;
  const id: ArmId = { scope, subscription, resourceGroup: group, namespace, types, names: own };
  return formatId(id);
}

/** The path parameters of an id, for an import; undefined if it is no id of the type. */
export function pathOf(type: ResourceType, id: string): Body | undefined {
  const parsed = parseId(id);
  if (parsed === undefined) return undefined;
  if (type.place !== undefined && !type.scoped) {
    const [group = ""] = type.path;
    const own = namesAt(type.place, id.slice(parsed.scope.length + "/providers/".length));
    return own === undefined ? undefined : { [group]: parsed.resourceGroup, ...own };
  }
  if (type.scoped) {
    const [place, own] = type.path;
    return { [place ?? ""]: parsed.scope, [own ?? ""]: parsed.names[0] };
  }
  const values =
    parsed.namespace === undefined ? parsed.names : [parsed.resourceGroup, ...parsed.names];
  if (values.length !== type.path.length) return undefined;
  return Object.fromEntries(type.path.map((field, i) => [field, values[i]]));
}

/** A path with the values of inputs in place of their names in braces. */
const filled = (place: string, inputs: Body): string =>
  place.replace(/\{(\w+)\}/g, (_, name: string) => asText(inputs[name]) ?? "");

/** The values that a path has where a place has names in braces; undefined if they do not fit. */
function namesAt(place: string, path: string): Body | undefined {
  const [wanted, given] = [place.split("/"), path.split("/")];
  const isName = (part: string) => part.startsWith("{");
  const fits = wanted.every((part, i) => isName(part) || keyOf(part) === keyOf(given[i] ?? ""));
  if (!fits || wanted.length !== given.length) return undefined;
  const names = wanted.flatMap((part, i) => (isName(part) ? [[part.slice(1, -1), given[i]]] : []));
  return Object.fromEntries(names) as Body;
}
