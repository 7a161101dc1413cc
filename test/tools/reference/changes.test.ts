import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withSchemaSection } from "../../../tools/reference/changelog";
import {
  changeLine,
  changesBetween,
  isVersionAtLeast,
  leastVersion,
} from "../../../tools/reference/changes";
import type { Entry } from "../../../tools/reference/surface";

const entry = (path: string, kind: Entry["kind"], rest: Partial<Entry> = {}): Entry => ({
  path,
  kind,
  type: kind === "component" || kind === "type" || kind === "enum" ? kind : "string",
  required: true,
  plain: false,
  description: "Said.",
  ...rest,
});

const before: Entry[] = [
  entry("Hub", "component"),
  entry("Hub.inputs.name", "input"),
  entry("Hub.inputs.size", "input", { required: false }),
  entry("Hub.outputs.id", "output"),
  entry("Rule", "type"),
  entry("Rule.ports", "property", { type: "string[]" }),
  entry("Mode", "enum"),
  entry("Mode.On", "value", { type: '"on"' }),
];
const without = (path: string) => before.filter((one) => !`${one.path}.`.startsWith(`${path}.`));
const changed = (path: string, rest: Partial<Entry>) =>
  before.map((one) => (one.path === path ? { ...one, ...rest } : one));

describe("differences of a public surface", () => {
  const cases: [name: string, after: Entry[], lines: string[]][] = [
    ["none", before, []],
    [
      "a new optional input",
      [...before, entry("Hub.inputs.fleet", "input", { type: "FleetArgs", required: false })],
      ["+ Hub.inputs.fleet: FleetArgs, optional"],
    ],
    [
      "a new input that must be given",
      [...before, entry("Hub.inputs.fleet", "input")],
      ["+ Hub.inputs.fleet: string, required (breaking)"],
    ],
    [
      "a new component, without its parts",
      [...before, entry("Spoke", "component"), entry("Spoke.inputs.hub", "input")],
      ["+ Spoke: component"],
    ],
    ["a type that is gone, without its parts", without("Rule"), ["- Rule: type (breaking)"]],
    ["an output that is gone", without("Hub.outputs.id"), ["- Hub.outputs.id: string (breaking)"]],
    ["a value that is gone", without("Mode.On"), ['- Mode.On: "on" (breaking)']],
    [
      "another type",
      changed("Rule.ports", { type: "number[]" }),
      ["~ Rule.ports: string[] → number[] (breaking)"],
    ],
    [
      "an input that must be given now",
      changed("Hub.inputs.size", { required: true }),
      ["~ Hub.inputs.size: optional → required (breaking)"],
    ],
    [
      "an input that may be left out now",
      changed("Hub.inputs.name", { required: false }),
      ["~ Hub.inputs.name: required → optional"],
    ],
    [
      "an output that may be missing now",
      changed("Hub.outputs.id", { required: false }),
      ["~ Hub.outputs.id: required → optional (breaking)"],
    ],
    [
      "an input that must be known early now",
      changed("Hub.inputs.name", { plain: true }),
      ["~ Hub.inputs.name: may come late → must be known early (breaking)"],
    ],
    ["other words", changed("Rule", { description: "New." }), ["~ Rule: documentation"]],
  ];
  for (const [name, after, lines] of cases) {
    test(name, () => assert.deepEqual(changesBetween(before, after).map(changeLine), lines));
  }
});

describe("the least version", () => {
  const weights = { breaking: without("Rule"), feature: [...before, entry("New", "type")] };
  const cases: [released: string, after: Entry[], least: string][] = [
    ["1.4.2", weights.breaking, "2.0.0"],
    ["1.4.2", weights.feature, "1.5.0"],
    ["1.4.2", before, "1.4.3"],
    ["0.4.2", weights.breaking, "0.5.0"],
    ["0.4.2", weights.feature, "0.4.3"],
  ];
  for (const [released, after, least] of cases) {
    test(`${released} → ${least}`, () => {
      assert.equal(leastVersion(released, changesBetween(before, after)), least);
    });
  }

  test("is reached by itself and by what is above", () => {
    const reached = ["1.5.0", "1.5.1", "1.10.0", "2.0.0"].map((v) => isVersionAtLeast(v, "1.5.0"));
    assert.deepEqual(reached, [true, true, true, true]);
    assert.equal(isVersionAtLeast("1.4.9", "1.5.0"), false);
    assert.equal(isVersionAtLeast("0.9.9", "1.0.0"), false);
  });
});

describe("the changelog's list", () => {
  const changelog = "# Changelog\n\n## Unreleased\n\n- New.\n\n## 0.1.0\n\n- Old.\n";
  const changes = changesBetween(before, without("Hub.outputs.id"));

  test("stands at the end of what is not released, and is the same when written again", () => {
    const once = withSchemaSection(changelog, changes);
    const list = "### Schema\n\n- `- Hub.outputs.id: string (breaking)`\n";
    assert.equal(once, changelog.replace("- New.\n", `- New.\n\n${list}`));
    assert.equal(withSchemaSection(once, changes), once);
  });

  test("goes when nothing is left to tell", () => {
    const once = withSchemaSection(changelog, changes);
    assert.equal(withSchemaSection(once, []), changelog);
    const words = changesBetween(before, changed("Rule", { description: "New." }));
    assert.equal(withSchemaSection(once, words), changelog);
  });

  test("is written into a changelog that was never released, too", () => {
    const first = "# Changelog\n\n## Unreleased\n\n- New.\n";
    const once = withSchemaSection(first, changes);
    assert.equal(withSchemaSection(once, changes), once);
    assert.ok(once.startsWith(first) && once.includes("### Schema"));
  });
});
