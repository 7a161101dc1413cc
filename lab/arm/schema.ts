/**
 * Properties of a resource type: one tree serves Azure's shape (resource-like objects keep their
 * values under `properties`) and the SDK's flattened one.
 */

/** A value of a resource type. */
export interface Prop {
  kind: "text" | "whole" | "number" | "flag" | "list" | "map" | "record" | "idSet" | "any";
  /** Closed choices of a text, in Azure's spelling; other spellings in case are taken and mended. */
  values?: readonly string[];
  /** Limits of a number, of the length of a text, or of the length of a list; both included. */
  min?: number;
  max?: number;
  /** Elements of a list; values of a map, default: texts. */
  item?: Prop;
  /** Fields of a record. */
  fields?: Record<string, Prop>;
  /** A record that may hold more than its fields; the rest is not read. Whole resources stand for references. */
  open?: boolean;
  /** Fields under `properties` that repeat what is said elsewhere, and are not read. */
  ignored?: readonly string[];
  /** The SDK's name, where it is another one than Azure's. */
  sdkName?: string;
  /** In Azure's shape the field is under `properties` of its record. */
  inner?: boolean;
  required?: boolean;
  /** Set by the service: what a request says of it is ignored, as Azure does. */
  readOnly?: boolean;
  /** Never in an answer, e.g. a password. */
  writeOnly?: boolean;
  /** Judged, then thrown away: not even the store keeps it. */
  secret?: boolean;
  /** The service's own: no request sets or removes it, no answer shows it. */
  hidden?: boolean;
  /**
   * Also a resource of its own: azure-native leaves what is there alone when the program does not
   * say, and so must a client that writes the resource whole.
   */
  maintain?: boolean;
}

type Fields = Record<string, Prop>;

/** A text; with `values` a closed choice. */
export const text = (...values: string[]): Prop =>
  values.length === 0 ? { kind: "text" } : { kind: "text", values };

/** An integer within limits, both included. */
export const whole = (min?: number, max?: number): Prop => ({ kind: "whole", min, max });

export const flag: Prop = { kind: "flag" };

/** A list, with limits to its length, both included. */
export const list = (item: Prop, min?: number, max?: number): Prop => ({
  kind: "list",
  item,
  min,
  max,
});

/** Text values under free names, e.g. tags. */
export const map: Prop = { kind: "map" };

/** Ids: a list in the SDK, the keys of an object in Azure's shape (user-assigned identities). */
export const idSet: Prop = { kind: "idSet" };

/** A value that the service makes up; its form does not matter here. */
export const served: Prop = { kind: "any", readOnly: true };

/** A value that the service keeps for itself in a resource; see {@link Prop.hidden}. */
export const hidden: Prop = { kind: "any", readOnly: true, writeOnly: true, hidden: true };

/** The tag of a type that shows none. */
export const unshownEtag: Prop = { kind: "text", readOnly: true, writeOnly: true };

/** A plain object. */
export const record = (fields: Fields): Prop => ({ kind: "record", fields });

/** A resource-like object: `outer` fields beside `properties`, `inner` fields under it. */
export function resource(outer: Fields, inner: Fields): Prop {
  const under = Object.entries(inner).map(([name, prop]) => [name, { ...prop, inner: true }]);
  return record({ ...outer, ...(Object.fromEntries(under) as Fields) });
}

/** A child with an id of its own inside a resource. */
export const child = (inner: Fields, outer: Fields = {}): Prop =>
  resource(
    { id: text(), name: text(), etag: readOnly(text()), type: readOnly(text()), ...outer },
    { ...inner, provisioningState: readOnly(text()) },
  );

export const required = (prop: Prop): Prop => ({ ...prop, required: true });
export const readOnly = (prop: Prop): Prop => ({ ...prop, readOnly: true });
export const writeOnly = (prop: Prop): Prop => ({ ...prop, writeOnly: true });
export const maintained = (prop: Prop): Prop => ({ ...prop, maintain: true });

/** A shape with fields under `properties` that are not read. */
export const withIgnored = (ignored: readonly string[], shape: Prop): Prop => ({
  ...shape,
  ignored,
});

/** A reference to another resource. */
export const ref: Prop = { ...record({ id: text() }), open: true };
