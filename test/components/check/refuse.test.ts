import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { gated, refuse } from "../../../components/check/refuse";
import { resolved } from "../../support/mocks";

const problems = [
  { propertyPath: "internal.vni", reason: "must be 800 to 1000, got 1" },
  { propertyPath: "name", reason: "is too long" },
];

/** What is thrown, in the form that the engine takes from another language. */
function thrown(act: () => void): pulumi.InputPropertiesError {
  try {
    act();
  } catch (error) {
    assert.ok(pulumi.InputPropertiesError.isInstance(error));
    return error;
  }
  return assert.fail("nothing was thrown");
}

describe("refuse", () => {
  test("does nothing without problems", () => refuse('Thing "a"', []));

  test("gives the engine all problems, with a message that does not repeat them", () => {
    const error = thrown(() => refuse('Thing "a"', problems));
    assert.deepEqual(error.errors, problems);
    assert.match(error.message, /Thing "a".*2/);
    assert.ok(!error.message.includes("vni"));
  });

  test("shows a TypeScript user the list instead of a stack", () => {
    const text = inspect(
      thrown(() => refuse('Thing "a"', problems)),
      { colors: true },
    );
    assert.equal(text.split("\n").length, 3);
    assert.match(text, /internal\.vni: must be 800 to 1000, got 1/);
    assert.ok(!text.includes("refuse.ts"));
  });
});

describe("gated", () => {
  const even = (n: number) => (n % 2 === 0 ? undefined : `must be even, got ${n}`);

  test("says at once what is wrong with a plain value", () => {
    const { value, problems: found } = gated("Thing", "count", 3, even);
    assert.equal(value, 3);
    assert.deepEqual(found, [{ propertyPath: "count", reason: "must be even, got 3" }]);
  });

  test("lets a good Output through", async () => {
    const { value, problems: found } = gated("Thing", "count", pulumi.output(4), even);
    assert.deepEqual(found, []);
    assert.equal(await resolved(pulumi.output(value)), 4);
  });

  test("fails whoever waits for a bad Output", async () => {
    const { value } = gated("Thing", "count", pulumi.output(5), even);
    await assert.rejects(resolved(value as pulumi.Output<number>), (error) => {
      return pulumi.InputPropertiesError.isInstance(error) && error.errors.length === 1;
    });
  });

  test("keeps a secret a secret", async () => {
    const { value } = gated("Thing", "count", pulumi.secret(4), even);
    assert.ok(await pulumi.isSecret(pulumi.output(value)));
  });
});
