/** Between the SDK's path parameters and an id. */
import { type ArmId, formatId, parseId, RESOURCE_GROUP_TYPE, resourceGroupId } from "../ids";
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
  if (type.type === RESOURCE_GROUP_TYPE) return scope;
  const id: ArmId = { scope, subscription, resourceGroup: group, namespace, types, names: own };
  return formatId(id);
}

/** The path parameters of an id, for an import; undefined if it is no id of the type. */
export function pathOf(type: ResourceType, id: string): Body | undefined {
  const parsed = parseId(id);
  if (parsed === undefined) return undefined;
  if (type.scoped) {
    const [place, own] = type.path;
    return { [place ?? ""]: parsed.scope, [own ?? ""]: parsed.names[0] };
  }
  const values =
    parsed.namespace === undefined ? parsed.names : [parsed.resourceGroup, ...parsed.names];
  if (values.length !== type.path.length) return undefined;
  return Object.fromEntries(type.path.map((field, i) => [field, values[i]]));
}
