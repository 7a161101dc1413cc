import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  Health,
  type InstanceFacts,
  isUnwell,
  type RollingPolicy,
} from "../../../../lab/compute/scaleSets/facts";
import { nextRollingStep, type RollingStep } from "../../../../lab/compute/scaleSets/rolling";
import type { RollingState } from "../../../../lab/compute/scaleSets/upgrades";

const policy: RollingPolicy = {
  maxBatchPercent: 20,
  maxUnhealthyPercent: 50,
  maxUnhealthyUpgradedPercent: 20,
  pauseMs: 0,
  unhealthyFirst: true,
  crossZone: false,
  surge: false,
};
const begun: RollingState = {
  model: 2,
  status: "RollingForward",
  startedAt: 0,
  changedAt: 0,
  upgraded: [],
  failed: [],
};

function instance(index: number, more: Partial<InstanceFacts> = {}): InstanceFacts {
  return {
    id: `i${index}`,
    name: `i${index}`,
    zone: String(1 + (index % 3)),
    age: String(index).padStart(4, "0"),
    latest: false,
    health: Health.Healthy,
    reason: "HTTP 200",
    epoch: "run-1",
    answers: 5,
    probes: 3,
    changedAt: 0,
    leaving: false,
    noticed: false,
    wanted: true,
    protectedFromActions: false,
    repairs: 0,
    ...more,
  };
}

/** A scale set that does what the planner says; what an upgrade makes of each is given. */
class Fleet {
  instances: InstanceFacts[];
  state: RollingState = begun;
  now = 1;
  readonly batches: string[][] = [];
  mostOut = 0;

  constructor(
    count: number,
    readonly rules: RollingPolicy,
    readonly becomes: (id: string) => Health,
    health: (index: number) => Health = () => Health.Healthy,
  ) {
    this.instances = Array.from({ length: count }, (_, i) => instance(i, { health: health(i) }));
  }

  /** Runs the upgrade to its end. */
  run(): this {
    for (let steps = 0; this.state.status === "RollingForward"; steps += 1) {
      assert.ok(steps < 20 * this.instances.length + 20, "it does not end");
      const { instances, state, rules, now } = this;
      const step = nextRollingStep({ state, policy: rules, instances, now, patienceMs: 1e6 });
      this.state = step.state;
      this.now = Math.max(this.now + 1, step.wakeAt ?? 0);
      if (step.start.length > 0) this.#begin(step);
      for (const id of step.remove) this.#remove(id);
      this.mostOut = Math.max(this.mostOut, this.#out());
      if (step.start.length > 0) this.#answer();
    }
    return this;
  }

  #begin({ start }: RollingStep): void {
    this.batches.push(start);
    const made = this.rules.surge
      ? start.map((id) => instance(0, { id: `${id}+`, age: "9", latest: true, epoch: "" }))
      : [];
    this.instances.push(...made);
    const members = this.rules.surge ? made.map(({ id }) => id) : start;
    this.state = {
      ...this.state,
      batch: {
        startedAt: this.now,
        members: members.map((id) => ({ id, epoch: "run-1", restarts: false, answers: 5 })),
        replaces: this.rules.surge ? start : [],
      },
    };
    this.#change(members, { latest: true, health: Health.Initializing, epoch: "run-2" });
  }

  /** Instances of the batch say how they are. */
  #answer(): void {
    for (const { id } of this.state.batch?.members ?? []) {
      const health = this.becomes(id);
      this.#change([id], { health, answers: 20, reason: health });
    }
    this.now += 2;
  }

  #change(ids: readonly string[], more: Partial<InstanceFacts>): void {
    this.instances = this.instances.map((i) => (ids.includes(i.id) ? { ...i, ...more } : i));
  }

  #remove(id: string): void {
    this.instances = this.instances.filter((i) => i.id !== id);
  }

  #out(): number {
    const batch = new Set(this.state.batch?.members.map(({ id }) => id));
    return this.instances.filter((i) => batch.has(i.id) || isUnwell(i)).length;
  }
}

const well = () => Health.Healthy;
const rules = fc.record({
  maxBatchPercent: fc.integer({ min: 5, max: 100 }),
  maxUnhealthyPercent: fc.integer({ min: 5, max: 100 }),
  maxUnhealthyUpgradedPercent: fc.integer({ min: 0, max: 100 }),
  pauseMs: fc.integer({ min: 0, max: 60_000 }),
  unhealthyFirst: fc.boolean(),
  crossZone: fc.boolean(),
  surge: fc.constant(false),
});
/** Mostly well: a fleet of sick ones ends before its first batch. */
const healths = fc.oneof(
  { weight: 8, arbitrary: fc.constant(Health.Healthy) },
  { weight: 1, arbitrary: fc.constantFrom(Health.Unhealthy, Health.Unknown) },
);

