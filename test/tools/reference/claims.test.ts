import assert from "node:assert/strict";
import { test } from "node:test";
import { claimsOf } from "../../../tools/reference/claims";

test("a claim is a test's title after those of its groups, with ellipses for what differs", () => {
  const source = `
    describe("three NVAs", { timeout: 1 }, () => {
      test("share the flows", async () => { await t.test("inner"); });
      for (const name of names) {
        test(\`\${name} dies: \${count} flows go on\`, () => undefined);
        test(name, run);
      }
      describe("of two zones", () => test("are balanced", run));
    });
    test("alone", run);
    test("alone", run);
  `;
  assert.deepEqual(claimsOf("a.test.ts", source).titles, [
    "three NVAs: share the flows",
    "three NVAs: … dies: … flows go on",
    "three NVAs: …",
    "three NVAs: of two zones: are balanced",
    "alone",
  ]);
});
