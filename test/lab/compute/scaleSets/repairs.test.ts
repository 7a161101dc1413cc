import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Health, type InstanceFacts } from "../../../../lab/compute/scaleSets/facts";
import { nextRepairs, type RepairState } from "../../../../lab/compute/scaleSets/repairs";

const fresh: RepairState = { failures: 0, suspended: false };
const base: InstanceFacts = {
  ...{ id: "a", name: "a", zone: "", age: "", latest: true, reason: "no answer", epoch: "1" },
  ...{
    answers: 0,
    probes: 1,
    changedAt: 0,
    leaving: false,
    noticed: false,
    wanted: true,
    repairs: 0,
  },
  protectedFromActions: false,
  health: Health.Unknown,
};
const sick = (id: string, more: Partial<InstanceFacts> = {}) => ({ ...base, id, ...more });
const next = (instances: InstanceFacts[], state = fresh, now = 1000) =>
  nextRepairs({ state, instances, graceMs: 600, now });

describe("automatic repairs", () => {
  for (const [what, more, repaired] of [
    ["take one that is not well, past its grace period", {}, true],
    ["leave one alone that has just changed", { changedAt: 401 }, false],
    ["leave one alone that is starting", { health: Health.Initializing }, false],
    ["leave one alone that its user switched off", { wanted: false }, false],
    ["leave one alone that is on its way out", { leaving: true }, false],
    ["leave one alone that has an event before it", { noticed: true }, false],
    ["leave one alone that is protected", { protectedFromActions: true }, false],
  ] as const) {
    test(what, () => assert.deepEqual(next([sick("a", more)]).repair, repaired ? ["a"] : []));
  }

  test("look again when the grace period of the next one ends", () => {
    assert.equal(next([sick("a", { changedAt: 900 })]).wakeAt, 1500);
  });

  test("take one at a time below twenty instances, and a twentieth above", () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => sick(`i${i}`));
    assert.equal(next(many(19)).repair.length, 1);
    assert.equal(next(many(60)).repair.length, 3);
    assert.deepEqual(next([sick("a", { leaving: true }), sick("b")]).repair, []);
  });

  test("wait for the product of the last one", () => {
    const product = sick("a", { repairs: 1, health: Health.Initializing });
    assert.deepEqual(next([product, sick("b")]).repair, []);
  });

  test("suspend themselves after three that did not help, and begin anew after one that did", () => {
    const product = sick("a", { repairs: 1 });
    const second = next([product], { failures: 1, suspended: false });
    assert.deepEqual([second.repair, second.state.failures], [["a"], 2]);
    const third = next([product], second.state);
    assert.deepEqual([third.repair, third.state.suspended], [[], true]);
    assert.deepEqual(next([sick("b")], third.state).repair, []);
    const helped = next([{ ...product, health: Health.Healthy }], second.state);
    assert.equal(helped.state.failures, 0);
    const cured = next([{ ...product, health: Health.Healthy }], third.state);
    assert.equal(cured.state.suspended, false);
  });
});
