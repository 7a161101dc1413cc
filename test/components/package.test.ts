/** What the components look like from another language, as the SDK reads it from the sources. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { Analyzer, type PropertyDefinition } from "@pulumi/pulumi/provider/experimental/analyzer";
import * as library from "../../components/index";
import { read, root } from "../support/sources";

const names = Object.entries(library)
  .filter(([, value]) => Object(value).prototype instanceof pulumi.ComponentResource)
  .map(([name]) => name);
const analyzer = new Analyzer(root, "azure-gwlb", JSON.parse(read("package.json")), new Set(names));
const { components, typeDefinitions } = analyzer.analyze();

/** Types that are arguments, each with its properties. */
const argumentTypes = [
  ...Object.values(components).map(({ name, inputs }) => ({ name, properties: inputs })),
  ...Object.values(typeDefinitions).map(({ name, properties = {} }) => ({ name, properties })),
];

const typeOf = (property: PropertyDefinition | undefined) =>
  property !== undefined && "type" in property ? property.type : "object";

describe("the component package", () => {
  test("has the three components", () => {
    assert.deepEqual(Object.keys(components).sort(), [
      "GatewayProvider",
      "IlpipConsumer",
      "PublicLoadBalancerConsumer",
    ]);
  });

  for (const { name, outputs } of Object.values(components)) {
    test(`${name} gives out documented texts and lists of texts only`, () => {
      assert.ok(Object.keys(outputs).length > 0);
      for (const [output, property] of Object.entries(outputs)) {
        const type = typeOf(property);
        const inner = type === "array" ? typeOf(property.items) : type;
        assert.equal(inner, "string", output);
        assert.ok(property.description, `${output} is not documented`);
      }
    });
  }

  test("every argument that can be left out says what happens then", () => {
    const silent = argumentTypes.flatMap(({ name, properties }) =>
      Object.entries(properties)
        .filter(([, property]) => property.optional)
        .filter(([, { description = "" }]) => !/\bdefault\b/i.test(description))
        .map(([property]) => `${name}.${property}`),
    );
    assert.deepEqual(silent, []);
  });

  test("every number says its unit or its limits", () => {
    const silent = argumentTypes.flatMap(({ name, properties }) =>
      Object.entries(properties)
        .filter(([, property]) => typeOf(property) === "number")
        .filter(([, { description = "" }]) => !/\d/.test(description))
        .map(([property]) => `${name}.${property}`),
    );
    assert.deepEqual(silent, []);
  });

  test("what must be known early is plain, what may come late is not", () => {
    const { inputs } = components.GatewayProvider ?? assert.fail();
    const late = Object.entries(inputs).filter(([, property]) => !property.plain);
    assert.deepEqual(late.map(([name]) => name).sort(), [
      ...["gatewaySubnetId", "location", "nvaSubnetId", "resourceGroupName"],
    ]);
  });
});
