/** Packets of running flows pass the NVA by a shorter way, and only those; no fault keeps it open. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { bundlePolicy } from "../../../components/policy/bundle";
import { run } from "../../../lab/run";
import { Undo } from "../../../lab/undo";
import { changed, fromGateway } from "../../support/fastpathRun";
import { Guest, policy } from "../../support/guest";
import { fragments, ipv4, tcp, udp, udp6, udpBody } from "../../support/innerPackets";
import { offload } from "../../support/offload";
import type { Side } from "../../support/outside";

const NIC_MAC = "000d3a000005";
const client = "203.0.113.9";
const consumer = "20.0.0.4";
const there = { source: client, destination: consumer };
const back = { source: consumer, destination: client };
/** Enough for what will come to have come, and to know that nothing comes. */
const [SOON, NEVER] = [5, 0.3];
/** Seconds in which a flow must have ended once nothing lets it through any more. */
const ENDS = 3;
const other = (side: Side): Side => (side === "in" ? "ex" : "in");

const undo = new Undo();
let guest: Guest;
/** Each test has flows of its own. */
let port = 50_000;
before(async () => {
  guest = await Guest.healthy(undo);
});
beforeEach(() => {
  port += 10;
});
after(() => undo.run());

/** Packets that have gone the fast path. */
const fast = () => guest.metric("gwlb_express_packets_total");

async function passes(...frames: (readonly [Side, Buffer])[]): Promise<void> {
  await guest.outside.send(frames);
  const seen = await guest.outside.take(frames.length, SOON);
  assert.deepEqual(
    seen.map(({ side, vni, frame }) => [side, vni, frame.toString("hex")]),
    frames.map(([side, frame]) => [other(side), side === "in" ? 801 : 800, frame.toString("hex")]),
  );
}

/** True if the NVA lets a frame through. */
async function comes(side: Side, frame: Buffer): Promise<boolean> {
  await guest.outside.take(1000, 0);
  await guest.outside.send([[side, frame]]);
  return (await guest.outside.take(1, NEVER)).length > 0;
}

const ask = () => udp(there, [port, 53]);
const answer = () => udp(back, [53, port]);

/** A flow of UDP that has gone the fast path. */
async function running(): Promise<void> {
  const before = await fast();
  await passes(["ex", ask()], ["in", answer()]);
  for (let n = 0; n < 4; n += 1) await passes(["ex", ask()], ["in", answer()]);
  assert.ok((await fast()) > before, "some of them went the fast path");
}

describe("a running flow takes the fast path, each inner packet as it was", () => {
  test("UDP", running);

  test("UDP over IPv6", async () => {
    const [a, b] = ["20010db8000000000000000000000009", "20010db8000000000000000000000004"];
    const before = await fast();
    for (let n = 0; n < 5; n += 1) {
      await passes(["ex", udp6(a, b, [port, 53])], ["in", udp6(b, a, [53, port])]);
    }
    assert.ok((await fast()) > before);
  });

  test("TCP from its handshake on; the kernel still knows it as established", async () => {
    const before = await fast();
    await passes(["ex", tcp(there, [port, 443], "syn")]);
    await passes(["in", tcp(back, [443, port], "syn-ack")]);
    for (let n = 0; n < 4; n += 1) {
      await passes(["ex", tcp(there, [port, 443], "ack")], ["in", tcp(back, [443, port], "ack")]);
    }
    assert.ok((await fast()) > before);
    const code =
      "import sys; sys.path.insert(0, '/opt/azure-gwlb'); from gwlb.drain import flows; " +
      "print(flows.count().living)";
    assert.ok(Number(await guest.exec(["python3", "-c", code])) > 0);
  });

  test("the answer to a SYN lets one packet through, and not another", async () => {
    // What it leaves ends with its second, which may be just now: then another flow shows it.
    for (let own = port + 1; own < port + 9; own += 1) {
      const before = await fast();
      await passes(["ex", tcp(there, [own, 443], "syn")]);
      await passes(["in", tcp(back, [443, own], "syn-ack")]);
      for (let n = 0; n < 3; n += 1) await passes(["ex", tcp(there, [own, 443], "ack")]);
      const gone = (await fast()) - before;
      assert.ok(
        gone <= 2,
        "one by the cookie; the second is judged, and the third goes by its entry",
      );
      if (gone === 2) return;
    }
    assert.fail("no packet was let through");
  });

  test("with a checksum in the outer header that is no longer left to the hardware", async () => {
    await offload(guest.outside.netns, "wire", "checksums", false);
    await running();
  });

  test("with one that the kernel completes, as the NIC does not", async () => {
    await offload(guest.outside.netns, "wire", "checksums", true);
    await offload(guest.netns, "eth0", "checksums", false);
    try {
      await running();
    } finally {
      await offload(guest.netns, "eth0", "checksums", true);
    }
  });

  test("the counter of running flows has them all", async () => {
    await passes(["ex", ask()]);
    const counted = await guest.counted("flow");
    for (let n = 0; n < 10; n += 1) await passes(["ex", ask()]);
    assert.equal(await guest.counted("flow"), counted + 10);
  });
});

