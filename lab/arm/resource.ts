/** Resources as Azure shows them. */

/** Any JSON object. */
export type Body = Record<string, unknown>;

/** A stored resource: exactly Azure's GET shape, children inline. */
export interface StoredResource {
  id: string;
  name: string;
  /** Full type, e.g. `Microsoft.Network/loadBalancers`. */
  type: string;
  location?: string;
  tags?: Record<string, string>;
  sku?: Body;
  zones?: string[];
  identity?: Body;
  etag: string;
  properties: Body;
  [key: string]: unknown;
}

/** Part of a resource that has an id of its own: a subnet, a frontend, a pool, a rule. */
export interface Child {
  id: string;
  name: string;
  etag?: string;
  type?: string;
  zones?: string[];
  properties: Body;
  [key: string]: unknown;
}

/** A value that is a JSON object, else undefined. */
export function asBody(value: unknown): Body | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Body)
    : undefined;
}

/** A value that is a string, else undefined. */
export const asText = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined;

/** A value that is a number, else undefined. */
export const asNumber = (value: unknown): number | undefined =>
  typeof value === "number" ? value : undefined;

/** A value that is a list of objects, else an empty list. */
export const asBodies = (value: unknown): Body[] =>
  Array.isArray(value) ? value.filter((item): item is Body => asBody(item) !== undefined) : [];

/** A value that is a list of strings, else an empty list. */
export const asTexts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];

/** The `id` inside a reference such as `{id: "/subscriptions/…"}`. */
export const refOf = (value: unknown): string | undefined => asText(asBody(value)?.id);

/** The `id`s inside a list of references. */
export const refsOf = (value: unknown): string[] =>
  asBodies(value).flatMap((item) => refOf(item) ?? []);

/**
 * Inline children of a resource, e.g. the `subnets` of a virtual network. One that a request left
 * nameless has no id and is left out: the rule for names refuses it.
 */
export const childrenOf = (resource: { properties: Body }, collection: string): Child[] =>
  (asBodies(resource.properties[collection]) as Child[]).filter(
    (child) => typeof child.id === "string",
  );
