import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Candidate, chooseScaleIn } from "../../../../lab/compute/scaleSets/scaleIn";

const made = (id: string, zone: string, age: number, more: Partial<Candidate> = {}): Candidate => ({
  ...{ id, zone, age: String(age).padStart(4, "0"), healthy: true, protected: false },
  ...more,
});
const three = [made("old", "1", 1), made("mid", "1", 2), made("new", "1", 3)];
const policy = { rule: "Default", unhealthyFirst: false } as const;

describe("scale-in", () => {
  for (const [rule, first] of [
    ["Default", "new"],
    ["NewestVM", "new"],
    ["OldestVM", "old"],
  ] as const) {
    test(`${rule} takes the ${first}`, () => {
      assert.deepEqual(chooseScaleIn(three, 1, { ...policy, rule }), [first]);
    });
  }

  test("balances zones before age counts", () => {
    const spread = [made("a", "1", 9), made("b", "2", 1), made("c", "2", 2)];
    assert.deepEqual(chooseScaleIn(spread, 1, policy), ["c"]);
  });

  test("takes the unhealthy first where the policy says so", () => {
    const sick = [made("a", "1", 1, { healthy: false }), made("b", "2", 2), made("c", "2", 3)];
    assert.deepEqual(chooseScaleIn(sick, 1, { ...policy, unhealthyFirst: true }), ["a"]);
  });

  test("never takes a protected one, and names fewer then", () => {
    const some = [made("a", "1", 1), made("b", "1", 2, { protected: true })];
    assert.deepEqual(chooseScaleIn(some, 2, policy), ["a"]);
  });

  test("leaves zones that differ by one at most, if they did before", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), fc.nat(), (count, take) => {
        const all = Array.from({ length: count }, (_, i) => made(`i${i}`, String(i % 3), i));
        const gone = new Set(chooseScaleIn(all, take % (count + 1), policy));
        const left = ["0", "1", "2"].map(
          (z) => all.filter((i) => i.zone === z && !gone.has(i.id)).length,
        );
        assert.ok(Math.max(...left) - Math.min(...left) <= 1, left.join());
      }),
    );
  });
});
