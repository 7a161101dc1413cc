/**
 * Resource properties as plain data. A rule sees inputs of any program in any language, so nothing
 * of their shape is sure, and in a preview some values are not known yet.
 */

/** Stands for a value that only the deployment will bring; it equals nothing but itself. */
export const UNKNOWN: unique symbol = Symbol("known after deployment");

/** A property of a resource, as azure-native spells it. */
export type Value =
  | typeof UNKNOWN
  | null
  | undefined
  | boolean
  | number
  | string
  | readonly Value[]
  | { readonly [key: string]: Value };

/** The value below these keys; unknown when something on the way to it is unknown. */
export function at(value: Value, ...keys: string[]): Value {
  let found = value;
  for (const key of keys) {
    if (found === UNKNOWN) return UNKNOWN;
    if (found === null || typeof found !== "object" || isList(found)) return undefined;
    found = found[key];
  }
  return found;
}

/** The elements of a list; none when the value is absent, unknown or no list. */
export function items(value: Value): readonly Value[] {
  return isList(value) ? value : [];
}

/** The text below these keys; undefined when it is absent, unknown or no text. */
export function textAt(value: Value, ...keys: string[]): string | undefined {
  const found = at(value, ...keys);
  return typeof found === "string" ? found : undefined;
}

/** The number below these keys; undefined when it is absent, unknown or no number. */
export function numberAt(value: Value, ...keys: string[]): number | undefined {
  const found = at(value, ...keys);
  return typeof found === "number" ? found : undefined;
}

/** Whether something is set here; a value that is not known yet is set. */
export function isSet(value: Value): boolean {
  return value !== undefined && value !== null && value !== "";
}

/**
 * Whether two words of Azure's are the same: it takes enum values and ids in any case, and some
 * of its services answer them in another case than they were sent.
 */
export function sameWord(one: Value, other: string): boolean {
  return typeof one === "string" && one.localeCompare(other, "en", { sensitivity: "base" }) === 0;
}

/** The last segment after this one in a resource id: `segmentAfter(id, "loadBalancers")`. */
export function segmentAfter(id: string, collection: string): string | undefined {
  const backwards = id.split("/").reverse();
  const index = backwards.findIndex((segment) => sameWord(segment, collection));
  return index < 1 ? undefined : backwards[index - 1];
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
