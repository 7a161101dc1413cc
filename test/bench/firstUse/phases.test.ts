import assert from "node:assert/strict";
import { test } from "node:test";
import { phasesOf } from "../../../bench/firstUse/phases";

test("phases are the steps that say how long they took; the rest is one, too", () => {
  const said = "machines and probes: 9.5 s\nnot: a step\n  + resource created: 3\nsending: 2 s\n";
  assert.deepEqual(
    [...phasesOf(said, 20)],
    [
      ["machines and probes", 9.5],
      ["sending", 2],
      ["engine and everything else", 8.5],
    ],
  );
});
