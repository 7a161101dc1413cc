import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, afterEach, before, describe, test } from "node:test";
import { faultsOf } from "../../../lab/arm/faults";
import { Store } from "../../../lab/arm/store";
import { hierarchies, labCgroup } from "../../../lab/machine/cgroups";
import { labPaths } from "../../../lab/paths";
import { Drill, PROBE_INTERVAL } from "../../support/drill";

/** Notices of a quarter of an hour are 4.5 seconds here. */
const TIME_FACTOR = "0.005";
/** Seconds of a fault that a test mends itself. */
const LONG = "120";
/** Silence counts when a whole interval has passed without an answer. */
const SILENT = 2 * PROBE_INTERVAL + 5;
/** Seconds for the same without memory: a program lives until it asks for more. */
const STARVED = SILENT + 15;

// What the lab can do to a machine, on the one NVA of the stack: whatever it is, the client that
// the policy forbids never gets through, the probe hears of it, and mended it is as before.
describe("the verbs that break, mend and announce", () => {
  let drill: Drill;
  let nva: string;
  before(async () => {
    drill = await Drill.up({ GWLB_LAB_TIME_FACTOR: TIME_FACTOR });
    nva = (await drill.nva()).vm;
  });
  after(() => drill?.down());

  afterEach(() => drill.lab("mend", nva));

  const place = async () => {
    const found = (await drill.status()).places.find(({ name }) => name === nva);
    assert.ok(found);
    return found;
  };
  const isOn = async () => (await place()).power === "running";
  const refused = async (message: RegExp, ...args: string[]) => {
    const { code, stderr } = await drill.labWith({ allowed: [0, 1] }, ...args);
    assert.equal(code, 1);
    assert.match(stderr, message);
  };

  for (const fault of ["hang", "nic", "power", "memory"]) {
    test(`${fault}: out by the probe, nothing passes, mended it is back`, async () => {
      await drill.guarded(async (prober) => {
        await drill.lab("break", nva, fault, "--for", LONG);
        assert.deepEqual((await place()).faults, [fault]);
        await drill.unhealthy(fault === "memory" ? STARVED : SILENT);
        await prober.allowed(false, 5);
        await drill.lab("mend", nva);
        await drill.healthy();
        assert.equal((await place()).faults, undefined);
      });
    });
  }

  test("a fault ends by itself when its time is over", async () => {
    await drill.guarded(async (prober) => {
      await drill.lab("break", nva, "nic", "--for", "2");
      await prober.allowed(false, 5);
      await prober.allowed(true, 10);
    });
  });

  test("a full disk: it goes on filtering, and nothing can be written", async () => {
    await drill.guarded(async (prober) => {
      await drill.lab("break", nva, "disk", "--for", LONG);
      await assert.rejects(drill.inNva("dd", "if=/dev/zero", "of=/var/tmp/x", "bs=1M", "count=1"));
      await drill.inNva("systemctl", "restart", "gwlb-policy", "gwlb-health");
      await drill.untilHealth(200, 10);
      await prober.allowed(true, 10);
      await drill.lab("mend", nva);
      await drill.inNva("dd", "if=/dev/zero", "of=/var/tmp/x", "bs=1M", "count=1");
    });
  });

  test("a clock that cannot be had here is refused, and so is a machine that is not there", async () => {
    await refused(/this machine's clock.*full virtual machine/, "break", nva, "clock");
    await refused(/no VM nobody in the lab; there are .*nva/, "break", "nobody", "hang");
  });

  test("a freeze is announced, and the machine goes on where it was", async () => {
    const { pid } = await place();
    await drill.guarded(async () => {
      const { stdout } = await drill.lab("event", nva, "freeze");
      assert.match(stdout, /Freeze [0-9A-F-]{36} not before \w{3}, .* GMT/);
      await drill.until("it hangs", async () => (await place()).faults?.[0] === "hang", 10);
      await drill.until("it goes on", async () => (await place()).faults === undefined, 20);
      await drill.healthy();
    });
    assert.equal((await place()).pid, pid);
  });

  for (const type of ["reboot", "redeploy"]) {
    test(`a ${type} is announced and happens in order`, async () => {
      const { netns } = await place();
      await drill.guarded(async () => {
        const { stdout } = await drill.lab("event", nva, type, "--wait");
        assert.match(stdout, /is over/);
        assert.notEqual((await place()).netns, netns);
        await drill.healthy();
      });
      const { stdout } = await drill.inNva("journalctl", "-b", "-1", "-n", "40", "--no-pager");
      assert.match(stdout, /Reached target .*(Power-Off|Shutdown|Unmount)/i);
    });
  }

  test("a preempted machine is deallocated, and starts when it is told to", async () => {
    await drill.lab("event", nva, "preempt", "--wait");
    const { id, power } = await place();
    assert.equal(power, "deallocated");
    await refused(/OperationNotAllowed.*deallocated/, "azure", "action", id ?? "", "restart");
    await drill.lab("azure", "action", id ?? "", "start");
    await drill.until("it is on", isOn, 30);
    await drill.healthy();
  });

  test("a reimage boots a new disk from the same customData", async () => {
    await drill.inNva("touch", "/var/tmp/mark");
    await drill.guarded(async () => {
      const { netns, id } = await place();
      await drill.lab("azure", "action", id ?? "", "reimage");
      const isNew = async () => (await place()).netns !== netns && (await isOn());
      await drill.until("it is on again", isNew, 60);
      await drill.healthy();
    });
    await assert.rejects(drill.inNva("test", "-e", "/var/tmp/mark"));
  });

  test("the lab goes down with all of it, and forgets what was broken", async () => {
    await drill.lab("break", nva, "memory", "--for", LONG);
    await drill.lab("break", nva, "hang", "--for", LONG);
    await drill.lab("down");
    const group = labCgroup(drill.dir);
    for (const mount of hierarchies(readFileSync("/proc/self/mountinfo", "utf8"))) {
      assert.ok(!readdirSync(mount).includes(group), mount);
    }
    await drill.lab("up");
    await drill.healthy();
    const vms = [...Store.open(labPaths(drill.dir).azure).snapshot().resources.values()];
    assert.deepEqual(vms.flatMap(faultsOf), []);
  });
});
