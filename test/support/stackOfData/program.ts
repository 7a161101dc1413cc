/**
 * A program that knows nothing of the library: it declares what `resources.json`
 * says, a list of `{type, name, properties, options?, component?, parent?}`. `@name` at the start
 * of a text stands for the id of a resource declared before, `@name.name` for its name.
 */
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";

interface Declared {
  type: string;
  name: string;
  properties: Record<string, unknown>;
  options?: pulumi.CustomResourceOptions;
  /** True for one that only stands for its children. */
  component?: boolean;
  /** Name of the component that it belongs to, declared before. */
  parent?: string;
}

class Resource extends pulumi.CustomResource {}

const declared = new Map<string, Resource>();
const components = new Map<string, pulumi.ComponentResource>();

function resolved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolved);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, resolved(v)]));
  }
  const [text = "", name = "", part] = /^@(\w+)(\.name)?/.exec(String(value)) ?? [];
  const resource = declared.get(name);
  if (typeof value !== "string" || resource === undefined) return value;
  const rest = value.slice(text.length);
  return resource.id.apply((id) => `${part === undefined ? id : id.split("/").at(-1)}${rest}`);
}

for (const entry of JSON.parse(readFileSync("resources.json", "utf8")) as Declared[]) {
  const { type, name, component, parent } = entry;
  const inputs = resolved(entry.properties) as pulumi.Inputs;
  const options = { parent: components.get(parent ?? "") };
  if (component) components.set(name, new pulumi.ComponentResource(type, name, inputs, options));
  else {
    const own = { version: "3.28.0", ...options, ...entry.options };
    declared.set(name, new Resource(type, name, inputs, own));
  }
}
