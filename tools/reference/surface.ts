/** The public surface of a schema as a flat list, one entry a thing that a user can name. Pure. */
import type { PackageSpec, Property } from "@pulumi/pulumi/provider/experimental/schema";

export type EntryKind = "component" | "input" | "output" | "type" | "property" | "enum" | "value";

/** A component, a type, or a part of one. */
export interface Entry {
  /** Where it is: `GatewayProvider.inputs.policy`, `FirewallRule.ports`, `RuleAction.Drop`. */
  path: string;
  kind: EntryKind;
  /** The type: `string`, `FirewallRule[]`, `map of string`; of an enum's value, the value. */
  type: string;
  /** False for what may be left out. */
  required: boolean;
  /** True for an input that must be known before anything is created. */
  plain: boolean;
  description: string;
}

/** Every entry, whole things before their parts. */
export function surfaceOf(schema: PackageSpec): Entry[] {
  const prefix = `${schema.name}:index:`;
  const short = (token: string) => token.slice(prefix.length);
  const entries: Entry[] = [];
  for (const [token, resource] of Object.entries(schema.resources)) {
    const path = short(token);
    entries.push(whole(path, "component", resource.description));
    const { inputProperties, requiredInputs, properties, required } = resource;
    entries.push(...parts(`${path}.inputs`, "input", inputProperties, requiredInputs));
    entries.push(...parts(`${path}.outputs`, "output", properties, required));
  }
  for (const [token, type] of Object.entries(schema.types)) {
    const path = short(token);
    const kind = type.enum === undefined ? "type" : "enum";
    entries.push(whole(path, kind, type.description));
    entries.push(...parts(path, "property", type.properties, type.required));
    for (const { name, value, description } of type.enum ?? []) {
      const said = { ...whole(`${path}.${name}`, "value", description), required: true };
      entries.push({ ...said, type: JSON.stringify(value) });
    }
  }
  return entries;
}

/** Name of a property's type, as the reference and the changelog spell it. */
export function typeName(property: Property): string {
  if ("$ref" in property) return property.$ref.split(/[:/]/).at(-1) ?? property.$ref;
  if (property.items !== undefined) return `${typeName(property.items as Property)}[]`;
  if (property.additionalProperties !== undefined) {
    return `map of ${typeName(property.additionalProperties as Property)}`;
  }
  return property.type;
}

function whole(path: string, kind: EntryKind, description = ""): Entry {
  return { path, kind, type: kind, required: true, plain: false, description };
}

function parts(
  path: string,
  kind: EntryKind,
  properties: Record<string, Property> = {},
  required: readonly string[] = [],
): Entry[] {
  return Object.entries(properties).map(([name, property]) => ({
    path: `${path}.${name}`,
    kind,
    type: typeName(property),
    required: required.includes(name),
    plain: property.plain === true,
    description: property.description ?? "",
  }));
}
