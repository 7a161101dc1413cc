/** Asks a rule about one resource. */
import { plainType, type Resource, type Rule } from "../../../policy-pack/rule";
import type { Value } from "../../../policy-pack/values";

/** A resource of a stack that a test writes by hand. */
export function resource(type: string, properties: Value, dependencies: string[] = []): Resource {
  const name = type.split(":").at(-1) ?? type;
  return { urn: `urn:${name}`, type: plainType(type), name, properties, dependencies };
}

/** What the rule says about the resources, as messages. */
export function messages<S extends object>(
  rule: Rule<S>,
  resources: readonly Resource[],
  settings: Partial<S> = {},
): string[] {
  const found = rule.check(resources, { ...rule.defaults, ...settings });
  return found.map(({ message }) => message);
}
