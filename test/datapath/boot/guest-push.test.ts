import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Drill } from "../../support/drill";

describe("new guest programs on a running NVA", () => {
  let drill: Drill;
  before(async () => {
    drill = await Drill.up();
  });
  after(() => drill?.down());

  const HEALTH = "/opt/azure-gwlb/gwlb-health";
  const push = async () => {
    const [vm] = (await drill.consumer("ilpip")).nvas;
    assert.ok(vm);
    return (await drill.lab("guest", "push", vm)).stdout;
  };
  const since = async () => {
    const shown = ["systemctl", "show", "-p", "ActiveEnterTimestampMonotonic", "gwlb-health"];
    return (await drill.inNva(...shown)).stdout;
  };

  test("nothing is touched where nothing differs", async () => {
    const before = await since();
    assert.match(await push(), /has the programs of this checkout/);
    assert.equal(await since(), before);
  });

  test("what differs is written, the units run anew, and nothing forbidden passes", async () => {
    const before = await since();
    const { stdout: good } = await drill.inNva("sha256sum", HEALTH);
    await drill.inNva("sed", "-i", "$a # not of this checkout", HEALTH);
    await drill.guarded(async (prober) => {
      assert.deepEqual((await push()).match(/^written: .*$/gm), [`written: ${HEALTH}`]);
      await drill.untilHealth(200, 30);
      await prober.allowed(true, 40);
    });
    assert.equal((await drill.inNva("sha256sum", HEALTH)).stdout, good);
    assert.notEqual(await since(), before);
    assert.equal((await drill.inNva("stat", "-c", "%a", HEALTH)).stdout.trim(), "755");
  });
});
