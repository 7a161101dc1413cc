import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  byRound,
  figureTable,
  median,
  percentileTable,
  ratio,
} from "../../../bench/harness/figures";

const titles = { base: "base: plain", ours: "ours", none: "without figures" };
const samples = {
  base: { cost: [10, 20, 40], times: [[3, 1, 2], [5]] },
  ours: { cost: [20, 30, 40] },
};

test("the median of an even number of values lies between the middle ones", () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.throws(() => median([]), /no samples/);
});

test("a round of many samples stands for its median", () => {
  assert.deepEqual(byRound(samples, "base", "times"), [2, 5]);
});

describe("ratios", () => {
  test("are of the same round, and then summed up", () => {
    assert.deepEqual(ratio(samples, "cost", "ours", "base"), { median: 1.5, low: 1, high: 2 });
  });
  test("are of converted values", () => {
    const inverse = (value: number) => 1 / value;
    assert.equal(ratio(samples, "cost", "ours", "base", inverse)?.low, 0.5);
  });
  test("are missing where one side is", () => {
    assert.equal(ratio(samples, "times", "ours", "base"), undefined);
  });
});

test("tables leave out rows without figures, and are empty without rows", () => {
  const columns = [{ head: "cost", figure: "cost", against: "base", spread: true }];
  assert.equal(
    figureTable({ titles, samples }, columns),
    [
      "|  | cost | of base |",
      "| --- | ---: | ---: |",
      "| base: plain | 20 (10 to 40) | 1.00 |",
      "| ours | 30 (20 to 40) | 1.50 |",
    ].join("\n"),
  );
  assert.equal(figureTable({ titles, samples }, [{ head: "x", figure: "x" }]), "");
});

test("percentiles are over the samples of all rounds", () => {
  const text = percentileTable({ titles, samples }, "times", "", (value) => value * 10, 0);
  assert.equal(text.split("\n").at(-1), "| base: plain | 4 | 20 | 50 | 50 | 50 |");
});
