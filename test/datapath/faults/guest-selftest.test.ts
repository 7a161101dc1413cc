/** The self-test: health says which way is lost when nothing passes, whatever the policy says. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bundlePolicy } from "../../../components/policy";
import { Undo } from "../../../lab/undo";
import { Guest } from "../../support/guest";

/** Seconds between two probes: a fault may go unheard of so long. */
const INTERVAL = 5;
const BOTH = /self-test: IPv[46] from (External|Internal)/;
const IN = /self-test: IPv4 from External to Internal/;
const OUT = /self-test: IPv4 from Internal to External/;

const undo = new Undo();
let guest: Guest;
before(async () => {
  guest = await Guest.healthy(undo);
});
after(() => undo.run());

const table = (family: string, chain: string) =>
  `nft 'table ${family} foreign { chain c { type filter hook ${chain}; }; }'`;
const noTable = (family: string) => `nft delete table ${family} foreign`;
const shut = "bpf da bytecode '1,6 0 0 2'";

describe("nothing passes any more, by another's doing: health says which way", () => {
  for (const [what, fault, mend, reason] of [
    [
      "a table in the bridge",
      table("bridge", "forward priority 0; policy drop"),
      noTable("bridge"),
      BOTH,
    ],
    ["a table at FORWARD", table("inet", "forward priority 0; policy drop"), noTable("inet"), BOTH],
    [
      "a table at a tunnel's way in",
      table("netdev", "ingress device vxlan-ex priority 0; policy drop"),
      noTable("netdev"),
      IN,
    ],
    [
      "a table at a tunnel's way out",
      table("netdev", "egress device vxlan-ex priority 10; policy drop"),
      noTable("netdev"),
      OUT,
    ],
    ["mangle", "iptables -t mangle -I FORWARD -j DROP", "iptables -t mangle -F FORWARD", BOTH],
    [
      "mangle, IPv6 alone",
      "ip6tables -t mangle -I FORWARD -j DROP",
      "ip6tables -t mangle -F FORWARD",
      /self-test: IPv6/,
    ],
    [
      "raw, at the NIC",
      "iptables -t raw -I PREROUTING -i eth0 -p udp --dport 10801 -j DROP",
      "iptables -t raw -F PREROUTING",
      IN,
    ],
    [
      "INPUT of the outer packets",
      "iptables -I INPUT -p udp --dport 10800 -j DROP",
      "iptables -D INPUT 1",
      OUT,
    ],
    [
      "OUTPUT of the outer packets",
      "iptables -I OUTPUT -p udp --dport 10800 -j DROP",
      "iptables -D OUTPUT 1",
      IN,
    ],
    [
      "traffic control at a tunnel's way in",
      `tc filter add dev vxlan-ex ingress prio 5 ${shut}`,
      "tc filter delete dev vxlan-ex ingress",
      IN,
    ],
    [
      "traffic control at a tunnel's way out",
      `tc filter add dev vxlan-in egress prio 5 ${shut}`,
      "tc filter delete dev vxlan-in egress prio 5",
      IN,
    ],
  ] as const) {
    test(what, async () => {
      await guest.sh(fault);
      const { body } = await guest.outside.probeUntil(503, INTERVAL);
      assert.match((JSON.parse(body) as { problems: string[] }).problems.join("\n"), reason);
      await guest.sh(mend);
      await guest.outside.probeUntil(200, INTERVAL);
    });
  }

  test("and metrics count it, by way", async () => {
    const metrics = await guest.policy("metrics");
    assert.match(metrics, /gwlb_self_test_lost_total{way="IPv4 from External to Internal"} [1-9]/);
  });
});

describe("entries of forwarding tables, which turn some packets away, are taken out", () => {
  for (const [what, line] of [
    ["of the bridge", "bridge fdb add 12:34:56:78:9a:bc dev vxlan-ex master static"],
    ["of a tunnel", "bridge fdb add 12:34:56:78:9a:bc dev vxlan-in dst 10.7.1.1 self permanent"],
    ["another end for everything", "bridge fdb append 0:0:0:0:0:0 dev vxlan-in dst 10.7.1.1 self"],
  ] as const) {
    test(what, async () => {
      const entries = () => guest.exec(["bridge", "fdb", "show", "br", "br0"]);
      const before = await entries();
      await guest.sh(line);
      assert.notEqual(await entries(), before);
      const end = Date.now() + INTERVAL * 1000;
      while ((await entries()) !== before && Date.now() < end) await sleep(50);
      assert.equal(await entries(), before);
      await guest.outside.probeUntil(200, INTERVAL);
    });
  }
});

test("nothing of it leaves, is counted by a rule, or becomes a flow", async () => {
  const counted = () => guest.policy("counters");
  const flows = () => guest.sh("grep -c unknown /proc/net/nf_conntrack || true");
  await guest.outside.take(1000, 0.1);
  const before = await counted();
  const rounds = () => guest.sh("stat -c %Y /run/azure-gwlb/selftest.json");
  const from = Number(await rounds());
  while (Number(await rounds()) < from + 3) await sleep(100);
  assert.deepEqual(await guest.outside.take(1, 0.2), []);
  assert.equal(await counted(), before);
  assert.equal((await flows()).trim(), "0");
});

test("a policy that lets nothing pass is none of its business", async () => {
  const { userData, hash } = bundlePolicy({ rules: [] });
  await guest.outside.userData(userData);
  await guest.inForce(hash);
  for (let n = 0; n < 20; n += 1) {
    assert.equal((await guest.outside.probe()).code, 200);
    await sleep(150);
  }
});
