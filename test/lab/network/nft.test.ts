import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { identifier, type NftTable, nftRemoval, nftText } from "../../../lab/network/nft";

const table = (more: Partial<NftTable> = {}): NftTable => ({
  family: "ip",
  name: "t",
  counters: ["lost"],
  sets: [
    { name: "hosts", type: "ipv4_addr", elements: ["10.0.0.1"] },
    { name: "marks", type: "ipv4_addr : mark", elements: ["10.0.0.1 : 1"] },
  ],
  chains: [{ name: "c", hook: "type filter hook input priority 0;", rules: ["drop"] }],
  ...more,
});

describe("nftText", () => {
  test("keeps counters that stay, deletes what the new table does not have", () => {
    const previous = table({ counters: ["lost", "old"] });
    const deletions = nftText(table(), previous)
      .split("\n")
      .filter((line) => line.startsWith("delete"));
    assert.deepEqual(deletions, [
      "delete chain ip t c",
      "delete set ip t hosts",
      "delete map ip t marks",
      "delete counter ip t old",
    ]);
  });

  test("a table that is not known is replaced as a whole, if it is there", () => {
    assert.deepEqual(nftText(table()).split("\n").slice(0, 2), [
      "add table ip t",
      "delete table ip t",
    ]);
  });

  test("declares every chain before the first rule, so that rules may jump ahead", () => {
    const chains = [
      { name: "first", rules: ["jump second"] },
      { name: "second", rules: ["accept"] },
    ];
    const text = nftText(table({ chains }));
    assert.ok(text.indexOf("chain second") < text.indexOf("jump second"));
  });

  test("an empty set has no elements line", () => {
    const text = nftText(table({ sets: [{ name: "none", type: "ipv4_addr", elements: [] }] }));
    assert.doesNotMatch(text, /elements/);
  });
});

test("nftRemoval names family and table", () => {
  assert.equal(nftRemoval(table()), "delete table ip t\n");
});

describe("identifier", () => {
  for (const [text, want] of [
    ["web-nsg", "web_nsg"],
    ["1st", "x1st"],
    ["a.b c", "a_b_c"],
  ] as const) {
    test(text, () => assert.equal(identifier(text), want));
  }
});
