import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { parseSettings } from "../../program/settings";
import { root } from "../support/sources";

const json = (settings: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(settings).map(([k, v]) => [k, JSON.stringify(v)]));

/** What is thrown for settings in the engine's form. */
function problemsOf(raw: Record<string, string>): pulumi.InputPropertyErrorDetails[] {
  try {
    parseSettings(raw, "settings");
  } catch (error) {
    assert.ok(pulumi.InputPropertiesError.isInstance(error));
    return error.errors;
  }
  return [];
}

describe("settings", () => {
  test("default to a provider called gwlb without demonstration", () => {
    assert.deepEqual(parseSettings({}, ""), {
      name: "gwlb",
      demo: false,
      gateway: {},
      policy: undefined,
    });
  });

  test("a string is a string, even one that looks like a number", () => {
    assert.equal(parseSettings({ name: "42" }, "").name, "42");
  });

  for (const { what, raw, at, rule } of [
    { what: "a slip in a key", raw: json({ gatway: {} }), at: "gatway", rule: /gateway/ },
    {
      what: "a slip further in",
      raw: json({ gateway: { nva: { zones: "1" } } }),
      at: "gateway.nva.zones",
      rule: /zone/,
    },
    {
      what: "a slip in the fleet",
      raw: json({ gateway: { fleet: { autoscale: { maximun: 5 } } } }),
      at: "gateway.fleet.autoscale.maximun",
      rule: /maximum/,
    },
    {
      what: "spot capacity, which is not offered",
      raw: json({ gateway: { fleet: { priority: "Spot" } } }),
      at: "gateway.fleet.priority",
      rule: /not known/,
    },
    { what: "a key of nobody's", raw: json({ xyzzy: 1 }), at: "xyzzy", rule: /known are/ },
    { what: "a word for true", raw: { demo: "yes" }, at: "demo", rule: /boolean/ },
    {
      what: "a zone without quotes",
      raw: json({ gateway: { frontendZones: [1] } }),
      at: "gateway.frontendZones",
      rule: /quotes/,
    },
    { what: "a list for a map", raw: json({ gateway: [] }), at: "gateway", rule: /map/ },
    {
      what: "a prototype's name",
      raw: json({ gateway: { constructor: {} } }),
      at: "gateway.constructor",
      rule: /known/,
    },
    {
      what: "the group, which the program makes",
      raw: json({ gateway: { resourceGroupName: "rg" } }),
      at: "gateway.resourceGroupName",
      rule: /known/,
    },
  ]) {
    test(`refuse ${what}`, () => {
      const problems = problemsOf(raw);
      assert.deepEqual(
        problems.map((p) => p.propertyPath),
        [at],
      );
      assert.match(problems[0]?.reason ?? "", rule);
    });
  }

  test("say all problems at once", () => {
    assert.equal(
      problemsOf(json({ demo: 1, gateway: { probe: { port: "80" }, nope: 1 } })).length,
      3,
    );
  });

  for (const stack of ["dev", "prod"]) {
    test(`of stack ${stack} are well formed`, () => {
      const file = readFileSync(path.join(root, `Pulumi.${stack}.yaml`), "utf8");
      const { config } = parse(file) as { config: Record<string, unknown> };
      const own = Object.entries(config).filter(([key]) => key.startsWith("azure-gwlb:"));
      assert.ok(own.length > 0);
      const raw = own.map(([key, value]) => [
        key.slice("azure-gwlb:".length),
        typeof value === "string" ? value : JSON.stringify(value),
      ]);
      assert.deepEqual(problemsOf(Object.fromEntries(raw)), []);
    });
  }
});
