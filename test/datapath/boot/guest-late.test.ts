/** A NIC that comes late, under a name of its own, and changes under the NVA's feet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bundlePolicy } from "../../../components/policy/bundle";
import { Undo } from "../../../lab/undo";
import { Guest, HEALTHY, policy } from "../../support/guest";
import { udp } from "../../support/innerPackets";

const frame = udp({ source: "203.0.113.9", destination: "20.0.0.4" }, [9, 53]);

test("the NIC gets its address after the units have started, and is not called eth0", async () => {
  const undo = new Undo();
  try {
    const guest = await Guest.make(undo);
    const { outside, machine } = guest;
    await outside.userData(bundlePolicy(policy).userData);
    await outside.plugWithoutAddress("late", "enP3s1");
    await machine.boot("late", () => undefined);
    const state = () => guest.sh("systemctl is-active gwlb-datapath || true");
    for (const end = Date.now() + 60_000; (await state()).trim() !== "activating"; ) {
      assert.ok(Date.now() < end, await state());
    }
    assert.equal((await guest.sh("ls /sys/class/net")).includes("br0"), false);

    await outside.giveAddress("late", "enP3s1");
    await outside.probeUntil(200, HEALTHY);
    await outside.send([["ex", frame]]);
    assert.deepEqual(
      (await outside.take(1, 5)).map((seen) => seen.frame),
      [frame],
    );

    // Configuring the network anew takes the tunnels' NIC down and its MTU back.
    await guest.sh("ip link set enP3s1 down; ip link set enP3s1 mtu 1500");
    assert.notEqual((await outside.probe()).code, 200);
    await guest.sh("ip link set enP3s1 up; ip route add default via 10.7.1.1");
    await outside.probeUntil(200, HEALTHY);
    await outside.send([["ex", frame]]);
    assert.deepEqual(
      (await outside.take(1, 5)).map((seen) => seen.frame),
      [frame],
    );
  } finally {
    await undo.run();
  }
});
