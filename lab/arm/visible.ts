/** A stored resource as an answer shows it, and as the store keeps it. */
import { isUnder } from "./ids";
import { asBody, type Body, type StoredResource } from "./resource";
import type { Prop } from "./schema";

/** Removes the parts of a resource that `drop` says, going along the schema. */
function without(shape: Prop, body: Body, drop: (prop: Prop, name: string) => boolean): Body {
  const result: Body = {};
  for (const [name, value] of Object.entries(body)) {
    const prop = shape.fields?.[name];
    if (name === "properties" && (prop === undefined || prop.inner)) {
      result[name] = without(shape, asBody(value) ?? {}, drop);
    } else if (prop === undefined) {
      result[name] = value;
    } else if (!drop(prop, name)) {
      result[name] = withoutValue(prop, value, drop);
    }
  }
  return result;
}

function withoutValue(
  prop: Prop,
  value: unknown,
  drop: (prop: Prop, name: string) => boolean,
): unknown {
  const body = asBody(value);
  if (prop.kind === "record" && body !== undefined) return without(prop, body, drop);
  const { item } = prop;
  if (prop.kind !== "list" || item === undefined || !Array.isArray(value)) return value;
  return value.map((element) => withoutValue(item, element, drop));
}

/**
 * A resource as an answer shows it: no write-only values but those in `expand`, children with their
 * etag.
 */
export function visible(shape: Prop, resource: StoredResource, expand: string): StoredResource {
  const shown = without(
    shape,
    resource,
    (prop, name) => prop.hidden === true || (prop.writeOnly === true && name !== expand),
  );
  const properties = { ...asBody(shown.properties) };
  for (const [name, value] of Object.entries(properties)) {
    if (!Array.isArray(value)) continue;
    properties[name] = value.map((item: unknown) => {
      const child = asBody(item);
      const own = typeof child?.id === "string" && isUnder(child.id, resource.id);
      return own && child?.properties !== undefined ? { ...child, etag: resource.etag } : item;
    });
  }
  return { ...shown, properties } as StoredResource;
}

/** A resource as the store keeps it: no secrets, no undefined values. */
export function storable(shape: Prop, resource: StoredResource): StoredResource {
  const kept = without(shape, resource, (prop) => prop.secret === true);
  return JSON.parse(JSON.stringify(kept)) as StoredResource;
}
