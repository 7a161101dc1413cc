/** Reads a request body against a schema: every problem by its path, and the body in Azure's spelling. */
import { type ArmError, refuse } from "./errors";
import { asBody, type Body } from "./resource";
import { refusalsOf } from "./rules";
import type { Prop } from "./schema";
import { docs } from "./sources";

const refusals = refusalsOf("Every request", {
  form: {
    code: "InvalidRequestFormat",
    says: "A property has a type, a choice and a range that the API's types give it.",
    documented: docs.apiErrors,
  },
  needed: {
    code: "InvalidRequestFormat",
    says: "A property that the API requires is there.",
    documented: docs.apiErrors,
  },
  tooLong: {
    code: "InvalidParameter",
    says: "A string is no longer than its limit.",
    assumed: "The API's types name the limit, and no code.",
  },
  unknown: {
    code: "InvalidRequestContent",
    says: "A request has no property that the service does not know; the lab knows those it carries.",
    documented: docs.apiErrors,
  },
});

/**
 * The body without nulls and read-only parts, choices spelled as Azure spells them. Problems are
 * added to `problems`; the result is of use only if there are none.
 */
export function accept(shape: Prop, body: Body, problems: ArmError[]): Body {
  return acceptRecord(shape, body, "", problems);
}

function acceptRecord(shape: Prop, body: Body, path: string, problems: ArmError[]): Body {
  const at = (name: string) => (path === "" ? name : `${path}.${name}`);
  const fields = shape.fields ?? {};
  const hasInner = Object.values(fields).some((field) => field.inner);
  const side = (inner: boolean, source: Body, prefix: string): Body => {
    const result: Body = {};
    for (const [name, value] of Object.entries(source)) {
      if (value === null || value === undefined) continue;
      if (!inner && hasInner && name === "properties") continue;
      const known = Object.entries(fields).find(
        ([field, prop]) => Boolean(prop.inner) === inner && sameName(field, name),
      );
      if (known === undefined && (shape.open || (inner && shape.ignored?.includes(name)))) continue;
      if (known === undefined) {
        problems.push(unknownProperty(`${prefix}${name}`));
        continue;
      }
      const [field, prop] = known;
      if (prop.readOnly) continue;
      const accepted = acceptValue(prop, value, `${prefix}${field}`, problems);
      if (accepted !== undefined) result[field] = accepted;
    }
    for (const [field, prop] of Object.entries(fields)) {
      if (!prop.required || Boolean(prop.inner) !== inner || result[field] !== undefined) continue;
      if (problems.some((problem) => problem.target === `${prefix}${field}`)) continue;
      problems.push(missing(`${prefix}${field}`));
    }
    return result;
  };
  const outer = side(false, body, path === "" ? "" : `${path}.`);
  if (!hasInner) return outer;
  const inner = body.properties ?? {};
  if (asBody(inner) === undefined) problems.push(wrongType(at("properties"), "an object", inner));
  return { ...outer, properties: side(true, asBody(inner) ?? {}, `${at("properties")}.`) };
}

/** Azure reads property names in any case. */
const sameName = (a: string, b: string) => a === b || a.toLowerCase() === b.toLowerCase();

function acceptValue(prop: Prop, value: unknown, path: string, problems: ArmError[]): unknown {
  switch (prop.kind) {
    case "text":
      return acceptText(prop, value, path, problems);
    case "whole":
      return acceptWhole(prop, value, path, problems);
    case "number":
      if (typeof value === "number") return value;
      problems.push(wrongType(path, "a number", value));
      return undefined;
    case "flag":
      if (typeof value === "boolean") return value;
      // The service's reader takes words for them.
      if (typeof value === "string" && /^(true|false)$/i.test(value)) return /^t/i.test(value);
      problems.push(wrongType(path, "true or false", value));
      return undefined;
    case "list":
      return acceptList(prop, value, path, problems);
    case "map":
    case "idSet":
      return acceptMap(prop, value, path, problems);
    case "record": {
      const body = asBody(value);
      if (body !== undefined) return acceptRecord(prop, body, path, problems);
      problems.push(wrongType(path, "an object", value));
      return undefined;
    }
    case "any":
      return value;
    default:
      return prop.kind satisfies never;
  }
}

function acceptText(prop: Prop, value: unknown, path: string, problems: ArmError[]): unknown {
  if (typeof value !== "string") {
    problems.push(wrongType(path, "a text", value));
    return undefined;
  }
  if (prop.max !== undefined && value.length > prop.max) {
    problems.push(
      refuse(
        refusals.tooLong,
        `${path} has ${value.length} characters; ${prop.max} are allowed.`,
        path,
      ),
    );
  }
  if (prop.values === undefined) return value;
  const known = prop.values.find((choice) => sameName(choice, value));
  if (known === undefined) {
    const choices = prop.values.join(", ");
    problems.push(
      refuse(
        refusals.form,
        `Cannot parse the request: ${path} is '${value}', but must be one of ${choices}.`,
        path,
      ),
    );
  }
  return known;
}

function acceptWhole(prop: Prop, given: unknown, path: string, problems: ArmError[]): unknown {
  const value = typeof given === "string" && /^-?\d{1,15}$/.test(given) ? Number(given) : given;
  if (typeof value !== "number" || !Number.isInteger(value)) {
    problems.push(wrongType(path, "a whole number", value));
    return undefined;
  }
  const { min = -Infinity, max = Infinity } = prop;
  if (value < min || value > max) {
    problems.push(
      refuse(
        refusals.form,
        `Cannot parse the request: ${path} is ${value}, but must be ${min} to ${max}.`,
        path,
      ),
    );
  }
  return value;
}

function acceptList(prop: Prop, value: unknown, path: string, problems: ArmError[]): unknown {
  const { item, min = 0, max = Infinity } = prop;
  if (!Array.isArray(value) || item === undefined) {
    problems.push(wrongType(path, "a list", value));
    return undefined;
  }
  if (value.length < min || value.length > max) {
    problems.push(
      refuse(
        refusals.form,
        `${path} has ${value.length} elements, but must have ${min} to ${max}.`,
        path,
      ),
    );
  }
  return value.flatMap((element, i) => acceptValue(item, element, `${path}[${i}]`, problems) ?? []);
}

function acceptMap(prop: Prop, value: unknown, path: string, problems: ArmError[]): unknown {
  const body = asBody(value);
  if (body === undefined) {
    problems.push(wrongType(path, "an object", value));
    return undefined;
  }
  if (prop.kind === "idSet") {
    return Object.fromEntries(Object.keys(body).map((id) => [id, {}]));
  }
  const { item = { kind: "text" } } = prop;
  const entries = Object.entries(body).map(([name, entry]): [string, unknown] => [
    name,
    acceptValue(item, entry, `${path}.${name}`, problems),
  ]);
  return Object.fromEntries(entries);
}

const missing = (path: string) =>
  refuse(refusals.needed, `Cannot parse the request: ${path} is missing.`, path);

const unknownProperty = (path: string) =>
  refuse(
    refusals.unknown,
    `Could not find member '${path}': the embedded Azure does not know this property.`,
    path,
  );

const wrongType = (path: string, want: string, value: unknown) =>
  refuse(
    refusals.form,
    `Cannot parse the request: ${path} must be ${want}, got ${JSON.stringify(value)?.slice(0, 60)}.`,
    path,
  );
