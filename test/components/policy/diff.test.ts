import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  diffPolicies,
  diffSettings,
  explainPacket,
  type FirewallPolicy,
  planPolicy,
  policyProblems,
} from "../../../components/policy";
import { judge } from "../../../components/policy/evaluate";
import { holds, openers, policies } from "../../support/policies";

const valid = policies.filter((policy) => policyProblems(policy).length === 0);

const change = (policy: FirewallPolicy) => ({
  drop: { ...policy, rules: policy.rules.slice(1) },
  turn: { ...policy, rules: [...policy.rules].reverse() },
  open: { ...policy, defaultInbound: "allow" as const },
});

describe("diffPolicies", () => {
  for (const kind of ["drop", "turn", "open"] as const) {
    test(`holds a packet once if its verdict changes, and else not: ${kind}`, () => {
      fc.assert(
        fc.property(valid, fc.array(openers, { minLength: 20 }), (old, packets) => {
          const next = change(old)[kind];
          const changes = diffPolicies(old, next);
          const plans = [old, next].map(planPolicy);
          for (const packet of packets) {
            const [a, b] = plans.map((plan) => judge(plan, packet));
            const found = changes.filter(({ region }) => holds(region, packet));
            assert.equal(found.length, a?.passes === b?.passes ? 0 : 1);
            if (found.length === 0) continue;
            assert.deepEqual(
              found.map(({ before, after }) => [before.rule, after.rule]),
              [[a?.rule.name, b?.rule.name]],
            );
          }
        }),
        { numRuns: 60 },
      );
    });
  }

  test("equal policies differ in nothing, however large", () => {
    const rules = Array.from({ length: 500 }, (_, n) => ({
      name: `r${n}`,
      action: n % 2 ? ("allow" as const) : ("drop" as const),
      direction: "inbound" as const,
      sources: [`10.${n % 200}.0.0/16`],
    }));
    assert.deepEqual(diffPolicies({ rules }, { rules: structuredClone(rules) }), []);
    const less = diffPolicies({ rules }, { rules: rules.slice(0, -1) });
    assert.ok(less.every(({ before }) => before.rule === "r499"));
  });

  test("settings of the whole policy", () => {
    assert.deepEqual(diffSettings({ rules: [] }, { rules: [], mode: "trial", stateful: false }), [
      { setting: "mode", before: "enforce", after: "trial" },
      { setting: "stateful", before: "true", after: "false" },
    ]);
  });
});

test("explainPacket names the rule that decides, and every rule in front of it", () => {
  fc.assert(
    fc.property(valid, openers, (policy, packet) => {
      const { rule, passes, path } = explainPacket(policy, packet);
      const decided = judge(planPolicy(policy), packet);
      assert.deepEqual([rule, passes], [decided.rule.name, decided.passes]);
      assert.equal(path.at(-1)?.rule, rule);
      assert.ok(path.every(({ because }) => because !== ""));
    }),
    { numRuns: 100 },
  );
});
