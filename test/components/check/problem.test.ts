import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import {
  at,
  optional,
  plainProblems,
  shown,
  tagProblems,
  under,
  wholeReason,
} from "../../../components/check/problem";

describe("checks", () => {
  test("paths grow from the inside out", () => {
    const problems = [
      ...at("port", "bad"),
      ...at("[1].name", "bad"),
      ...at("", "bad"),
      ...at("x", undefined),
    ];
    assert.deepEqual(
      under("probe", problems).map((p) => p.propertyPath),
      ["probe.port", "probe[1].name", "probe"],
    );
  });

  test("what is left out has no problem, in other languages too", () => {
    const never = () => "bad";
    assert.equal(optional(undefined, never), undefined);
    assert.equal(optional(null as unknown as undefined, never), undefined);
    assert.equal(optional(0, never), "bad");
  });

  test("whole numbers: both ends belong", () => {
    for (const [n, good] of [
      [4, true],
      [30, true],
      [3, false],
      [31, false],
      [4.5, false],
    ] as const) {
      assert.equal(wholeReason(n, 4, 30) === undefined, good, String(n));
    }
    assert.notEqual(wholeReason("4" as unknown as number, 4, 30), undefined);
  });

  test("values are shown short, and Outputs are named as such", () => {
    assert.equal(shown("a\nb"), '"a\\nb"');
    assert.ok(shown("x".repeat(1000)).length <= 80);
    assert.match(shown(pulumi.output(1)), /Output/);
  });

  test("Outputs are found where plain values must be", () => {
    const args = {
      name: "a",
      count: pulumi.output(1),
      later: Promise.resolve(1),
      id: pulumi.output(""),
    };
    const found = plainProblems(args, ["id"]).map((p) => p.propertyPath);
    assert.deepEqual(found, ["count", "later"]);
  });

  test("tags: number, names, lengths", () => {
    assert.deepEqual(tagProblems({ owner: "net" }), []);
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`t${i}`, ""]));
    assert.equal(tagProblems(many).length, 1);
    for (const bad of [
      { "a/b": "" },
      { "": "" },
      { ["n".repeat(513)]: "" },
      { a: "v".repeat(257) },
    ]) {
      assert.equal(tagProblems(bad).length, 1, JSON.stringify(bad).slice(0, 40));
    }
  });
});
