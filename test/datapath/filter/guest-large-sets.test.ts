/** A policy with as many ranges as there may be: health is true and prompt while it loads. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bundlePolicy } from "../../../components/policy/bundle";
import type { FirewallPolicy } from "../../../components/policy/policy";
import { LIMIT } from "../../../nva-cloud-init/contract/contract";
import { policy, withHealthyGuest } from "../../support/guest";
import type { ProbeAnswer } from "../../support/outside";

const networks = (count: number) =>
  Array.from(
    { length: count },
    (_, n) => `${11 + (n >> 15)}.${(n >> 7) & 255}.${(2 * n) & 255}.0/24`,
  );
const largest: FirewallPolicy = {
  ...policy,
  rules: [{ name: "bad", action: "drop", direction: "inbound", sources: ["bad"] }, ...policy.rules],
  addressSets: { bad: networks(LIMIT.ranges) },
};

test("every probe is answered well while the most ranges load, and while others change rules", async () => {
  await withHealthyGuest(async (guest) => {
    const { hash, userData } = bundlePolicy(largest);
    const bad: ProbeAnswer[] = [];
    let answers = 0;
    const probeWhile = async (what: string, goesOn: () => Promise<boolean>) => {
      const before = answers;
      while (await goesOn()) {
        const answer = await guest.outside.probe();
        answers += 1;
        if (answer.code !== 200 || answer.seconds > 3) bad.push(answer);
      }
      assert.deepEqual(bad, [], `${what}: ${bad.length} of ${answers - before}`);
    };
    const state = async () =>
      JSON.parse((await guest.outside.probe()).body).policy as { hash: string; source: string };

    await guest.outside.userData(userData);
    const end = Date.now() + 60_000;
    await probeWhile("while it loads", async () => {
      assert.ok(Date.now() < end, await guest.journal());
      return (await state()).hash !== hash;
    });

    for (let n = 0; n < 5; n += 1) {
      await guest.exec(["nft", "add", "table", "inet", `foreign${n}`]);
      const until = Date.now() + 1000;
      await probeWhile(`foreign table ${n}`, async () => Date.now() < until);
    }
    assert.ok(answers > 20, `${answers} answers`);
  });
});
