import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isAtLeast } from "../../../lab/engine/version";

describe("versions", () => {
  const cases: [string, string, boolean][] = [
    ["v3.259.0", "3.248.0", true],
    ["v3.248.0", "3.248.0", true],
    ["v3.247.9", "3.248.0", false],
    ["v4.0.0", "3.248.0", true],
    ["v3.259.0-alpha.1+abc", "3.248.0", true],
    ["1.24", "1.24", true],
    ["1.24rc1", "1.24", true],
    ["1.9.7", "1.24", false],
    ["1.100", "1.24", true],
    ["2", "1.24", true],
    ["", "1.24", false],
    ["devel", "1.24", false],
  ];
  for (const [version, least, expected] of cases) {
    test(`"${version}" is ${expected ? "" : "not "}at least ${least}`, () =>
      assert.equal(isAtLeast(version, least), expected));
  }
});
