/**
 * Three NVAs under load: what is planned costs no new connection, what breaks costs those of the time
 * until the probe has noticed. The rest of the drills, and these with more load: `npm run drills`.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import {
  DETECTION_SECONDS,
  dropRule,
  FleetLab,
  NOTICE_SECONDS,
  RATE,
  SLACK_MS,
} from "../../support/fleetLab";
import { Prober } from "../../support/prober";

let lab: FleetLab;
before(async () => {
  lab = await FleetLab.up(3);
});
after(() => lab?.down());
beforeEach(() => lab.healthy(3));

/** Half of the held connections end before any notice does. */
const short = { count: RATE.held / 2, seconds: NOTICE_SECONDS / 3 };

describe("three NVAs under load", () => {
  test("share it, and see both directions of each flow", async () => {
    await lab.underLoad({}, async (load) => {
      const before = await lab.started();
      await load.goesOn(5);
      const after = await lab.started();
      const counts = [...after].map(([vm, count]) => count - (before.get(vm) ?? 0));
      const total = counts.reduce((sum, count) => sum + count, 0);
      const shares = counts.map((count) => Math.round((100 * count) / total));
      console.log(`shares of ${total} new connections: ${shares.join(", ")} %`);
      for (const share of shares) assert.ok(Math.abs(share - 100 / 3) < 10, `${shares}`);

      const nvas = await lab.nvas();
      const seen = await Promise.all(nvas.map(({ vm }) => lab.connections(vm)));
      const held = seen.flatMap(({ both }) => [...both]);
      assert.ok(held.length >= RATE.held, `${held.length}`);
      assert.equal(new Set(held).size, held.length, "no flow is on two NVAs");
      assert.equal(
        seen.flatMap(({ one }) => [...one]).length,
        0,
        "no NVA sees one direction alone",
      );
    });
  });

  test("one by scale-in: no new connection fails, none is cut early", async () => {
    await lab.eventsShown();
    await lab.underLoad({ short }, async (load) => {
      const before = await lab.heldBy();
      await lab.scale(2);
      await lab.healthy(2);
      const left = (await lab.nvas()).map(({ vm }) => vm);
      const gone = [...before.keys()].find((vm) => !left.includes(vm)) ?? "";
      await lab.cutOnly(load, "scale-in", before.get(gone) ?? 0, short.count);
      await lab.scale(3);
      await lab.healthy(3);
      await load.goesOn(2);
      assert.equal(load.sums.newFailed, 0, load.report().text);
    });
  });

  test("one without power: new connections fail until the probe has noticed, and no longer", async () => {
    await lab.underLoad({}, async (load) => {
      const [victim] = await lab.nvas();
      assert.ok(victim);
      const before = Date.now();
      await lab.verb("break", victim.vm, "power", "--for", "15");
      const off = Date.now();
      await lab.until(
        "the probe has noticed",
        ({ gateways }) =>
          gateways.some(({ nvas }) => nvas.some((n) => n.vm === victim.vm && !n.healthy)),
        DETECTION_SECONDS + 10,
      );
      await load.goesOn(5);
      const times = load.failed("new").map(({ at }) => at);
      const [first, last] = [Math.min(...times), Math.max(...times)];
      console.log(
        `one of three without power: ${times.length} new connections failed in ${last - first} ms; the probe takes up to ${DETECTION_SECONDS} s, which is ${Math.round((RATE.newPerSecond * DETECTION_SECONDS) / 3)} of them`,
      );
      assert.ok(first > before - SLACK_MS, "nothing failed before");
      assert.ok(last < off + DETECTION_SECONDS * 1000 + SLACK_MS, `${last - off} ms`);
    });
    await lab.healthy(3);
    // A machine that starts slowly is unwell beyond the grace period: its repair must not meet the
    // model of the next test.
    await lab.until(
      "no repair is due",
      ({ scaleSets }) =>
        scaleSets.every(({ instances }) =>
          instances.every(({ health, leaving }) => health === "Healthy" && !leaving),
        ),
      180,
    );
    await lab.healthy(3);
  });

  test("a policy that no NVA can load ends at the first one, and the next good one takes over", async () => {
    await lab.underLoad({}, async (load) => {
      const before = await lab.policies();
      await lab.rewriteModel((profile) => {
        profile.userData = Buffer.from("no policy").toString("base64");
      });
      await lab.upgraded("Faulted");
      const upgrade = (await lab.status()).scaleSets[0]?.upgrade;
      assert.match(upgrade?.error ?? "", /not healthy/);
      assert.equal(upgrade?.failed, 1);
      assert.deepEqual(await lab.policies(), before);
      await lab.unnoticed(load);
      await lab.deploy(({ config }) => {
        config["azure-gwlb:policy"].rules.push(dropRule("no-smtp", "25"));
      });
      await lab.upgraded("Completed");
      const now = await lab.policies();
      assert.equal(new Set(now).size, 1);
      assert.notEqual(now[0], before[0]);
      await lab.unnoticed(load);
    });
  });

  test("none left: nothing passes, and all is well again by itself", async () => {
    const [address = ""] = await lab.addresses();
    const prober = Prober.start(await lab.status(), address);
    try {
      await prober.allowed(true, 20);
      const nvas = await lab.nvas();
      await Promise.all(nvas.map(({ vm }) => lab.verb("break", vm, "power", "--for", "10")));
      await prober.allowed(false, 10);
      await prober.allowed(true, 90);
      await lab.healthy(3);
    } finally {
      const { forbidden } = await prober.stop();
      assert.equal(forbidden.answered, 0);
      assert.ok(forbidden.sent > 100);
    }
  });
});
