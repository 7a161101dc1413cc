/**
 * The component package as the engine starts it for programs in other languages: it loads the
 * folder (`main` of package.json), where a TypeScript program loads the name (`exports`).
 *
 * The schema is the one that was read from the sources when the package was made: to read it at
 * each start, as the SDK does by itself, takes seconds.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { ComponentResource, ComponentResourceOptions, Inputs } from "@pulumi/pulumi";
import { main, type Provider } from "@pulumi/pulumi/provider";

interface Schema {
  name: string;
  version: string;
  resources: Record<string, { properties: Record<string, unknown> }>;
}

type Component = new (
  name: string,
  args: Inputs,
  opts: ComponentResourceOptions,
) => ComponentResource;

// One folder up from the compiled file.
const text = readFileSync(path.join(__dirname, "../schema.json"), "utf8");
const schema = JSON.parse(text) as Schema;

const provider: Provider = {
  version: schema.version,
  schema: text,
  async construct(name, type, inputs, options) {
    const outputs = schema.resources[type]?.properties;
    if (outputs === undefined) {
      const known = Object.keys(schema.resources).join(", ");
      throw new Error(`${schema.name} has no component ${type}; it has ${known}`);
    }
    // Loaded only now: who asks for the schema alone does not wait for the SDK of azure-native.
    const components = await import("./components/index");
    const { [type.split(":").at(-1) ?? ""]: create } = components as unknown as Record<
      string,
      Component
    >;
    if (create === undefined) throw new Error(`${schema.name} does not export ${type}`);
    const component = new create(name, inputs, options);
    const fields = component as unknown as Record<string, unknown>;
    const state = Object.fromEntries(Object.keys(outputs).map((key) => [key, fields[key]]));
    return { urn: component.urn, state };
  },
};

main(provider, process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
