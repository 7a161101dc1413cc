/** The examples as documentation: complete, short, and each where a reader looks for it. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { read, root, sourceFiles } from "../support/sources";

const files = sourceFiles("").filter((file) => file.startsWith("examples/"));
const projects = files
  .filter((file) => path.basename(file) === "Pulumi.yaml")
  .map((file) => path.dirname(file));

describe("every example", () => {
  const names = projects.map((dir) => (parse(read(`${dir}/Pulumi.yaml`)) as { name: string }).name);

  test("has a name of its own, so that all may be in one lab", () => {
    assert.equal(new Set(names).size, projects.length);
    for (const name of names) assert.match(name, /^azure-gwlb-example-/);
  });

  test("stands in the table of the examples, with a page of its own", () => {
    const table = read("examples/README.md");
    for (const dir of projects) {
      const [scenario = ""] = path.posix.relative("examples", dir).split("/");
      assert.ok(table.includes(`](${scenario})`), scenario);
      const page = read(`examples/${scenario}/README.md`).split("\n");
      assert.ok(page.length <= 50, `${scenario}: ${page.length} lines are more than a screen`);
    }
  });

  test("takes nothing from the repository but the package", () => {
    for (const file of files.filter((name) => name.endsWith(".ts"))) {
      const foreign = [...read(file).matchAll(/from "([^"]+)"/g)]
        .map(([, name = ""]) => name)
        .filter((name) => !/^(azure-gwlb$|@pulumi\/(pulumi|azure-native)(\/|$)|\.\/)/.test(name));
      assert.deepEqual(foreign, [], file);
    }
  });

  test("asks for the SDKs of this repository", () => {
    const own = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };
    for (const dir of projects.filter((name) =>
      existsSync(path.join(root, name, "package.json")),
    )) {
      const { dependencies } = JSON.parse(read(`${dir}/package.json`)) as typeof own;
      for (const [sdk, version] of Object.entries(dependencies)) {
        if (sdk !== "azure-gwlb") assert.equal(version, own.dependencies[sdk], `${dir}: ${sdk}`);
      }
    }
  });

  test("has the same machine behind it", () => {
    const machines = files.filter((file) => path.basename(file) === "machine.ts");
    assert.equal(new Set(machines.map(read)).size, 1);
  });
});

test("the shortest program has thirty lines", () => {
  const lines = read("examples/minimal/index.ts").trimEnd().split("\n");
  assert.ok(lines.length <= 30, `${lines.length} lines`);
});

interface Described {
  inputProperties?: Record<string, unknown>;
  properties?: Record<string, unknown>;
}

describe("all options", () => {
  const { resources, types } = JSON.parse(read("schema.json")) as {
    resources: Record<string, Described>;
    types: Record<string, Described>;
  };
  const text = files
    .filter((file) => /^examples\/(all-options|existing-network)\/.*\.ts$/.test(file))
    .map(read)
    .join("\n");
  const named = [
    ...Object.entries(resources).map(([token, { inputProperties = {} }]) => ({
      ...{ token, inputs: Object.keys(inputProperties) },
    })),
    // A choice has no properties.
    ...Object.entries(types).map(([token, { properties = {} }]) => ({
      ...{ token, inputs: Object.keys(properties) },
    })),
  ];

  for (const { token, inputs } of named.filter((entry) => entry.inputs.length > 0)) {
    test(`show every argument of ${token.split(":").at(-1)}`, () => {
      const missing = inputs.filter((input) => !new RegExp(`\\b${input}\\b`).test(text));
      assert.deepEqual(missing, []);
    });
  }
});
