import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CHAINS_MAX, ChainCount } from "../../../../components/chains/plan/chainCount";

const gateway = (name: string) =>
  `/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/loadBalancers/${name}`;
const frontend = (name: string, which = "f") =>
  `${gateway(name)}/frontendIPConfigurations/${which}`;

describe("ChainCount", () => {
  for (const { what, target } of [
    { what: "an id", target: frontend("a") },
    { what: "an Output", target: {} },
  ]) {
    test(`takes 100 chains of ${what}, and counts the one too many`, () => {
      const count = new ChainCount();
      for (let i = 0; i < CHAINS_MAX; i++) assert.equal(count.add(target, 1), undefined);
      assert.match(count.add(target, 1) ?? "", /101 chains.*100/);
    });
  }

  test("counts chains, not consumers", () => {
    const count = new ChainCount();
    for (let i = 0; i < CHAINS_MAX / 2; i++) assert.equal(count.add(frontend("a"), 2), undefined);
    assert.match(count.add(frontend("a"), 2) ?? "", /102/);
  });

  test("counts by gateway, in any letters and by any of its frontends", () => {
    const count = new ChainCount();
    count.add(frontend("a"), 60);
    assert.equal(count.add(frontend("b"), 60), undefined);
    assert.match(count.add(frontend("A", "g").toUpperCase(), 60) ?? "", /120/);
  });
});