describe("what is to be judged does not go the fast path", () => {
  for (const [what, frames] of [
    [
      "what opens or ends a connection",
      () => (["syn", "rst"] as const).map((flags) => tcp(there, [port, 443], flags)),
    ],
    [
      "a packet with options",
      () => [udp({ ...there, options: Buffer.from("9404000001010100", "hex") }, [port, 53])],
    ],
    [
      "fragments",
      () => fragments({ ...there, id: 7 }, udpBody(there, [port, 53], Buffer.alloc(3000)), 1480),
    ],
    [
      "ICMP",
      () => [ipv4({ ...there, protocol: "icmp", body: Buffer.from("0800e5ca12340001", "hex") })],
    ],
  ] as const) {
    test(what, async () => {
      for (let n = 0; n < 3; n += 1) await passes(["ex", ask()], ["in", answer()]);
      for (let n = 0; n < 3; n += 1) {
        await passes(["ex", tcp(there, [port, 443], "ack")], ["in", tcp(back, [443, port], "ack")]);
      }
      const before = await fast();
      for (let n = 0; n < 3; n += 1) {
        const sent = frames();
        await guest.outside.send(sent.map((frame) => ["ex", frame] as const));
        assert.equal((await guest.outside.take(sent.length, SOON)).length, sent.length);
      }
      assert.equal(await fast(), before);
    });
  }

  test("a packet of the flow from another address than the gateway's", async () => {
    await running();
    const vxlan = Buffer.concat([Buffer.from("0800000000032100", "hex"), ask()]);
    const code =
      "import socket, sys; link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); " +
      "link.bind(('10.7.0.9', 40000)); " +
      "[link.sendto(bytes.fromhex(sys.argv[1]), ('10.7.1.5', 10801)) for _ in range(5)]";
    const enter = ["ip", "netns", "exec", guest.outside.netns];
    await run([...enter, "ip", "address", "add", "10.7.0.9/32", "dev", "lo"]);
    await run([...enter, "python3", "-c", code, vxlan.toString("hex")]);
    assert.deepEqual(await guest.outside.take(1, NEVER), []);
  });
});

