/** Functions of ARM templates that look at nothing but their arguments. */
import { createHash } from "node:crypto";
import { asBody } from "../../resource";

type Function = (...args: unknown[]) => unknown;

const text = (value: unknown) => String(value ?? "");
const lower = (value: unknown) => text(value).toLowerCase();
const items = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const asJson = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
const same = (a: unknown, b: unknown) =>
  typeof a === "string" && typeof b === "string" ? lower(a) === lower(b) : asJson(a) === asJson(b);

/** Base 32 of a digest, as long as Azure's; Azure's own algorithm is not published. */
function uniqueString(...seeds: unknown[]): string {
  const digest = createHash("sha256").update(seeds.map(text).join("-")).digest();
  return [...digest.subarray(0, 13)]
    .map((byte) => "abcdefghijklmnopqrstuvwxyz234567"[byte % 32])
    .join("");
}

const isEmpty = (value: unknown) =>
  value === null ||
  value === undefined ||
  text(value) === "" ||
  Object.keys(asBody(value) ?? { x: 1 }).length === 0;

/** By name in lower case. */
export const FUNCTIONS: Readonly<Record<string, Function>> = {
  concat: (...args) => (Array.isArray(args[0]) ? args.flatMap(items) : args.map(text).join("")),
  format: (form, ...args) => text(form).replace(/\{(\d+)\}/g, (_, at) => text(args[Number(at)])),
  tolower: lower,
  toupper: (value) => text(value).toUpperCase(),
  trim: (value) => text(value).trim(),
  replace: (value, from, to) => text(value).replaceAll(text(from), text(to)),
  split: (value, by) => text(value).split(text(by)),
  join: (value, by) => items(value).map(text).join(text(by)),
  substring: (value, from, length) =>
    text(value).slice(
      Number(from),
      length === undefined ? undefined : Number(from) + Number(length),
    ),
  startswith: (value, start) => lower(value).startsWith(lower(start)),
  endswith: (value, end) => lower(value).endsWith(lower(end)),
  base64: (value) => Buffer.from(text(value)).toString("base64"),
  base64tostring: (value) => Buffer.from(text(value), "base64").toString(),
  uri: (base, path) => new URL(text(path), text(base)).toString(),
  string: asJson,
  int: Number,
  bool: (value) => lower(value) === "true" || value === 1,
  json: (value) => JSON.parse(text(value)) as unknown,
  null: () => null,
  true: () => true,
  false: () => false,
  createarray: (...args) => args,
  array: (value) => (Array.isArray(value) ? value : [value]),
  createobject: (...args) =>
    Object.fromEntries(args.flatMap((key, i) => (i % 2 === 0 ? [[text(key), args[i + 1]]] : []))),
  union: (...args) =>
    Array.isArray(args[0])
      ? [...new Set(args.flatMap(items))]
      : Object.assign({}, ...args.map((arg) => asBody(arg) ?? {})),
  contains: (holder, wanted) =>
    typeof holder === "string"
      ? holder.includes(text(wanted))
      : Array.isArray(holder)
        ? holder.some((item) => same(item, wanted))
        : Object.keys(asBody(holder) ?? {}).some((key) => same(key, wanted)),
  length: (value) =>
    typeof value === "string" || Array.isArray(value)
      ? value.length
      : Object.keys(asBody(value) ?? {}).length,
  first: (value) => (typeof value === "string" ? value[0] : items(value)[0]),
  last: (value) => (typeof value === "string" ? value.at(-1) : items(value).at(-1)),
  range: (from, count) => Array.from({ length: Number(count) }, (_, i) => Number(from) + i),
  empty: isEmpty,
  coalesce: (...args) => args.find((arg) => arg !== null && arg !== undefined) ?? null,
  equals: same,
  not: (value) => value !== true,
  and: (...args) => args.every((arg) => arg === true),
  or: (...args) => args.some((arg) => arg === true),
  less: (a, b) => (a as number) < (b as number),
  greater: (a, b) => (a as number) > (b as number),
  lessorequals: (a, b) => (a as number) <= (b as number),
  greaterorequals: (a, b) => (a as number) >= (b as number),
  add: (a, b) => Number(a) + Number(b),
  sub: (a, b) => Number(a) - Number(b),
  mul: (a, b) => Number(a) * Number(b),
  div: (a, b) => Math.trunc(Number(a) / Number(b)),
  mod: (a, b) => Number(a) % Number(b),
  uniquestring: uniqueString,
};
