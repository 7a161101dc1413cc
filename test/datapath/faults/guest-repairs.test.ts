/** What the guard does to packets: no listing that is only wrong, and no repair, costs one. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Undo } from "../../../lab/undo";
import { Guest } from "../../support/guest";
import { udp } from "../../support/innerPackets";

const ends = { source: "203.0.113.9", destination: "20.0.0.4" };
/** Seconds in which everything on its way has come. */
const SOON = 2;

const undo = new Undo();
let guest: Guest;
before(async () => {
  guest = await Guest.healthy(undo);
});
after(() => undo.run());

/** Sends packets that all must pass, each of a flow of its own; gives how many did not come. */
async function lostWhile(work: () => Promise<unknown>): Promise<number> {
  const sent = await guest.outside.sendWhile((port) => udp(ends, [port, 53]), work);
  assert.ok(sent > 100, `only ${sent} packets were sent`);
  return sent - (await guest.outside.take(sent, SOON)).length;
}

/** Lines that the guard wrote since the mark was taken. */
async function guardSaid(since: string): Promise<string> {
  return guest.sh(journal(since));
}

const journal = (since: string) =>
  `journalctl -b --no-pager -o cat -u gwlb-guard --after-cursor='${since}'`;

async function cursor(): Promise<string> {
  const text = await guest.sh("journalctl -b -n 1 --show-cursor -o cat | tail -1");
  return text.replace("-- cursor: ", "").trim();
}

/** Waits until the guard says that it has found nothing wrong after what it mended. */
const mendedSince = (before: string) =>
  guest.exec([
    "timeout",
    "20",
    "sh",
    "-c",
    `until ${journal(before)} | grep -q again; do sleep 0.2; done`,
  ]);

/** Units whose data path was made anew since. */
const made = () => guest.sh("systemctl show -P InvocationID gwlb-firewall gwlb-datapath");

/** Waits until the machine has done something, told by a line of shell. */
const until = (condition: string) =>
  guest.exec(["timeout", "20", "sh", "-c", `until ${condition}; do sleep 0.02; done`]);

test("a listing that is wrong because rules change meanwhile closes and restarts nothing", async () => {
  const units = await made();
  const before = await cursor();
  // As nft does now and then: chains doubled, exit code 0, while another program changes rules.
  const liar = [
    "#!/bin/sh",
    'case "$*" in "-s list table "*)',
    "  if rmdir /run/lie 2>/dev/null; then",
    "    /usr/sbin/nft.true add table inet passing; /usr/sbin/nft.true delete table inet passing",
    '    /usr/sbin/nft.true "$@"; touch /run/lied',
    "  fi;;",
    "esac",
    'exec /usr/sbin/nft.true "$@"',
  ].join("\n");
  const swap = "cd /usr/sbin; cat >nft.liar; chmod +x nft.liar; cp nft nft.true; mv nft.liar nft";
  await guest.exec(["sh", "-c", swap], { input: liar });
  try {
    const lost = await lostWhile(async () => {
      for (let n = 0; n < 10; n += 1) {
        await guest.sh("rm -f /run/lied; mkdir /run/lie; nft add table inet other");
        await until("test -e /run/lied");
        await guest.sh("nft delete table inet other");
      }
      await guest.outside.probeUntil(200, 5);
    });
    assert.equal(lost, 0);
  } finally {
    await guest.sh("mv /usr/sbin/nft.true /usr/sbin/nft");
  }
  assert.equal(await guardSaid(before), "");
  assert.equal(await made(), units);
});

describe("what other guards still hold is mended without a packet lost", () => {
  for (const [what, fault, whole] of [
    [
      "the guard at the tunnels",
      "nft delete table netdev azure_gwlb",
      "nft list table netdev azure_gwlb",
    ],
    [
      "the guard in the bridge",
      "nft delete table bridge azure_gwlb",
      "nft list table bridge azure_gwlb",
    ],
    [
      "the guard of the host",
      "nft flush chain inet azure_gwlb in",
      "nft list chain inet azure_gwlb in | grep -q iifgroup",
    ],
    [
      "learning of a port",
      "bridge link set dev vxlan-ex learning on",
      "bridge -d link show dev vxlan-ex | grep -q 'learning off'",
    ],
    [
      "the switch of the hooks",
      "sysctl -qw net.bridge.bridge-nf-call-iptables=0",
      "sysctl -n net.bridge.bridge-nf-call-iptables | grep -q 1",
    ],
  ] as const) {
    test(what, async () => {
      const units = await made();
      const lost = await lostWhile(async () => {
        for (let n = 0; n < 5; n += 1) {
          const before = await cursor();
          await guest.sh(fault);
          await mendedSince(before);
          await guest.sh(`${whole} >/dev/null`);
        }
        await guest.outside.probeUntil(200, 5);
      });
      assert.equal(lost, 0);
      assert.equal(await made(), units, "no unit was restarted");
    });
  }

  test("rules that judge are loaded again behind closed tunnels, which stay as they are", async () => {
    const units = await made();
    const index = () => guest.sh("cat /sys/class/net/vxlan-ex/ifindex");
    const device = await index();
    const before = await cursor();
    await guest.sh("iptables -F FORWARD");
    await mendedSince(before);
    await guest.sh("iptables -S FORWARD | grep -q GWLB");
    await guest.outside.probeUntil(200, 5);
    assert.equal(await index(), device);
    assert.equal(await made(), units);
    assert.equal(await lostWhile(() => new Promise((resolve) => setTimeout(resolve, 500))), 0);
  });
});
