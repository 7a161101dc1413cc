import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bundlePolicy } from "../../../components/policy/bundle";
import { policyHash, policyProgress } from "../../../lab/proof/policyInForce";

const { userData, hash } = bundlePolicy({ rules: [], defaultInbound: "drop" });

describe("the policy in a userData", () => {
  test("is known by the hash that its header has", () => {
    assert.equal(policyHash(userData), hash);
  });
  for (const other of [
    "",
    "IyEvYmluL3No",
    Buffer.from("azure-gwlb-policy/1\n").toString("base64"),
  ]) {
    test(`is none in ${JSON.stringify(other)}`, () => assert.equal(policyHash(other), undefined));
  }
});

describe("how far an NVA is with a policy", () => {
  for (const [what, said, progress] of [
    ["nothing said yet", "", "waiting"],
    ["half a file", '{"hash": "', "waiting"],
    ["another in force", JSON.stringify({ hash: "0".repeat(64), refused: null }), "waiting"],
    [
      "another one refused before",
      JSON.stringify({ hash: "0".repeat(64), refused: { hash: "1".repeat(64), reason: "old" } }),
      "waiting",
    ],
    ["in force", JSON.stringify({ hash, refused: null }), "in force"],
    [
      "refused by name",
      JSON.stringify({ hash: "0".repeat(64), refused: { hash, reason: "too large" } }),
      { refused: "too large" },
    ],
  ] as const) {
    test(what, () => assert.deepEqual(policyProgress(hash, said), progress));
  }
});