describe("a rolling upgrade", () => {
  test("brings a good model to every instance, in batches no larger than the policy's", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), rules, (count, policyOf) => {
        const fleet = new Fleet(count, policyOf, well).run();
        assert.equal(fleet.state.status, "Completed");
        assert.ok(fleet.instances.every(({ latest }) => latest));
        const largest = Math.max(1, Math.floor((count * policyOf.maxBatchPercent) / 100));
        assert.ok(fleet.batches.every((batch) => batch.length <= largest));
      }),
    );
  });

  test("ends whatever becomes of the instances, and takes no more than one out beyond the limit", () => {
    const cases = [
      fc.array(healths, { minLength: 1, maxLength: 20 }),
      fc.array(healths, { minLength: 20, maxLength: 20 }),
    ] as const;
    fc.assert(
      fc.property(rules, ...cases, (policyOf, before, after) => {
        const become = (id: string) => after[Number(id.slice(1))] ?? Health.Healthy;
        const fleet = new Fleet(
          before.length,
          policyOf,
          become,
          (i) => before[i] ?? Health.Healthy,
        );
        const sick = before.filter((health) => health !== Health.Healthy).length;
        fleet.run();
        const limit = Math.floor((before.length * policyOf.maxUnhealthyPercent) / 100);
        assert.ok(
          fleet.mostOut <= Math.max(limit, sick) + 1,
          `${fleet.mostOut} of ${before.length}`,
        );
      }),
    );
  });

  test("stops at the first batch of a bad model, says why, and leaves the others", () => {
    const fleet = new Fleet(3, policy, () => Health.Unhealthy).run();
    assert.equal(fleet.state.status, "Faulted");
    assert.match(fleet.state.error ?? "", /maxUnhealthyUpgradedInstancePercent 20.*i0: Unhealthy/);
    assert.deepEqual(fleet.batches, [["i0"]]);
    assert.equal(fleet.instances.filter(({ latest }) => latest).length, 1);
  });

  test("does not begin while more are sick than the policy allows", () => {
    const sick = (i: number) => (i < 2 ? Health.Unknown : Health.Healthy);
    const fleet = new Fleet(3, policy, well, sick).run();
    assert.equal(fleet.state.status, "Faulted");
    assert.deepEqual(fleet.batches, []);
    assert.match(fleet.state.error ?? "", /67 %.*maxUnhealthyInstancePercent 50/);
  });

  test("takes the sick one first, and then recovers", () => {
    const sick = (i: number) => (i === 2 ? Health.Unhealthy : Health.Healthy);
    const fleet = new Fleet(3, policy, well, sick).run();
    assert.deepEqual(fleet.batches, [["i2"], ["i0"], ["i1"]]);
    assert.equal(fleet.state.status, "Completed");
  });

  test("goes zone by zone unless zones may be mixed", () => {
    const half = { ...policy, maxBatchPercent: 50, maxUnhealthyPercent: 100 };
    assert.deepEqual(new Fleet(4, half, well).run().batches, [["i0", "i3"], ["i1"], ["i2"]]);
    const mixed = { ...half, crossZone: true };
    assert.deepEqual(new Fleet(4, mixed, well).run().batches, [
      ["i0", "i3"],
      ["i1", "i2"],
    ]);
  });

  test("waits between batches", () => {
    const fleet = new Fleet(3, { ...policy, pauseMs: 30_000 }, well).run();
    assert.ok(fleet.now >= 90_000, String(fleet.now));
  });

  test("looks again at what it upgraded before it goes on", () => {
    const ill = { latest: true, health: Health.Unknown, reason: "HTTP 500" };
    const instances = [instance(0, ill), instance(1), instance(2)];
    const state = { ...begun, upgraded: ["i0"] };
    const step = nextRollingStep({ state, policy, instances, now: 9, patienceMs: 1 });
    assert.deepEqual([step.state.status, step.start], ["Faulted", []]);
    assert.match(step.state.error ?? "", /i0: HTTP 500/);
  });

  test("with surge, new ones come first, and old ones go once those are well", () => {
    const fleet = new Fleet(3, { ...policy, surge: true }, well).run();
    assert.deepEqual(fleet.instances.map(({ id }) => id).sort(), ["i0+", "i1+", "i2+"]);
    assert.equal(fleet.state.status, "Completed");
  });

  test("with surge, new ones that are not well go, and replace nobody", () => {
    const fleet = new Fleet(3, { ...policy, surge: true }, () => Health.Unknown).run();
    assert.deepEqual(fleet.instances.map(({ id }) => id).sort(), ["i0", "i1", "i2"]);
    assert.equal(fleet.state.status, "Faulted");
  });

  describe("an instance of the batch", () => {
    const judged = (restarts: boolean, more: Partial<InstanceFacts>, now = 500) => {
      const member = { id: "i0", epoch: "run-1", restarts, answers: 5 };
      const state = { ...begun, batch: { startedAt: 100, members: [member], replaces: [] } };
      const instances = [instance(0, { latest: true, ...more }), instance(1), instance(2)];
      return nextRollingStep({ state, policy, instances, now, patienceMs: 1000 }).state;
    };
    for (const [what, restarts, more, done] of [
      ["must have been asked often enough since it was told", false, { answers: 8 }, false],
      ["counts when its health can have changed", false, { answers: 9 }, true],
      ["counts without an extension", false, { probes: 0 }, true],
      ["must run anew where it has to", true, { answers: 9 }, false],
      ["counts when it has run anew", true, { answers: 9, epoch: "run-2" }, true],
      [
        "is waited for while it starts",
        true,
        { answers: 9, epoch: "run-2", health: Health.Initializing },
        false,
      ],
      ["is waited for while its event is announced", true, { answers: 9, noticed: true }, false],
    ] as const) {
      test(what, () => assert.equal(judged(restarts, more).batch === undefined, done));
    }
    test("fails when it says nothing for too long", () => {
      const state = judged(true, {}, 1100);
      assert.equal(state.status, "Faulted");
      assert.match(state.error ?? "", /did not restart/);
    });
  });
});
