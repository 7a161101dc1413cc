import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { plain } from "../../policy-pack/adapter";
import { plainType } from "../../policy-pack/rule";
import { UNKNOWN } from "../../policy-pack/values";

/** What the SDK wraps around properties; its types leave it out. */
const { unknownCheckingProxy } = require("@pulumi/policy/proxy") as {
  unknownCheckingProxy: (properties: object) => unknown;
};

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("plain", () => {
  test("copies what the SDK hands out, with a mark for what is not known", () => {
    const given = { a: [{ b: unknown }, 1, "x", null], c: { d: true }, e: undefined, f: unknown };
    const want = { a: [{ b: UNKNOWN }, 1, "x", null], c: { d: true }, e: undefined, f: UNKNOWN };
    assert.deepEqual(plain(unknownCheckingProxy(given)), want);
  });

  test("passes on an error that is none of the SDK's", () => {
    const broken = Object.defineProperty({}, "a", {
      enumerable: true,
      get: () => {
        throw new Error("broken");
      },
    });
    assert.throws(() => plain(broken), /broken/);
  });
});

describe("plainType", () => {
  for (const type of [
    "azure-native:network:LoadBalancer",
    "azure-native:network/v20240501:LoadBalancer",
    "azure-native:network/v20240501preview:LoadBalancer",
    "azure-native_network_v20240501:network:LoadBalancer",
  ]) {
    test(type, () => assert.equal(plainType(type), "azure-native:network:LoadBalancer"));
  }
});

test("the pack has the version of the package", () => {
  const versions = ["../../package.json", "../../policy-pack/package.json"].map((file) => {
    const text = readFileSync(path.join(__dirname, file), "utf8");
    return (JSON.parse(text) as { version: string }).version;
  });
  assert.equal(versions[0], versions[1]);
});
