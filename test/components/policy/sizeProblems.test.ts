import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Findings } from "../../../components/check/findings";
import type { CompiledPolicy, CompiledSet } from "../../../components/policy/compile";
import { encodeRanges } from "../../../components/policy/ranges";
import { checkSize } from "../../../components/policy/sizeProblems";

const set = (bit: number, addresses: readonly number[]): CompiledSet => ({
  ...{ family: 4, side: "source", bit },
  ranges: encodeRanges(addresses.map((n) => ({ first: BigInt(n), last: BigInt(n) }))),
});
/** Every second number below twice the count: no two of them touch. */
const apart = (count: number) => Array.from({ length: count }, (_, n) => 2 * n);

/** Each address below 2^11 is in the sets of its own bits: so many combinations. */
const overlapping = (count: number) =>
  Array.from({ length: 11 }, (_, bit) => {
    const all = Array.from({ length: count + 1 }, (_x, n) => n);
    return set(
      bit,
      all.filter((n) => (n >> bit) & 1),
    );
  });

const problems = (changes: Partial<CompiledPolicy>) => {
  const findings = new Findings();
  const plain = { stateful: true, endForbiddenFlows: true, filter4: "", filter6: "", sets: [] };
  checkSize({ ...plain, ...changes }, "policy", findings);
  return findings.problems.map(({ propertyPath, reason }) => `${propertyPath}: ${reason}`);
};

/** A size, policies with the most of it and with more, and how the second is refused. */
const cases: [string, Partial<CompiledPolicy>, Partial<CompiledPolicy>, RegExp][] = [
  [
    "ranges, over all sets",
    { sets: [set(0, apart(65_000)), set(1, apart(536))] },
    { sets: [set(0, apart(65_000)), set(1, apart(537))] },
    /^policy\.addressSets: .*at most 65536 ranges.*"65537 ranges"/,
  ],
  [
    "combinations of sets",
    { sets: overlapping(1024) },
    { sets: overlapping(1025) },
    /^policy\.addressSets: .*at most 1024 ways.*"1025 combinations"/,
  ],
  [
    "lines of one family",
    { filter4: "\n".repeat(16_384), filter6: "\n".repeat(16_384) },
    { filter6: "\n".repeat(16_385) },
    /^policy\.rules: .*at most 16384 lines.*"16385 lines"/,
  ],
  [
    "bytes before compression",
    { filter4: "x".repeat(2_097_000) },
    { filter4: "x".repeat(2_097_152) },
    /^policy\.rules: .*at most 2097152 bytes, got/,
  ],
];

describe("a policy's size", () => {
  for (const [what, most, more, says] of cases) {
    test(`is bounded by its ${what}, as on the NVA`, () => {
      assert.deepEqual(problems(most), []);
      const [problem, ...rest] = problems(more);
      assert.match(problem ?? "", says);
      assert.deepEqual(rest, []);
    });
  }
});
