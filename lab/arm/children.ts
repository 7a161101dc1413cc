/** Inline children: their ids, and the rules that all of them share. */
import { ArmError, refuse } from "./errors";
import { keyOf } from "./ids";
import { asBodies, asBody, asText, type Child } from "./resource";
import { refusalsOf } from "./rules";
import { docs } from "./sources";
import type { Put } from "./world";

const refusals = refusalsOf("Every request", {
  nameless: {
    code: "InvalidRequestFormat",
    says: "Each part of a resource has a name.",
    documented: docs.apiErrors,
  },
  badName: {
    code: "InvalidResourceName",
    says: "The name of a part follows the naming rules of network resources.",
    ours: true,
    documented: docs.names,
  },
  unreadable: {
    code: "InvalidRequestFormat",
    says: "A request with two parts of one name cannot be read; the detail says why.",
    assumed: "Two parts of one name would have one id.",
  },
  twice: {
    code: "DuplicateResourceName",
    says: "Two parts of one collection have different names.",
    ours: true,
    assumed: "Two parts of one name would have one id.",
  },
});

/** Gives every child of a collection its id, type and state; nameless ones are left to the rule. */
export function nameChildren(put: Put, collection: string, idPart: string = collection): void {
  for (const body of asBodies(put.desired.properties[collection])) {
    const name = asText(body.name);
    if (name === undefined) continue;
    body.id = `${put.desired.id}/${idPart}/${name}`;
    body.type = `${put.desired.type}/${idPart}`;
    body.properties = { ...asBody(body.properties), provisioningState: "Succeeded" };
  }
}

/** Children without a name, with a bad one, or with one name twice. */
export function* childNameProblems(put: Put, collection: string): Generator<ArmError> {
  const seen = new Set<string>();
  for (const [i, body] of asBodies(put.desired.properties[collection]).entries()) {
    const path = `properties.${collection}[${i}].name`;
    const name = asText(body.name);
    if (name === undefined || name === "") {
      yield refuse(refusals.nameless, `Cannot parse the request: ${path} is missing.`, path);
      continue;
    }
    if (!/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?$/.test(name)) {
      yield refuse(
        refusals.badName,
        `Resource name ${name} is invalid. It can have up to 80 characters: letters, digits, underscores, periods and hyphens; it begins with a letter or digit and ends with a letter, digit or underscore.`,
        path,
      );
    }
    if (seen.has(keyOf(name))) {
      yield new ArmError(refusals.unreadable, "Cannot parse the request.", path, [
        refuse(refusals.twice, `Resource name ${name} is used twice.`, path),
      ]);
    }
    seen.add(keyOf(name));
  }
}

/** The children of a collection with their paths, the nameless ones left out. */
export function namedChildren(put: Put, collection: string): [Child, string][] {
  return (asBodies(put.desired.properties[collection]) as Child[])
    .map((child, i): [Child, string] => [child, `properties.${collection}[${i}]`])
    .filter(([child]) => child.id !== undefined);
}
