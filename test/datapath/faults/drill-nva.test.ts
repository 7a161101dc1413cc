import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Drill } from "../../support/drill";

// Each drill breaks one thing in the NVA while two clients knock at the consumer all the time:
// the one that the policy forbids must never get through, not even for a moment.
describe("an NVA that breaks", () => {
  let drill: Drill;
  before(async () => {
    drill = await Drill.up();
  });
  after(() => drill?.down());

  const harms: [name: string, harm: string[]][] = [
    ["loses vxlan-in", ["ip", "link", "del", "vxlan-in"]],
    ["loses its bridge", ["ip", "link", "del", "br0"]],
    ["has its iptables rules flushed", ["iptables", "-F"]],
    [
      "no longer shows bridged packets to iptables",
      ["sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0"],
    ],
  ];
  for (const [name, harm] of harms) {
    test(`${name}: repaired by itself`, async () => {
      await drill.guarded(async (prober) => {
        await drill.inNva(...harm);
        await prober.allowed(true, 20);
        await drill.untilHealth(200, 5);
        await drill.healthy();
      });
    });

    test(`${name}, and nobody repairs it: out within the probe's interval`, async () => {
      await drill.guarded(async (prober) => {
        await drill.inNva("systemctl", "stop", "gwlb-guard");
        await drill.inNva(...harm);
        await drill.untilHealth(503, 3);
        await drill.unhealthy();
        await prober.allowed(false, 5);
        await drill.inNva("systemctl", "start", "gwlb-guard");
        await drill.healthy();
      });
    });
  }

  test("has all rules of the kernel flushed: nothing passes, and it is repaired by itself", async () => {
    await drill.guarded(async (prober) => {
      await drill.inNva("nft", "flush", "ruleset");
      await prober.allowed(true, 20);
      await drill.untilHealth(200, 5);
      await drill.healthy();
    });
  });

  test("has its health program killed: started again by systemd", async () => {
    await drill.guarded(async () => {
      await drill.inNva("systemctl", "kill", "-s", "KILL", "gwlb-health");
      await drill.untilHealth(200, 10);
      await drill.healthy();
    });
  });

  test("has its health unit stopped: out within the probe's interval", async () => {
    await drill.guarded(async (prober) => {
      await drill.inNva("systemctl", "stop", "gwlb-health");
      await drill.unhealthy();
      await prober.allowed(false, 5);
      await drill.inNva("systemctl", "start", "gwlb-health");
      await drill.healthy();
    });
  });

  test("has a full disk: it goes on filtering", async () => {
    await drill.guarded(async () => {
      // As full as a disk gets, without filling that of the machine that runs the test.
      const folder = "/var/lib/azure-gwlb";
      await drill.inNva("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder);
      await drill.inNva("sh", "-c", `dd if=/dev/zero of=${folder}/full bs=1k count=128; true`);
      await drill.inNva("systemctl", "restart", "gwlb-policy", "gwlb-health");
      await drill.untilHealth(200, 10);
      await drill.inNva("umount", "--lazy", folder);
    });
  });

  test("is what it was after all of it", async () => {
    const { stdout } = await drill.inNva("iptables", "-S");
    assert.match(stdout, /-s 8\.8\.8\.8\/32 .*--physdev-in vxlan-ex.*--dport 22 .*-j DROP/);
  });
});
