/** Inline children: their ids, and the rules that all of them share. */
import { ArmError, refuse } from "./errors";
import { keyOf } from "./ids";
import { asBodies, asBody, asText, type Child } from "./resource";
import type { Put } from "./world";

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
      yield refuse("InvalidRequestFormat", `Cannot parse the request: ${path} is missing.`, path);
      continue;
    }
    if (!/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?$/.test(name)) {
      yield refuse(
        "InvalidResourceName",
        `Resource name ${name} is invalid. It can have up to 80 characters: letters, digits, underscores, periods and hyphens; it begins with a letter or digit and ends with a letter, digit or underscore.`,
        path,
      );
    }
    if (seen.has(keyOf(name))) {
      yield new ArmError(400, "InvalidRequestFormat", "Cannot parse the request.", path, [
        refuse("DuplicateResourceName", `Resource name ${name} is used twice.`, path),
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
