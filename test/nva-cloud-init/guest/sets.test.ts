import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { guestPython } from "../../support/guestPython";

/** First address, last address, bits; as decimal text, since IPv6 addresses are no JSON numbers. */
type Class = [bigint, bigint, number];
type Blocks = Record<string, [string, number][]> | null;

/** Disjoint ranges from gaps and sizes, one after another. */
function ranges(steps: { gap: bigint; size: bigint; mask: number }[], bits: number): Class[] {
  const found: Class[] = [];
  let next = 0n;
  for (const { gap, size, mask } of steps) {
    const first = next + gap;
    const last = first + size - 1n;
    if (last >= 1n << BigInt(bits)) break;
    found.push([first, last, mask]);
    next = last + 1n;
  }
  return found;
}

async function blocksOf(members: Class[], bits: number): Promise<Blocks> {
  const text = members.map(([first, last, mask]) => `(${first}, ${last}, ${mask})`).join(", ");
  return (await guestPython(`
import json
from gwlb.policy import sets
found = sets.blocks_by_length([${text}], ${bits})
print(json.dumps(found and {k: [[str(a), m] for a, m in v] for k, v in found.items()}))
`)) as Blocks;
}

/** The ranges that blocks make up again, neighbours with the same bits joined. */
function joined(classes: Class[]): Class[] {
  const sorted = [...classes].sort(([a], [b]) => (a < b ? -1 : 1));
  const found: Class[] = [];
  for (const [first, last, mask] of sorted) {
    const before = found.at(-1);
    if (before?.[1] === first - 1n && before[2] === mask) before[1] = last;
    else found.push([first, last, mask]);
  }
  return found;
}

const blocksAsClasses = (blocks: NonNullable<Blocks>, bits: number): Class[] =>
  Object.entries(blocks).flatMap(([length, list]) =>
    list.map(([first, mask]): Class => {
      const size = 1n << BigInt(bits - Number(length));
      assert.equal(BigInt(first) % size, 0n, `${first}/${length} is a block`);
      return [BigInt(first), BigInt(first) + size - 1n, mask];
    }),
  );

/** So many networks of one length, each apart from the next. */
const apart = (count: number, length: number, bits: number): Class[] => {
  const size = 1n << BigInt(bits - length);
  return Array.from({ length: count }, (_, n) => {
    const first = BigInt(3 * n + 1) * size;
    return [first, first + size - 1n, 1];
  });
};

describe("address sets of the guest", () => {
  for (const bits of [32, 128]) {
    test(`blocks of ${bits}-bit addresses hold what the ranges hold`, async () => {
      const step = fc.record({
        gap: fc.bigInt(0n, 9n).map((blocks) => blocks * 256n),
        size: fc.bigInt(1n, 3n).map((blocks) => blocks * 256n),
        mask: fc.integer({ min: 1, max: 2 }),
      });
      // Whole blocks, or blocks with an odd end here and there.
      const odd = fc.record({
        gap: fc.constant(0n),
        size: fc.bigInt(1n, 300n),
        mask: fc.constant(3),
      });
      const list = (odds: number) =>
        fc.array(fc.oneof({ weight: 200, arbitrary: step }, { weight: odds, arbitrary: odd }), {
          ...{ minLength: 1, maxLength: 400, size: "max" },
        });
      const cases = fc.sample(fc.oneof(list(0), list(1)), 25);
      let asBlocks = 0;
      for (const steps of cases) {
        const members = ranges(steps, bits);
        const blocks = await blocksOf(members, bits);
        if (blocks === null) continue;
        asBlocks += 1;
        assert.deepEqual(joined(blocksAsClasses(blocks, bits)), joined(members));
      }
      const blocks = await blocksOf([[0n, (1n << BigInt(bits)) - 1n, 1]], bits);
      assert.equal(blocks, null, "one range is one look-up already");
      assert.ok(asBlocks > 0, "no list was looked up by length");
    });
  }

  test("a list of one length needs one look-up, and so do a few neighbours", async () => {
    const networks = apart(1000, 24, 32);
    const [first = [0n, 0n, 0] as Class] = networks;
    // 0.0.0.0/24 beside 0.0.1.0/24: a /23.
    const neighbours: Class[] = [[0n, first[1], 1], ...networks.slice(1)];
    for (const members of [networks, neighbours]) {
      assert.deepEqual(Object.keys((await blocksOf(members, 32)) ?? {}), ["24"]);
    }
  });

  test("many lengths are looked up as ranges", async () => {
    const members = Array.from({ length: 16 }, (_, n): Class => {
      const first = BigInt(2 * n + 1) << 16n;
      return [first, first + (1n << BigInt(n)) - 1n, 1];
    });
    assert.equal(await blocksOf(members, 32), null);
  });
});
