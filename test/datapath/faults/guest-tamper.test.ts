/** What another program does to the rules by hand: no forbidden packet passes, or next to none. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Undo } from "../../../lab/undo";
import { Guest } from "../../support/guest";
import { tcp, udp } from "../../support/innerPackets";

const consumer = "20.0.0.4";
/** Forbidden packets that may pass before a change of the policy's own rules is heard of. */
const HEARD = 20;

const undo = new Undo();
let guest: Guest;
before(async () => {
  guest = await Guest.healthy(undo);
});
after(() => undo.run());

/** Sends forbidden packets, each a flow of its own, until `work` is done; gives how many passed. */
async function underFire(work: () => Promise<unknown>): Promise<number> {
  const ends = { source: "8.8.8.8", destination: consumer };
  const sent = await guest.outside.sendWhile((port) => tcp(ends, [port, 22], "syn"), work);
  const passed = (await guest.outside.take(sent, 0.5)).length;
  console.log(`${passed} of ${sent} forbidden packets passed`);
  return passed;
}

/** Runs a line of shell until it succeeds. */
const until = (line: string) =>
  guest.exec(["timeout", "30", "sh", "-c", `until ${line}; do sleep 0.1; done`]);

async function works(): Promise<void> {
  await guest.outside.probeUntil(200, 20);
  await guest.outside.take(1000, 0.1);
  const frame = udp({ source: "203.0.113.9", destination: consumer }, [9, 53]);
  await guest.outside.send([["ex", frame]]);
  assert.equal((await guest.outside.take(1, 5)).length, 1);
}

/** The rules of the slot in force, by the letter in their names. */
const slot = async () =>
  (await guest.sh("nft list chain inet gwlb forward")).match(/comment "([AB]) /)?.[1] ?? "?";

describe("rules that let everything pass, put in by hand", () => {
  for (const [what, line] of [
    ["first in the policy's chain", "iptables -I GWLB -j ACCEPT"],
    ["first in FORWARD", "iptables -I FORWARD -j ACCEPT"],
    ["first in the direction's chain", "iptables -I GWLB-@-IN -j ACCEPT"],
  ] as const) {
    test(`${what}: none passes, and the rules come back`, async () => {
      const hand = line.replace("@", await slot());
      const passed = await underFire(async () => {
        await guest.sh(hand);
        await until(`! iptables -S | grep -q -- '${hand.replace("iptables -I", "-A")}'`);
      });
      assert.equal(passed, 0);
      await works();
    });
  }

  for (const [what, line, gone] of [
    ["that take flows as the policy does", "iptables -I GWLB-@-IN -g GWLB-@-OK", "iptables -S"],
    [
      "that mark packets as the policy does",
      "nft insert rule inet gwlb forward meta mark set 0xc0abcdef accept",
      "nft list chain inet gwlb forward",
    ],
  ] as const) {
    test(`${what}: the tunnels close before the rules are mended`, async () => {
      const hand = line.replaceAll("@", await slot());
      const sign = hand.startsWith("nft") ? "0xc0abcdef accept" : hand.replace("iptables -I", "-A");
      const passed = await underFire(async () => {
        await guest.sh(hand);
        await until(`! ${gone} | grep -q -- '${sign}'`);
        await guest.outside.probeUntil(200, 20);
      });
      assert.ok(passed <= HEARD, `${passed} passed`);
      await works();
    });
  }
});

describe("the guard by traffic control", () => {
  test("deleted behind the guard's back: it is back, and nothing but it was touched", async () => {
    const since = await guest.sh("systemctl show -P InvocationID gwlb-datapath");
    await guest.sh("for d in vxlan-in vxlan-ex; do tc qdisc delete dev $d clsact; done");
    await until("tc filter show dev vxlan-ex egress prio 1 | grep -q handle");
    await until("tc filter show dev vxlan-in egress prio 1 | grep -q handle");
    await works();
    assert.equal(await guest.sh("systemctl show -P InvocationID gwlb-datapath"), since);
  });

  test("gone together with all tables: still nothing forbidden passes", async () => {
    const passed = await underFire(async () => {
      await guest.sh("for d in vxlan-in vxlan-ex; do tc qdisc delete dev $d clsact; done");
      await until("tc filter show dev vxlan-ex egress prio 1 | grep -q handle");
      await until("tc filter show dev vxlan-in egress prio 1 | grep -q handle");
      await guest.sh("nft flush ruleset");
      await until("iptables -S GWLB | grep -q -- -A");
      await guest.outside.probeUntil(200, 20);
    });
    assert.equal(passed, 0);
    await works();
  });

  test("not in this kernel: said, and no fault; one that is refused otherwise is one", async () => {
    const swap = "cd /usr/sbin; cat >tc.new; chmod +x tc.new; cp tc tc.true; mv tc.new tc";
    const answers = (said: string) =>
      guest.exec(["sh", "-c", swap.replace("cp tc tc.true;", "[ -e tc.true ] || cp tc tc.true;")], {
        input: `#!/bin/sh\necho '${said}' >&2\nexit 2\n`,
      });
    try {
      await answers("Error: TC classifier not found.");
      await guest.sh("systemctl restart gwlb-datapath");
      await works();
      assert.match(await guest.journal(), /no guard by traffic control/);
      await answers("Error: Busy.");
      await guest.sh("systemctl --no-block restart gwlb-datapath");
      await guest.outside.probeUntil(503, 10);
    } finally {
      await guest.sh("mv /usr/sbin/tc.true /usr/sbin/tc; systemctl restart gwlb-datapath");
    }
    await works();
  });
});
