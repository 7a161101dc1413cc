import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  capacityFor,
  type Sample,
  type ScaleProfile,
  type ScaleRule,
} from "../../../../lab/compute/scaleSets/autoscale";

const rule: ScaleRule = {
  metric: "Percentage CPU",
  statistic: "Average",
  aggregation: "Average",
  operator: "GreaterThan",
  threshold: 70,
  windowMs: 300,
  perInstance: false,
  grow: true,
  change: "ChangeCount",
  value: 1,
  cooldownMs: 300,
};
const fall: ScaleRule = { ...rule, operator: "LessThan", threshold: 25, grow: false };
const profile: ScaleProfile = { minimum: 2, maximum: 10, usual: 3, rules: [rule, fall] };
const NOW = 1000;

/** The load of each instance, over the last window. */
const steady = (...loads: number[]): Sample[] =>
  [750, 850, 950].map((at) => ({ at, values: { "Percentage CPU": loads } }));
const capacity = (samples: Sample[], count: number, more: object = {}) =>
  capacityFor({ profile, samples, count, lastChange: undefined, now: NOW, ...more });

describe("autoscale", () => {
  for (const [what, loads, count, want] of [
    ["adds one above the threshold", [90, 80, 70], 3, 4],
    ["leaves the number alone between the thresholds", [50, 50, 50], 3, 3],
    ["removes one below the threshold", [10, 10, 10], 3, 2],
    ["goes to its default when nothing is measured", [], 2, 3],
    ["keeps more than its default when nothing is measured", [], 5, 5],
    ["keeps to the maximum", Array(10).fill(99), 10, 10],
    ["keeps to the minimum", [1, 1], 2, 2],
    ["comes back into its bounds by itself", [50], 1, 2],
  ] as const) {
    test(what, () => assert.equal(capacity(steady(...loads), count), want));
  }

  test("takes the average of instances, then of the window", () => {
    assert.equal(capacity(steady(100, 30, 30), 3), 3);
    const maximum = { ...profile, rules: [{ ...rule, statistic: "Max" }] };
    assert.equal(capacity(steady(100, 30, 30), 3, { profile: maximum }), 4);
  });

  test("waits for half of its window", () => {
    const late = [{ at: 950, values: { "Percentage CPU": [99] } }];
    assert.equal(capacity(late, 3), 3);
  });

  test("waits for the end of the cooldown", () => {
    assert.equal(capacity(steady(90, 90, 90), 3, { lastChange: 900 }), 3);
    assert.equal(capacity(steady(90, 90, 90), 3, { lastChange: 700 }), 4);
  });

  test("removes nothing if the rest would at once ask for it again", () => {
    const tight = { ...profile, minimum: 1, rules: [rule, { ...fall, threshold: 40 }] };
    assert.equal(capacity(steady(38, 38), 2, { profile: tight }), 2);
    assert.equal(capacity(steady(30, 30), 2, { profile: tight }), 1);
  });

  test("removes only if all rules for it agree", () => {
    const network = { ...fall, metric: "Network In Total", threshold: 1000 };
    const both = { ...profile, rules: [rule, fall, network] };
    const busy = steady(10, 10, 10).map((sample) => ({
      ...sample,
      values: { ...sample.values, "Network In Total": [5000, 5000, 5000] },
    }));
    assert.equal(capacity(busy, 3, { profile: both }), 3);
  });

  test("never leaves its bounds", () => {
    const loads = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 12 });
    const changes = fc.constantFrom("ChangeCount", "PercentChangeCount", "ExactCount");
    fc.assert(
      fc.property(
        loads,
        fc.integer({ min: 0, max: 12 }),
        changes,
        fc.integer({ min: 1, max: 50 }),
        (all, count, change, value) => {
          const rules = [rule, fall].map((one) => ({ ...one, change, value }));
          const got = capacity(steady(...all), count, { profile: { ...profile, rules } });
          assert.ok(got >= 2 && got <= 10, String(got));
        },
      ),
    );
  });
});
