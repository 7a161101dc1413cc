/** What the components look like from another language. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { componentsOf, inferSchema, schemaText } from "../../tools/reference/infer";
import { surfaceProblems } from "../../tools/reference/problems";
import { surfaceOf } from "../../tools/reference/surface";
import { packed } from "../support/packed";
import { read, root } from "../support/sources";

const { schema, problems } = inferSchema(root, componentsOf(root));
const surface = surfaceOf(schema);
const outputs = surface.filter(({ kind }) => kind === "output");

describe("the component package", () => {
  test("has the three components", () => {
    assert.deepEqual(
      surface.flatMap(({ kind, path }) => (kind === "component" ? path : [])),
      ["GatewayProvider", "IlpipConsumer", "PublicLoadBalancerConsumer"],
    );
  });

  test("is documented, typed and free of inner fields", () => {
    assert.deepEqual([...problems, ...surfaceProblems(surface)], []);
  });

  test("gives out texts and lists of texts only", () => {
    assert.ok(outputs.length > 0);
    assert.deepEqual(
      outputs.filter(({ type }) => type !== "string" && type !== "string[]"),
      [],
    );
  });

  test("has the version of the library, and its schema is the one that is kept", () => {
    assert.equal(schema.version, (JSON.parse(read("package.json")) as { version: string }).version);
    assert.equal(schemaText(schema), read("schema.json"), "run `npm run docs`");
  });

  test("has the same schema in the sources that are shipped", async () => {
    const { dir } = await packed();
    assert.equal(schemaText(inferSchema(dir, componentsOf(root)).schema), read("schema.json"));
  });

  test("what must be known early is plain, what may come late is not", () => {
    const late = surface.filter(
      ({ path, plain }) => path.startsWith("GatewayProvider.inputs.") && !plain,
    );
    assert.deepEqual(late.map(({ path }) => path.split(".").at(-1)).sort(), [
      ...["gatewaySubnetId", "location", "nvaSubnetId", "resourceGroupName"],
    ]);
  });
});
