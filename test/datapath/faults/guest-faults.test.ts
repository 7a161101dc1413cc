/** What breaks on an NVA: the probe hears of it, nothing passes unjudged, the NVA mends itself. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Undo } from "../../../lab/undo";
import { Guest } from "../../support/guest";
import { tcp, udp } from "../../support/innerPackets";

const consumer = "20.0.0.4";
/** Seconds between two probes: what a fault may go unheard of at most. */
const INTERVAL = 5;
/** Seconds until a fault must be mended by the machine itself. */
const MENDED = 20;

const forbidden = tcp({ source: "8.8.8.8", destination: consumer }, [9, 22], "syn");
const allowed = udp({ source: "203.0.113.9", destination: consumer }, [9, 53]);

const undo = new Undo();
let guest: Guest;
before(async () => {
  guest = await Guest.healthy(undo);
});
after(async () => {
  await undo.run();
});

/** Sends forbidden packets while something is done and until it is mended; returns what passed. */
async function underFire(work: () => Promise<unknown>): Promise<number> {
  await guest.outside.take(1, 0);
  const fire = { on: true };
  const firing = (async () => {
    while (fire.on) {
      await guest.outside.send([["ex", forbidden]]);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  try {
    await work();
  } finally {
    fire.on = false;
    await firing;
  }
  return (await guest.outside.take(100_000, 0.3)).length;
}

/** The machine mends itself: health says so, and packets that may pass do. */
async function mended(): Promise<void> {
  await guest.outside.probeUntil(200, MENDED);
  await guest.outside.send([["ex", allowed]]);
  const seen = await guest.outside.take(1, 5);
  assert.deepEqual(
    seen.map(({ frame }) => frame),
    [allowed],
  );
}

/** Health is not 200 at some moment within the probe's interval; returns its first reason. */
async function heard(): Promise<string> {
  const { body } = await guest.outside.probeUntil(503, INTERVAL);
  return JSON.parse(body).problems[0];
}

/** What the scale set's health extension is told. */
async function applicationHealth(): Promise<string> {
  const { body } = await guest.outside.probe("/health/application");
  return JSON.parse(body).ApplicationHealthState;
}

/** Stops the guard, so that a fault stays; the answer lets it go on. */
async function withoutGuard(work: () => Promise<void>): Promise<void> {
  await guest.sh("systemctl stop gwlb-guard");
  try {
    await work();
  } finally {
    await guest.sh("systemctl start gwlb-guard");
  }
}

describe("each fault: nothing forbidden passes, and the machine mends itself", () => {
  for (const [what, fault, reason] of [
    ["a tunnel deleted", "ip link delete vxlan-in", /vxlan-in: no such device/],
    ["a tunnel down", "ip link set vxlan-ex down", /vxlan-ex: /],
    [
      "a tunnel with another VNI",
      "ip link delete vxlan-ex; ip link add vxlan-ex type vxlan id 900 remote 10.7.0.4 dstport 10801 dev eth0; ip link set vxlan-ex master br0 up",
      /azure_gwlb|traffic control|vxlan-ex: vni is 900/,
    ],
    ["a tunnel in another group", "ip link set vxlan-ex group 0", /vxlan-ex: group is default/],
    ["the bridge in another group", "ip link set br0 group 0", /br0: group is default/],
    ["a tunnel out of the bridge", "ip link set vxlan-in nomaster", /vxlan-in: bridge/],
    ["the bridge deleted", "ip link delete br0", /br0: no such device/],
    ["learning on", "bridge link set dev vxlan-ex learning on", /learning/],
    ["the NIC's MTU lowered", "ip link set eth0 mtu 1500", /eth0: mtu is 1500/],
    ["rules flushed", "iptables -F", /iptables: FORWARD/],
    [
      "rules flushed and FORWARD opened",
      "iptables -P FORWARD ACCEPT; iptables -F",
      /iptables: FORWARD/,
    ],
    ["IPv6 rules flushed", "ip6tables -P FORWARD ACCEPT; ip6tables -F", /ip6tables: FORWARD/],
    ["a rule that lets all pass first", "iptables -I FORWARD -j ACCEPT", /iptables: FORWARD/],
    [
      "the hooks off",
      "sysctl -qw net.bridge.bridge-nf-call-iptables=0",
      /bridge-nf-call-iptables is 0/,
    ],
    ["the guard at a tunnel gone", "nft delete table netdev azure_gwlb", /netdev azure_gwlb/],
    ["the guard by traffic control gone", "tc qdisc delete dev vxlan-ex clsact", /traffic control/],
    ["the guard in the bridge gone", "nft delete table bridge azure_gwlb", /bridge azure_gwlb/],
  ] as const) {
    test(what, async () => {
      const passed = await underFire(async () => {
        await withoutGuard(async () => {
          await guest.sh(fault);
          assert.match(await heard(), reason);
        });
        await guest.outside.probeUntil(200, MENDED);
      });
      assert.equal(passed, 0);
      await mended();
    });
  }

  test("with all tables emptied nothing passes, and all of them come back", async () => {
    const passed = await underFire(async () => {
      await guest.sh("nft flush ruleset");
      await guest.outside.probeUntil(503, INTERVAL).catch(() => undefined);
      await guest.outside.probeUntil(200, MENDED);
    });
    assert.equal(passed, 0);
    await mended();
  });

  test("the policy's rules taken out: the agent brings them back", async () => {
    const passed = await underFire(async () => {
      await guest.sh("iptables -F GWLB");
      // So soon that a probe need not see it.
      await guest.sh(
        "timeout 30 sh -c 'until iptables -S GWLB | grep -q -- -A; do sleep 0.05; done'",
      );
      await guest.outside.probeUntil(200, MENDED);
    });
    assert.equal(passed, 0);
    await mended();
  });
});

test("rules that cannot be loaded for a while: closed, then whole again", async () => {
  const passed = await underFire(async () => {
    await guest.sh("mv /usr/sbin/nft /usr/sbin/nft.away; systemctl restart gwlb-firewall || true");
    await heard();
    await guest.sh("mv /usr/sbin/nft.away /usr/sbin/nft");
    await guest.outside.probeUntil(200, MENDED);
  });
  assert.equal(passed, 0);
  await mended();
});

describe("the probe's own side", () => {
  test("a killed health server is back at once", async () => {
    await guest.sh("systemctl kill --signal=KILL gwlb-health");
    await mended();
  });

  test("a stopped one answers nothing, which the probe takes for dead", async () => {
    await guest.sh("systemctl stop gwlb-health");
    assert.equal((await guest.outside.probe()).code, 0);
    await guest.sh("systemctl start gwlb-health");
    await mended();
  });

  test("a stopped data path stays stopped, and health says so", async () => {
    await guest.sh("systemctl stop gwlb-datapath");
    const passed = await underFire(async () => {
      assert.match(await heard(), /gwlb-datapath has not made/);
      await new Promise((resolve) => setTimeout(resolve, 2500));
      assert.match(await heard(), /gwlb-datapath has not made/);
    });
    assert.equal(passed, 0);
    await guest.sh("systemctl start gwlb-datapath");
    await mended();
  });

  test("with the disk full: still true, still mending, also from a fresh start", async () => {
    await guest.sh("fallocate -l $(($(df --output=avail -B1 /var | tail -1) - 4096)) /var/fill");
    await guest.sh("dd if=/dev/zero of=/var/rest bs=4k status=none 2>/dev/null; true");
    try {
      assert.equal((await guest.outside.probe()).code, 200);
      assert.equal(await applicationHealth(), "Unhealthy", "the scale set is to replace it");
      await withoutGuard(async () => {
        await guest.sh("ip link delete vxlan-in");
        assert.match(await heard(), /vxlan-in/);
      });
      await mended();
      await guest.sh("systemctl restart gwlb-firewall gwlb-policy gwlb-health gwlb-guard");
      await mended();
    } finally {
      await guest.sh("rm -f /var/fill /var/rest");
    }
    assert.equal(await applicationHealth(), "Healthy");
  });
});
