/** First boot, silence, and the same machine after a reboot. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Guest } from "../../support/guest";
import { HEALTHY, withHealthyGuest } from "../../support/guest";
import { tcp, udp } from "../../support/innerPackets";
import { settings } from "../../support/outside";

const consumer = "20.0.0.4";
/** Seconds of listening for what the NVA might send by itself; IPv6's and IGMP's start-up is over. */
const SILENCE = 20;

/** Which of its two places a policy was loaded into, and how many were before it, is chance. */
const sameSlot =
  "grep -v '^#' | sed -E 's/\\[[0-9:]+\\]//; s/GWLB-[AB]/GWLB-X/g; s/(set-xmark 0x)[0-9a-f]{1,3}\\/|(set-xmark 0x4)[0-9a-f]+\\//\\1\\2/' | sort -u";

/** All that decides about packets, without what differs by chance: addresses of devices, counters. */
async function state(guest: Guest): Promise<Record<string, string>> {
  const show: Record<string, string> = {
    links:
      "ip -d -o link show | sed -E 's/^[0-9]+: //; s/@if[0-9]+//; s/link-netnsid [0-9]+//; s/([0-9a-f]{1,2}[:.]){5,}[0-9a-f]{1,2}/MAC/g; s/(timer|gc_timer) +[0-9.]+/\\1/g; s/link\\/ether [^ ]+/MAC/g; s/root_id [^ ]+|bridge_id [^ ]+|designated_(root|bridge) [^ ]+//g'",
    addresses: "ip -o -4 addr show | sed -E 's/^[0-9]+: //; s/@if[0-9]+//'",
    // IPv4: the NIC's own IPv6 address appears a second or two after any boot.
    routes: "ip -4 route show table all",
    iptables: `iptables-save | ${sameSlot}`,
    ip6tables: `ip6tables-save | ${sameSlot}`,
    nft: "nft -s list table inet azure_gwlb; nft -s list table bridge azure_gwlb; nft -s list table netdev azure_gwlb",
    sysctls:
      "cd /proc/sys/net && grep -H . bridge/* netfilter/nf_conntrack_tcp_* ipv4/ip_forward ipv6/conf/*/disable_ipv6",
    units:
      "systemctl list-units --all --no-legend --plain 'gwlb-*' | awk '{print $1,$3,$4}'; systemctl is-enabled gwlb-firewall gwlb-datapath gwlb-health gwlb-guard gwlb-flows gwlb-policy",
  };
  const found = await Promise.all(
    Object.entries(show).map(async ([what, line]) => [what, await guest.sh(line)] as const),
  );
  return Object.fromEntries(found);
}

test("healthy, silent, filtering; and all of it again after a reboot", async (t) => {
  await withHealthyGuest(async (guest) => {
    const { outside } = guest;
    const first = await state(guest);

    await t.test("nothing failed on the way", async () => {
      assert.equal((await guest.sh("systemctl --failed --no-legend")).trim(), "");
      assert.equal(
        await guest.sh("systemd-analyze verify /etc/systemd/system/gwlb-*.service 2>&1"),
        "",
      );
    });

    await t.test("sends nothing of its own into the tunnels", async () => {
      assert.deepEqual(await outside.take(1, SILENCE), []);
    });

    await t.test("answers nothing but the probe's path and /metrics", async () => {
      assert.equal((await outside.probe("/etc/passwd")).code, 404);
      assert.equal((await outside.probe("/metrics")).code, 200);
      assert.equal((await outside.probe(`${settings.probePath}?x=1`)).code, 200);
    });

    await guest.reboot();
    // From the disk at first; the metadata service may have confirmed it by the time of the answer.
    const answer = await outside.probeUntil(200, HEALTHY);
    assert.match(JSON.parse(answer.body).policy.source, /^(disk|imds)$/);

    await t.test("is in the same state as before", async () => {
      assert.deepEqual(await state(guest), first);
    });

    await t.test("filters, passes, and was silent all the time", async () => {
      assert.deepEqual(await outside.take(1, 0), []);
      await outside.send([
        ["ex", tcp({ source: "8.8.8.8", destination: consumer }, [1, 22], "syn")],
      ]);
      assert.deepEqual(await outside.take(1, 0.5), []);
      const web = udp({ source: "8.8.8.8", destination: consumer }, [1, 80]);
      await outside.send([["ex", web]]);
      assert.deepEqual(
        (await outside.take(1, 5)).map(({ frame }) => frame),
        [web],
      );
    });
  });
});
