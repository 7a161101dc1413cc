import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ProofStatus } from "../../../lab/proof/proof";
import { Undo } from "../../../lab/undo";
import { address, forgetRule, plainGateway } from "../../support/plainGateway";
import { Prober } from "../../support/prober";

// What the drills rely on: a prober that never saw a leak would prove nothing by its silence.
describe("the drills' prober", () => {
  const undo = new Undo();
  let status: ProofStatus;
  before(async () => {
    status = await plainGateway(undo);
  });
  after(() => undo.run());

  test("sees what passes, and notices a leak", async () => {
    const prober = Prober.start(status, address);
    await prober.allowed(true, 5);
    assert.equal(prober.leaked, false);
    await forgetRule();
    await prober.allowed(true, 5);
    await prober.leak(5);
    assert.ok(prober.leaked);
    const { forbidden, allowed } = await prober.stop();
    assert.ok(forbidden.answered > 0 && forbidden.answered <= forbidden.sent);
    assert.ok(allowed.answered > 0);
  });
});
