import assert from "node:assert/strict";
import { test } from "node:test";
import { breaches, limits } from "../../bench/guard";
import { PUBLISHED, readResults } from "../../bench/harness/report";
import type { Samples } from "../../bench/harness/rounds";

const [ours, reference] = ["oursLarge", "reference"];
const published: Samples = readResults(PUBLISHED, "data-path")?.samples ?? {};

test("the published figures are within the limits", () => {
  assert.deepEqual(breaches(published, ours, reference), []);
});

test("each limit catches a doubling of the published figures", () => {
  const doubled = Object.entries(published[ours] ?? {}).map(([figure, rounds]) => [
    figure,
    rounds.map((round) => (typeof round === "number" ? 2 * round : round.map((one) => 2 * one))),
  ]);
  const samples = { ...published, [ours]: Object.fromEntries(doubled) };
  assert.equal(breaches(samples, ours, reference).length, limits.length);
});

test("what was not measured is no pass", () => {
  assert.equal(breaches({}, ours, reference).length, limits.length);
});
