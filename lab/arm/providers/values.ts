/** Property values as the engine sends them over gRPC. */
import { isDeepStrictEqual } from "node:util";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { asBody, type Body } from "../resource";

/** Stands for a value that is known only after the update. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** One mark per kind of unknown value; the engine sends the first one for texts and most others. */
const UNKNOWNS = new Set([
  UNKNOWN,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // bool
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // list
  "030794c1-ac77-496b-92df-f27374a8bd58", // asset
  "e48ece36-62e2-4504-bad9-02848725956a", // archive
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
]);

/** True for a value that is not known yet. */
export const isUnknown = (value: unknown): boolean =>
  typeof value === "string" && UNKNOWNS.has(value);

/** True if some part of the value is not known yet. */
export function containsUnknown(value: unknown): boolean {
  if (isUnknown(value)) return true;
  if (Array.isArray(value)) return value.some(containsUnknown);
  const body = asBody(value);
  return body !== undefined && Object.values(body).some(containsUnknown);
}

/** True if nothing on the way to a path in Azure's shape is unknown, and no part of what is there. */
export function isKnownAt(inputs: Body, target: string): boolean {
  const keys = target.split(/[.[\]]+/).filter((key) => key !== "" && key !== "properties");
  let value: unknown = inputs;
  for (const key of keys) {
    if (isUnknown(value)) return false;
    value = (value as Body | undefined)?.[key];
  }
  return !containsUnknown(value);
}

/** A struct of the engine as plain values; nulls are left out, as azure-native does. */
export function fromStruct(struct: Struct | undefined): Body {
  return struct === undefined ? {} : (withoutNulls(struct.toJavaScript()) as Body);
}

/** Plain values as a struct of the engine. */
export function toStruct(values: Body): Struct {
  return Struct.fromJavaScript(withoutNulls(values) as Parameters<typeof Struct.fromJavaScript>[0]);
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  const body = asBody(value);
  if (body === undefined) return value;
  return Object.fromEntries(
    Object.entries(body)
      .filter(([, item]) => item !== null && item !== undefined)
      .map(([name, item]) => [name, withoutNulls(item)]),
  );
}

/** A change at a path such as `ipConfigurations[0].subnet.id`. */
export interface Change {
  path: string;
  /** The path without positions, e.g. `ipConfigurations[].subnet.id`. */
  key: string;
  kind: "add" | "delete" | "update";
}

/** Differences between two values, as deep as both sides have the same form. */
export function changesOf(before: Body, after: Body): Change[] {
  return objectChanges(before, after, "", "");
}

function objectChanges(before: Body, after: Body, path: string, key: string): Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name): Change[] => {
    // The engine's and the provider's own marks are no properties.
    if (name.startsWith("__")) return [];
    const here = `${path}${name}`;
    const hereKey = `${key}${name}`;
    if (!(name in before)) return [{ path: here, key: hereKey, kind: "add" }];
    if (!(name in after)) return [{ path: here, key: hereKey, kind: "delete" }];
    return valueChanges(before[name], after[name], here, hereKey);
  });
}

function valueChanges(before: unknown, after: unknown, path: string, key: string): Change[] {
  if (isDeepStrictEqual(before, after)) return [];
  const [a, b] = [asBody(before), asBody(after)];
  if (a !== undefined && b !== undefined) return objectChanges(a, b, `${path}.`, `${key}.`);
  if (!Array.isArray(before) || !Array.isArray(after)) return [{ path, key, kind: "update" }];
  const length = Math.max(before.length, after.length);
  return Array.from({ length }, (_, i): Change[] => {
    const [here, hereKey] = [`${path}[${i}]`, `${key}[]`];
    if (i >= before.length) return [{ path: here, key: hereKey, kind: "add" }];
    if (i >= after.length) return [{ path: here, key: hereKey, kind: "delete" }];
    return valueChanges(before[i], after[i], here, hereKey);
  }).flat();
}
