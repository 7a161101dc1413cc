import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { azureNativeSchema, randomSchema } from "../../../../lab/arm/providers/packageSchema";
import { resourceTypes } from "../../../../lab/arm/types";

interface Spec {
  resources: Record<
    string,
    {
      inputProperties: Record<string, unknown>;
      requiredInputs: string[];
      properties: Record<string, { secret?: boolean }>;
    }
  >;
  types: Record<string, { properties: Record<string, unknown> }>;
  functions: Record<string, unknown>;
}

describe("package schemas", () => {
  const azure = JSON.parse(azureNativeSchema("1.2.3")) as Spec;

  test("azure-native's has every known type and its Get function", () => {
    for (const { token, getter, path } of resourceTypes) {
      const spec = azure.resources[token];
      assert.ok(spec !== undefined && azure.functions[getter] !== undefined, token);
      for (const name of path) assert.ok(name in spec.inputProperties, `${token} ${name}`);
    }
  });

  test("what the service sets is no input, what it never shows is no output", () => {
    const vm = azure.resources["azure-native:compute:VirtualMachine"];
    assert.deepEqual(vm?.requiredInputs, ["resourceGroupName"]);
    assert.deepEqual(
      ["userData" in (vm?.inputProperties ?? {}), "userData" in (vm?.properties ?? {})],
      [true, false],
    );
    assert.deepEqual(
      ["vmId" in (vm?.inputProperties ?? {}), "vmId" in (vm?.properties ?? {})],
      [false, true],
    );
  });

  test("every reference is to a type that is there", () => {
    const refs = [...JSON.stringify(azure).matchAll(/"#\/types\/([^"]+)"/g)].map(
      ([, name]) => name ?? "",
    );
    assert.ok(refs.length > 50);
    for (const name of refs) assert.ok(azure.types[name] !== undefined, name);
  });

  test("random's says which outputs are secret", () => {
    const random = JSON.parse(randomSchema("1.2.3")) as Spec;
    const bytes = random.resources["random:index/randomBytes:RandomBytes"];
    assert.equal(bytes?.properties.hex?.secret, true);
    assert.deepEqual(bytes?.requiredInputs, ["length"]);
  });
});