describe("a packet of a running flow that no tunnel of the kernel's would take", () => {
  /** Sends a packet of the gateway ten times, byte by byte; gives how many of it came back. */
  async function returned(packet: Buffer, seconds: number): Promise<number> {
    await running();
    const code =
      "import socket, sys; link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); " +
      "link.bind(('wire', 0)); [link.send(bytes.fromhex(sys.argv[1])) for _ in range(10)]";
    const enter = ["ip", "netns", "exec", guest.outside.netns];
    // The fast path sends a packet back to the station that it came from.
    const { stdout } = await run([...enter, "cat", "/sys/class/net/wire/address"]);
    const own = changed(packet, 6, stdout.trim().replaceAll(":", ""));
    await passes(["ex", ask()]);
    await run([...enter, "python3", "-c", code, own.toString("hex")]);
    return (await guest.outside.take(10, seconds)).length;
  }
  const sent = () => changed(fromGateway("ex", ask()), 0, NIC_MAC);

  test("is none that is sent as it should be", async () => {
    assert.equal(await returned(sent(), SOON), 10);
  });

  test("has another station's MAC address", async () => {
    assert.equal(await returned(changed(sent(), 5, "06"), NEVER), 0);
  });

  test("has a VLAN tag", async () => {
    const packet = sent();
    const tag = Buffer.from("81000005", "hex");
    const tagged = Buffer.concat([packet.subarray(0, 12), tag, packet.subarray(12)]);
    assert.equal(await returned(tagged, NEVER), 0);
  });
});

test("programs that the kernel refuses leave everything to the long way, and the journal has why", async () => {
  await guest.sh(
    "cp /opt/azure-gwlb/fastpath/fastpath.o /tmp/; " +
      // The first instruction is `exit` now.
      "printf '\\225\\0\\0\\0\\0\\0\\0\\0' | " +
      "dd of=/opt/azure-gwlb/fastpath/fastpath.o bs=1 seek=64 conv=notrunc status=none; " +
      "systemctl restart gwlb-datapath",
  );
  try {
    const text = await guest.sh("journalctl -b -u gwlb-datapath -o cat --no-pager");
    const line = text.split("\n").find((one) => one.startsWith("no fast path")) ?? "";
    assert.match(line, /^no fast path for packets of running flows: eBPF: .*unreachable insn/);
    assert.ok(line.length < 800, `${line.length}`);
    await guest.outside.probeUntil(200, 30);
    const before = await fast();
    for (let n = 0; n < 5; n += 1) await passes(["ex", ask()], ["in", answer()]);
    assert.equal(await fast(), before);
  } finally {
    await guest.sh("mv /tmp/fastpath.o /opt/azure-gwlb/fastpath/; systemctl restart gwlb-datapath");
    await guest.outside.probeUntil(200, 30);
  }
  await running();
});

describe("what lets nothing through any more ends a running flow, too", () => {
  /** Runs with a flow under way and nobody who mends anything. */
  async function endsAfter(fault: string, seconds: number): Promise<void> {
    await running();
    await guest.sh("systemctl stop gwlb-guard gwlb-policy");
    try {
      await guest.sh(fault);
      const end = Date.now() + seconds * 1000;
      while (await comes("ex", ask())) assert.ok(Date.now() < end, "the flow goes on");
      assert.equal(await comes("in", answer()), false);
    } finally {
      await guest.sh(
        "systemctl restart gwlb-firewall; systemctl start gwlb-datapath gwlb-guard gwlb-policy",
      );
      await guest.outside.probeUntil(200, 30);
    }
  }

  for (const [what, fault, seconds] of [
    ["rules flushed", "iptables -F", ENDS],
    ["all tables emptied", "nft flush ruleset", ENDS],
    ["a tunnel down", "ip link set vxlan-in down", ENDS],
    [
      "the hooks off",
      "sysctl -qw net.bridge.bridge-nf-call-iptables=0; ip link set br0 type bridge nf_call_iptables 0",
      ENDS,
    ],
    ["the data path stopped", "systemctl stop gwlb-datapath", 0],
  ] as const) {
    test(what, () => endsAfter(fault, seconds));
  }

  test("a policy that forbids it, from the moment that it is in force", async () => {
    await running();
    const strict = bundlePolicy({ ...policy, defaultInbound: "drop" });
    await guest.outside.userData(strict.userData);
    const inForce = () => guest.sh("cat /run/azure-gwlb/policy.json");
    while (!(await inForce()).includes(`"hash": "${strict.hash}"`)) await comes("ex", ask());
    assert.equal(await comes("ex", ask()), false);
    assert.equal(await comes("in", answer()), false);
  });
});
