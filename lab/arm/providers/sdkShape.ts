/** Between the SDK's flattened shape and Azure's, along a type's schema. */
import { asBody, type Body } from "../resource";
import type { Prop } from "../schema";
import { isUnknown, UNKNOWN } from "./values";

/** Beginning of an id that stands for the resource itself: `$self/frontendIPConfigurations/fe`. */
const SELF = "$self/";

/** Fields by the SDK's name, with Azure's. */
export const sdkFields = (shape: Pick<Prop, "fields">): [string, Prop, string][] =>
  Object.entries(shape.fields ?? {}).map(([wire, prop]) => [prop.sdkName ?? wire, prop, wire]);

/** Inputs of the SDK as a request body. `id` is the resource's own. */
export function toArm(shape: Prop, inputs: Body, id: string): Body {
  const outer: Body = {};
  const inner: Body = {};
  let hasInner = false;
  for (const [name, prop, wire] of sdkFields(shape)) {
    hasInner ||= prop.inner === true;
    if (inputs[name] === undefined) continue;
    (prop.inner ? inner : outer)[wire] = toArmValue(prop, inputs[name], id);
  }
  return hasInner ? { ...outer, properties: inner } : outer;
}

function toArmValue(prop: Prop, value: unknown, id: string): unknown {
  const body = asBody(value);
  if (prop.kind === "record" && body !== undefined) return toArm(prop, body, id);
  if (prop.kind === "idSet" && Array.isArray(value)) {
    return Object.fromEntries(value.map((item) => [String(item), {}]));
  }
  const { item } = prop;
  if (prop.kind === "list" && item !== undefined && Array.isArray(value)) {
    return value.map((element) => toArmValue(item, element, id));
  }
  if (typeof value === "string" && value.startsWith(SELF))
    return `${id}/${value.slice(SELF.length)}`;
  return value;
}

/** A resource as outputs of the SDK; `inputsOnly` leaves out what only the service sets. */
export function toSdk(shape: Prop, resource: Body, inputsOnly = false): Body {
  const properties = asBody(resource.properties) ?? {};
  const result: Body = {};
  for (const [name, prop, wire] of sdkFields(shape)) {
    const value = prop.inner ? properties[wire] : resource[wire];
    if (value === undefined || (inputsOnly && prop.readOnly)) continue;
    result[name] = toSdkValue(prop, value, inputsOnly);
  }
  return result;
}

function toSdkValue(prop: Prop, value: unknown, inputsOnly: boolean): unknown {
  const body = asBody(value);
  if (prop.kind === "record" && body !== undefined) return toSdk(prop, body, inputsOnly);
  if (prop.kind === "idSet" && body !== undefined && inputsOnly) return Object.keys(body);
  const { item } = prop;
  if (prop.kind === "list" && item !== undefined && Array.isArray(value)) {
    return value.map((element) => toSdkValue(item, element, inputsOnly));
  }
  return value;
}

/** Outputs from outputs: the part of them that could have been inputs. */
export function toInputs(shape: Prop, outputs: Body): Body {
  const result: Body = {};
  for (const [name, prop] of sdkFields(shape)) {
    if (prop.readOnly || outputs[name] === undefined) continue;
    result[name] = toInputValue(prop, outputs[name]);
  }
  return result;
}

function toInputValue(prop: Prop, value: unknown): unknown {
  const body = asBody(value);
  if (prop.kind === "record" && body !== undefined) return toInputs(prop, body);
  if (prop.kind === "idSet" && body !== undefined) return Object.keys(body);
  const { item } = prop;
  if (prop.kind === "list" && item !== undefined && Array.isArray(value)) {
    return value.map((element) => toInputValue(item, element));
  }
  return value;
}

/** Outputs as a preview shows them: what the inputs say, the rest not known yet. */
export function previewOf(shape: Prop, inputs: Body): Body {
  const result: Body = {};
  for (const [name, prop] of sdkFields(shape)) {
    if (prop.writeOnly) continue;
    result[name] = name in inputs ? previewValue(prop, inputs[name]) : UNKNOWN;
  }
  return result;
}

function previewValue(prop: Prop, value: unknown): unknown {
  const body = asBody(value);
  if (prop.kind === "record" && body !== undefined) return previewOf(prop, body);
  const { item } = prop;
  if (prop.kind === "list" && item !== undefined && Array.isArray(value)) {
    return value.map((element) => previewValue(item, element));
  }
  return value;
}

/** Problems that azure-native reports before it calls Azure: wrong types, and missing inputs. */
export function inputProblems(shape: Prop, inputs: Body, path = ""): string[] {
  const at = (name: string) => (path === "" ? name : `${path}.${name}`);
  const fields = Object.fromEntries(sdkFields(shape)) as Record<string, Prop>;
  const missing = Object.entries(fields)
    .filter(([name, prop]) => prop.required && !(name in inputs))
    .map(([name]) => `missing required property '${at(name)}'`);
  const wrong = Object.entries(inputs).flatMap(([name, value]) => {
    const prop = fields[name];
    if (prop !== undefined) return valueProblems(prop, value, at(name));
    return [`the embedded Azure does not know property '${at(name)}'`];
  });
  return [...missing, ...wrong];
}

function valueProblems(prop: Prop, value: unknown, path: string): string[] {
  if (isUnknown(value)) return [];
  const wrong = (got: string) => [`'${path}' should be of type '${typeName(prop)}' but got ${got}`];
  if (Array.isArray(value)) {
    const { item } = prop;
    if (prop.kind === "idSet" || prop.kind === "any") return [];
    if (prop.kind !== "list" || item === undefined) return wrong("an array");
    return value.flatMap((element, i) => valueProblems(item, element, `${path}[${i}]`));
  }
  const body = asBody(value);
  if (body !== undefined) {
    if (prop.kind === "record") return inputProblems(prop, body, path);
    const { item } = prop;
    if (prop.kind === "map" && item !== undefined) {
      return Object.entries(body).flatMap(([name, entry]) =>
        valueProblems(item, entry, `${path}.${name}`),
      );
    }
    return prop.kind === "map" || prop.kind === "any" ? [] : wrong("an object");
  }
  if (typeof value === "string")
    return prop.kind === "text" || prop.kind === "any" ? [] : wrong("a string");
  if (typeof value === "boolean")
    return prop.kind === "flag" || prop.kind === "any" ? [] : wrong("a boolean");
  if (typeof value !== "number" || prop.kind === "any" || prop.kind === "number") return [];
  if (prop.kind !== "whole") return wrong("a number");
  return Number.isInteger(value) ? [] : [`'${path}' must be an integer but got ${value}`];
}

function typeName(prop: Prop): string {
  switch (prop.kind) {
    case "text":
      return "string";
    case "whole":
      return "integer";
    case "number":
      return "number";
    case "flag":
      return "boolean";
    case "list":
    case "idSet":
      return "array";
    case "map":
    case "record":
    case "any":
      return "object";
    default:
      return prop.kind satisfies never;
  }
}
