import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { canonicalCodes, codeLengths, packLengths } from "../../nva-cloud-init/huffman";

const counts = fc.array(fc.nat(1000), { minLength: 2, maxLength: 60 });

/** What the lengths use of the room for codes: 1 is all of it, more cannot be decoded. */
const used = (lengths: readonly number[]) =>
  lengths.reduce((sum, length) => sum + (length > 0 ? 2 ** -length : 0), 0);

describe("codeLengths", () => {
  test("gives each symbol that occurs a code, and wastes no room", () => {
    fc.assert(
      fc.property(counts, (list) => {
        const lengths = codeLengths(list, 15);
        assert.equal(used(lengths), 1);
        assert.ok(list.every((count, symbol) => count === 0 || (lengths[symbol] ?? 0) > 0));
      }),
    );
  });

  test("keeps to the longest code allowed, also for counts that grow like Fibonacci's", () => {
    const list = [1, 1];
    while (list.length < 30) list.push((list.at(-1) ?? 0) + (list.at(-2) ?? 0));
    for (const longest of [7, 15]) {
      const lengths = codeLengths(list, longest);
      assert.ok(Math.max(...lengths) <= longest);
      assert.equal(used(lengths), 1);
    }
  });

  test("gives two codes where nothing occurs", () => {
    assert.deepEqual(codeLengths([0, 0, 0], 15), [1, 1, 0]);
  });
});

test("no code begins with another one", () => {
  fc.assert(
    fc.property(counts, (list) => {
      const texts = canonicalCodes(codeLengths(list, 15))
        .filter(({ length }) => length > 0)
        .map(({ bits, length }) => [...bits.toString(2).padStart(length, "0")].reverse().join(""))
        .sort();
      const clash = texts.find((text, at) => texts[at + 1]?.startsWith(text));
      assert.equal(clash, undefined);
    }),
  );
});

test("packed lengths unpack to what they were", () => {
  const lengths = fc.array(fc.tuple(fc.nat(15), fc.integer({ min: 1, max: 200 })), {
    maxLength: 9,
  });
  fc.assert(
    fc.property(lengths, (runs) => {
      const list = runs.flatMap(([length, count]) => new Array<number>(count).fill(length));
      const unpacked: number[] = [];
      for (const { symbol, extra, extraBits } of packLengths(list)) {
        assert.ok(extra < 2 ** extraBits || extraBits === 0);
        if (symbol < 16) unpacked.push(symbol);
        else if (symbol === 16) unpacked.push(...new Array(3 + extra).fill(unpacked.at(-1)));
        else unpacked.push(...new Array((symbol === 17 ? 3 : 11) + extra).fill(0));
      }
      assert.deepEqual(unpacked, list);
    }),
  );
});
