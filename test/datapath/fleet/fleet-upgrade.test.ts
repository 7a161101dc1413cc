/**
 * The longer drills with three NVAs, by `npm run drills`: announced ends, restarts, other policies and
 * images without a new connection that fails; and faults that repairs end.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import {
  DETECTION_SECONDS,
  dropRule,
  FleetLab,
  inFull,
  NOTICE_SECONDS,
  RATE,
  SLACK_MS,
} from "../../support/fleetLab";
import { Prober } from "../../support/prober";

/** Until the scale set has replaced an NVA that stays broken, in seconds: grace, notice, boot. */
const REPAIRED = 240;

const drills = () => {
  let lab: FleetLab;
  before(async () => {
    lab = await FleetLab.up(3);
  });
  after(() => lab?.down());
  beforeEach(() => lab.healthy(3, REPAIRED));

  /** Half of the held connections end before any notice does, or all of them. */
  const half = { count: RATE.held / 2, seconds: NOTICE_SECONDS / 3 };
  const all = { count: RATE.held, seconds: NOTICE_SECONDS / 2 };

  const bootTimes = async () => {
    const { places } = await lab.status();
    const nvas = await lab.nvas();
    return nvas.map(({ vm }) => places.find(({ name }) => name === vm)?.bootedAt);
  };
  const withNva = (change: object) =>
    lab.deploy(({ config }) => {
      const { nva } = config["azure-gwlb:gateway"] as { nva: object };
      Object.assign(nva, change);
    });

  test("one that is to be deleted", async () => {
    await lab.eventsShown();
    await lab.underLoad({ short: half }, async (load) => {
      const [, victim] = await lab.nvas();
      assert.ok(victim);
      const { both } = await lab.connections(victim.vm);
      await lab.verb("event", victim.vm, "terminate", "--wait");
      await lab.untilGone(victim.vm);
      await lab.cutOnly(load, "terminate", both.size, half.count);
      await lab.scale(3);
      await lab.healthy(3);
    });
  });

  test("one restarted from inside", async () => {
    await lab.underLoad({ short: half }, async (load) => {
      const [, , victim] = await lab.nvas();
      assert.ok(victim);
      const { both } = await lab.connections(victim.vm);
      await lab.exec(victim.vm, ["systemctl", "reboot"], { allowed: [0, 1, 255] });
      await lab.until(
        "it is off",
        ({ places }) => places.some(({ name, power }) => name === victim.vm && power !== "running"),
        NOTICE_SECONDS + 30,
      );
      await lab.healthy(3);
      await lab.cutOnly(load, "systemctl reboot", both.size, half.count);
    });
  });

  test("another policy: each NVA has it, none was restarted, nothing was cut", async () => {
    await lab.underLoad({}, async (load) => {
      const [before] = await lab.policies();
      const booted = await bootTimes();
      await lab.deploy(({ config }) => {
        config["azure-gwlb:policy"].rules.push(dropRule("no-telnet", "23"));
      });
      await lab.upgraded("Completed");
      const now = await lab.policies();
      assert.equal(new Set(now).size, 1);
      assert.notEqual(now[0], before);
      assert.deepEqual(await bootTimes(), booted);
      await lab.unnoticed(load);
    });
  });

  test("another image: each NVA is made anew, nothing was cut that ended within the notice", async () => {
    await lab.eventsShown();
    await lab.underLoad({ short: all }, async (load) => {
      const booted = await bootTimes();
      const begun = Date.now();
      await withNva({ imageVersion: "24.04.202511010" });
      await lab.upgraded("Completed");
      console.log(`rolling image over three: ${Math.round((Date.now() - begun) / 1000)} s`);
      await lab.healthy(3);
      const now = await bootTimes();
      for (const [i, time] of now.entries()) assert.notEqual(time, booted[i]);
      await lab.unnoticed(load);
    });
  });

  test("an image that does not come up ends at the first NVA; two thirds serve", async () => {
    await lab.eventsShown();
    await lab.underLoad({ short: all }, async (load) => {
      await lab.rewriteModel((profile) => {
        profile.osProfile.customData = Buffer.from("#cloud-config\n").toString("base64");
        profile.storageProfile.imageReference.version = "24.04.202511015";
      });
      await lab.upgraded("Faulted");
      const well = (await lab.nvas()).filter(({ healthy }) => healthy);
      assert.equal(well.length, 2);
      await lab.unnoticed(load);
      await withNva({ imageVersion: "24.04.202511020" });
      await lab.upgraded("Completed");
      await lab.healthy(3);
      await lab.unnoticed(load);
    });
  });

  for (const fault of ["hang", "nic", "memory"]) {
    test(`${fault}: out within the probe's time, replaced, nothing unfiltered`, async () => {
      const [address = ""] = await lab.addresses();
      const prober = Prober.start(await lab.status(), address);
      try {
        await lab.underLoad({ held: 0 }, async (load) => {
          const [victim] = await lab.nvas();
          assert.ok(victim);
          await lab.verb("break", victim.vm, fault, "--for", String(REPAIRED));
          const broken = Date.now();
          await lab.untilGone(victim.vm, REPAIRED);
          await lab.healthy(3, REPAIRED);
          await load.goesOn(3);
          const times = load.failed("new").map(({ at }) => at);
          const last = Math.max(broken, ...times) - broken;
          console.log(
            `${fault}: ${times.length} new connections failed, the last after ${last} ms`,
          );
          assert.ok(last < DETECTION_SECONDS * 1000 + SLACK_MS, `${last} ms`);
        });
      } finally {
        const { forbidden } = await prober.stop();
        assert.equal(forbidden.answered, 0);
      }
    });
  }

  test("a full disk: it goes on filtering until it is replaced, and drains before", async () => {
    await lab.eventsShown();
    const [address = ""] = await lab.addresses();
    const prober = Prober.start(await lab.status(), address);
    try {
      await lab.underLoad({ short: half }, async (load) => {
        const [victim] = await lab.nvas();
        assert.ok(victim);
        const { both } = await lab.connections(victim.vm);
        await lab.verb("break", victim.vm, "disk", "--for", String(REPAIRED));
        await load.goesOn(10);
        await lab.healthy(3);
        await lab.untilGone(victim.vm, REPAIRED);
        await lab.healthy(3, REPAIRED);
        await lab.cutOnly(load, "full disk", both.size, half.count);
      });
    } finally {
      const { forbidden } = await prober.stop();
      assert.equal(forbidden.answered, 0);
    }
  });
};

if (inFull) describe("three NVAs, the longer drills", drills);
