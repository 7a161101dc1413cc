/** From one NVA to ten and back to two under load, by `npm run drills`: no new connection fails. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { FleetLab, inFull, NOTICE_SECONDS, RATE } from "../../support/fleetLab";

/** Seconds until so many machines have booted on two cores. */
const BOOTED = 400;

const drill = () => {
  let lab: FleetLab;
  before(async () => {
    lab = await FleetLab.up(1);
  });
  after(() => lab?.down());

  test("1, 10, 2", async () => {
    const short = { count: RATE.held, seconds: NOTICE_SECONDS / 3 };
    await lab.underLoad({ short }, async (load) => {
      const begun = Date.now();
      const seconds = () => `${Math.round((Date.now() - begun) / 1000)} s`;
      await lab.scale(10);
      await lab.healthy(10, BOOTED);
      console.log(`ten healthy after ${seconds()}; memory: ${await lab.freeMemory()}`);
      await load.goesOn(3);
      assert.equal(load.sums.newFailed, 0, load.report().text);
      await lab.scale(2);
      await lab.healthy(2, BOOTED);
      console.log(`two left after ${seconds()}`);
      await lab.unnoticed(load);
    });
  });
};

if (inFull) describe("a fleet that grows and shrinks", drill);
