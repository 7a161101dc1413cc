import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  covers,
  decodeRanges,
  encodeRanges,
  includes,
  mergeRanges,
  networksOf,
  rangesOf,
} from "../../../components/policy/ranges";

const range = (max: bigint) =>
  fc
    .tuple(fc.bigInt(0n, max), fc.bigInt(0n, max))
    .map(([a, b]) => (a <= b ? { first: a, last: b } : { first: b, last: a }));
const few = fc.array(range(40n), { maxLength: 6 });
const lists = fc.oneof(
  fc.array(range((1n << 32n) - 1n), { maxLength: 8 }),
  fc.array(range((1n << 128n) - 1n), { maxLength: 8 }),
);
const members = (ranges: { first: bigint; last: bigint }[]) =>
  Array.from({ length: 42 }, (_, n) => ranges.some((r) => r.first <= n && n <= r.last));

describe("ranges", () => {
  test("merging keeps every member, and leaves gaps between ranges", () => {
    fc.assert(
      fc.property(few, (list) => {
        const merged = mergeRanges(list);
        assert.deepEqual(members(merged), members(list));
        merged.slice(1).forEach((r, i) => {
          assert.ok(r.first > (merged[i]?.last ?? 0n) + 1n);
        });
      }),
    );
  });

  test("covers and includes agree with the members", () => {
    fc.assert(
      fc.property(few, few, fc.bigInt(0n, 41n), (a, b, n) => {
        const [outer, inner] = [mergeRanges(a), mergeRanges(b)];
        const [inA, inB] = [members(a), members(b)];
        assert.equal(
          covers(outer, inner),
          inB.every((is, i) => !is || inA[i] === true),
        );
        assert.equal(includes(outer, n), inA[Number(n)]);
      }),
    );
  });

  test("the text form comes back as it was", () => {
    fc.assert(
      fc.property(lists, (list) => {
        const merged = mergeRanges(list);
        assert.deepEqual(decodeRanges(encodeRanges(merged)), merged);
      }),
    );
  });

  test("networks spell the same addresses, and are as few as can be for one network", () => {
    fc.assert(
      fc.property(fc.array(range((1n << 32n) - 1n), { maxLength: 4 }), (list) => {
        const merged = mergeRanges(list);
        assert.deepEqual(rangesOf(networksOf(merged, 4), 4), merged);
      }),
    );
    for (const text of ["0.0.0.0/0", "8.8.8.8/32", "10.0.0.0/8"]) {
      assert.deepEqual(networksOf(rangesOf([text], 4), 4), [text]);
    }
    assert.deepEqual(networksOf(rangesOf(["::/0"], 6), 6), ["::/0"]);
  });
});
