import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { consumersOf } from "../../../lab/proof/flows";
import { handshakes, nvaShare } from "../../../lab/proof/latency";
import type { ProofStatus } from "../../../lab/proof/proof";
import { summarize } from "../../../lab/proof/statistics";
import { Undo } from "../../../lab/undo";
import { address, goAround, plainGateway } from "../../support/plainGateway";

describe("latency, over a gateway of plain namespaces", () => {
  const undo = new Undo();
  let status: ProofStatus;
  before(async () => {
    status = await plainGateway(undo);
  });
  after(() => undo.run());

  test("every handshake is timed whole, and between the tunnels", async () => {
    const [consumer] = consumersOf(status);
    assert.ok(consumer);
    const whole = summarize(await handshakes(status, address, 200));
    const share = summarize(await nvaShare(status, consumer, 200));
    assert.equal(whole?.count, 200);
    assert.equal(share?.count, 200);
    assert.ok(share.p50 > 0 && share.p50 < whole.p50, `${share.p50} of ${whole.p50}`);
  });

  test("no share is made up for handshakes that went around", async () => {
    const [consumer] = consumersOf(status);
    assert.ok(consumer);
    await goAround();
    assert.deepEqual(await nvaShare(status, consumer, 20), []);
  });
});
