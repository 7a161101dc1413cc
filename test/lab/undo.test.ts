import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Undo, withUndo } from "../../lab/undo";

describe("Undo", () => {
  test("goes backwards, goes on after an error, and names what failed", async () => {
    const done: string[] = [];
    const undo = new Undo();
    undo.add("first", async () => void done.push("first"));
    undo.add("second", () => Promise.reject(new Error("stuck")));
    undo.add("third", async () => void done.push("third"));
    await assert.rejects(undo.run(), /undo second/);
    assert.deepEqual(done, ["third", "first"]);
    await undo.run();
    assert.deepEqual(done, ["third", "first"]);
  });
});

describe("withUndo", () => {
  test("undoes after an error and hands the error on", async () => {
    const done: string[] = [];
    const work = withUndo(async (undo) => {
      undo.add("it", async () => void done.push("it"));
      throw new Error("half-way");
    });
    await assert.rejects(work, /half-way/);
    assert.deepEqual(done, ["it"]);
  });
  test("hands the result on", async () => {
    assert.equal(await withUndo(async () => 7), 7);
  });
});
