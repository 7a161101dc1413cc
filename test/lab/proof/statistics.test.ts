import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatDuration, summarize, summaryColumns } from "../../../lab/proof/statistics";

describe("summarize", () => {
  test("is nearest rank over 1 to 1000", () => {
    const samples = Array.from({ length: 1000 }, (_, i) => 1000 - i);
    assert.deepEqual(summarize(samples), {
      ...{ count: 1000, avg: 500.5, min: 1, max: 1000 },
      ...{ p50: 500, p90: 900, p95: 950, p99: 990, p999: 999 },
    });
  });

  test("of nothing is nothing", () => assert.equal(summarize([]), undefined));

  test("rises from min to max, and every percentile was measured", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1 }), (samples) => {
        const summary = summarize(samples);
        assert.ok(summary !== undefined);
        const { min, p50, p90, p95, p99, p999, max } = summary;
        const ranks = [min, p50, p90, p95, p99, p999, max];
        assert.deepEqual(
          [...ranks].sort((a, b) => a - b),
          ranks,
        );
        assert.ok(ranks.every((rank) => samples.includes(rank)));
      }),
    );
  });

  test("has a column for each of ethr's", () => {
    assert.equal(
      summaryColumns.map(([head]) => head).join(" "),
      "avg min p50 p90 p95 p99 p99.9 max",
    );
  });
});

describe("formatDuration", () => {
  for (const [nanoseconds, want] of [
    [966_721, "966.721 µs"],
    [1_469_000, "1.469 ms"],
    [2_000_000_000, "2.000 s"],
    [999, "0.999 µs"],
    [999_999.9, "1.000 ms"],
    [0, "0.000 µs"],
  ] as const) {
    test(want, () => assert.equal(formatDuration(nanoseconds), want));
  }
});
