/** What the NVA does with each packet, seen byte by byte from the gateway's end of both tunnels. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { FirewallRule } from "../../../components/policy";
import { Undo } from "../../../lab/undo";
import { Guest, policy, RULE } from "../../support/guest";
import { ethernet, fragments, ipv4, tcp, udp, udp6, udpBody } from "../../support/innerPackets";
import type { Side } from "../../support/outside";
import { bytes, ethernetOf, ipv6Bytes, withChecksum } from "../../support/packetBytes";

/** The consumer's public address, which the NVA still sees as destination. */
const consumer = "20.0.0.4";
const client = "203.0.113.9";
/** Enough for whatever will come to have come. */
const SOON = 5;
/** Enough to know that nothing comes: a passing packet takes well below a millisecond. */
const NEVER = 0.5;
const other = (side: Side): Side => (side === "in" ? "ex" : "in");
const vni = { in: 800, ex: 801 };

const OVER_IPV6: FirewallRule = {
  ...{ name: "no-ssh-over-ipv6", action: "drop", direction: "inbound" },
  ...{ sources: ["2001:db8:8::8"], protocol: "tcp", ports: ["22"] },
};

const undo = new Undo();
let guest: Guest;
before(async () => {
  guest = await Guest.healthy(undo, { ...policy, rules: [...policy.rules, OVER_IPV6] });
});
after(() => undo.run());

/** Sends frames and expects each, byte for byte and in order, by the other tunnel alone. */
async function passes(frames: readonly (readonly [Side, Buffer])[]): Promise<void> {
  await guest.outside.send(frames);
  const seen = await guest.outside.take(frames.length, SOON);
  assert.deepEqual(
    seen.map(({ side, vni: id, frame }) => [side, id, frame.toString("hex")]),
    frames.map(([side, frame]) => [other(side), vni[other(side)], frame.toString("hex")]),
  );
  assert.deepEqual(await guest.outside.take(1, 0.05), [], "and nothing twice");
}

async function vanishes(frames: Parameters<typeof guest.outside.send>[0]): Promise<void> {
  await guest.outside.send(frames);
  assert.deepEqual(await guest.outside.take(1, NEVER), []);
}

describe("the reference rule", () => {
  const from = { source: "8.8.8.8", destination: consumer };

  test("drops 8.8.8.8 to port 22, and counts each packet", async () => {
    const counted = await guest.counted(RULE);
    const frames = [1, 2, 3].map((port) => ["ex", tcp(from, [port, 22], "syn")] as const);
    await vanishes(frames);
    assert.equal(await guest.counted(RULE), counted + frames.length);
  });

  test("lets the same client pass to port 80, and another client to port 22", async () => {
    await passes([
      ["ex", tcp(from, [4000, 80], "syn")],
      ["ex", tcp({ source: client, destination: consumer }, [4000, 22], "syn")],
    ]);
  });
});

describe("a forbidden TCP flow", () => {
  const client6 = "20010db8000800000000000000000008";
  const server6 = "26031030000000000000000000000001";
  const [SYN, ACK, SYN_ACK] = [2, 16, 18];
  const segment = (port: number, flags: number, back = false) => {
    const ends = { source: back ? server6 : client6, destination: back ? client6 : server6 };
    const ports = back ? bytes(2, 22, 2, port) : bytes(2, port, 2, 22);
    const rest = bytes(4, 1000, 4, flags & ACK ? 1001 : 0, 1, 0x50, 1, flags, 2, 60_000, 4, 0);
    return { ...ends, body: withChecksum(6, ends, Buffer.concat([ports, rest]), 16) };
  };
  const plain = (...args: Parameters<typeof segment>) =>
    ethernetOf(ipv6Bytes({ ...segment(...args), protocol: 6 }));
  const headers = {
    ah: [51, `04${"0".repeat(44)}`],
    options: [60, `000104${"0".repeat(8)}`],
  } as const;

  let port = 20_006;
  for (const chain of [["ah"], ["options", "ah"], ["ah", "options"]] as const) {
    test(`is not opened by a packet with ${chain.join(" and ")} in front`, async () => {
      port += 1;
      const first = segment(port, SYN);
      const { protocol, body } = chain.reduceRight(
        (inner, name) => {
          const [number, rest] = headers[name];
          const head = Buffer.concat([bytes(1, inner.protocol), Buffer.from(rest, "hex")]);
          return { protocol: number, body: Buffer.concat([head, inner.body]) };
        },
        { protocol: 6, body: first.body },
      );
      // The policy allows any other protocol.
      await passes([["ex", ethernetOf(ipv6Bytes({ ...first, protocol, body }))]]);
      await vanishes([["ex", plain(port, SYN)]]);
      await passes([["in", plain(port, SYN_ACK, true)]]);
      await vanishes([
        ["ex", plain(port, ACK)],
        ["ex", plain(port, ACK | 8)],
      ]);
    });
  }
});

describe("the inner packet is the same after as before", () => {
  const out = { source: client, destination: consumer };
  const back = { source: consumer, destination: client };

  test("both directions of a TCP connection", async () => {
    await passes([["ex", tcp(out, [50_000, 443], "syn")]]);
    await passes([["in", tcp(back, [443, 50_000], "syn-ack")]]);
    await passes([
      ["ex", tcp(out, [50_000, 443], "ack")],
      ["in", tcp(back, [443, 50_000], "ack")],
    ]);
  });

  test("1,500 bytes with DF, both ways", async () => {
    const full = { dontFragment: true, id: 0 };
    await passes([
      ["ex", udp({ ...out, ...full }, [50_001, 53], Buffer.alloc(1472, 0xa5))],
      ["in", udp({ ...back, ...full }, [53, 50_001], Buffer.alloc(1472, 0x5a))],
    ]);
  });

  for (const [what, fields] of [
    ["TTL 1", { ttl: 1 }],
    ["TTL 255", { ttl: 255 }],
    ["IP id and type of service", { id: 0xbeef, tos: 0xb8 }],
    ["IP options", { options: Buffer.from("9404000001010100", "hex") }],
  ] as const) {
    test(what, () => passes([["ex", udp({ ...out, ...fields }, [50_002, 53])]]));
  }

  test("no payload, and an odd length", async () => {
    await passes([
      ["ex", udp(out, [50_003, 53], Buffer.alloc(0))],
      ["ex", udp(out, [50_003, 53], Buffer.from("odd"))],
    ]);
  });

  test("ICMP echo and its reply", async () => {
    const echo = (type: number) => {
      const body = Buffer.from([type, 0, 0, 0, 0x12, 0x34, 0, 1]);
      body.writeUInt16BE(~((type << 8) + 0x1234 + 1) & 0xffff, 2);
      return body;
    };
    await passes([["ex", ipv4({ ...out, protocol: "icmp", body: echo(8) })]]);
    await passes([["in", ipv4({ ...back, protocol: "icmp", body: echo(0) })]]);
  });

  test("IPv6", async () => {
    const [a, b] = ["20010db8000000000000000000000009", "20010db8000000000000000000000004"];
    await passes([
      ["ex", udp6(a, b, [50_004, 53])],
      ["in", udp6(b, a, [53, 50_004])],
    ]);
  });

  test("fragments: their content, whole and in order", async () => {
    const body = udpBody(out, [50_005, 53], Buffer.alloc(3600, "fragment"));
    const sent = fragments({ ...out, id: 7 }, body, 1480);
    await guest.outside.send(sent.map((frame) => ["ex", frame] as const));
    const seen = await guest.outside.take(sent.length, SOON);
    assert.deepEqual(
      seen.map(({ side, frame }) => [side, frame.toString("hex")]),
      sent.map((frame) => ["in", frame.toString("hex")]),
    );
  });
});

describe("MAC addresses that the gateway may write", () => {
  const [a, b, c] = ["0a0000000011", "0a0000000012", "123456789abc"];
  const broadcast = "ffffffffffff";
  for (const [what, there, back] of [
    ["each end its own", { source: a, destination: b }, { source: b, destination: a }],
    ["the same both ways", { source: a, destination: b }, { source: a, destination: b }],
    ["equal ones", { source: c, destination: c }, { source: c, destination: c }],
    [
      "destination seen as source there",
      { source: b, destination: a },
      { source: a, destination: a },
    ],
    ["one source, two destinations", { source: c, destination: a }, { source: c, destination: b }],
    ["two sources, one destination", { source: a, destination: c }, { source: b, destination: c }],
    ["to everybody", { source: a, destination: broadcast }, { source: b, destination: broadcast }],
  ] as const) {
    test(`${what}: three rounds, none lost`, async () => {
      for (const round of [1, 2, 3]) {
        const port = 52_000 + round;
        await passes([
          ["ex", udp({ source: client, destination: consumer }, [port, 53], undefined, there)],
        ]);
        await passes([
          ["in", udp({ source: consumer, destination: client }, [53, port], undefined, back)],
        ]);
      }
    });
  }
});

describe("what is not for the rules does not pass", () => {
  const ip = udp({ source: client, destination: consumer }, [50_006, 53]).subarray(14);
  const tag = (type: number) => Buffer.concat([Buffer.from([0, 5, type >> 8, type & 255]), ip]);
  for (const [what, frame] of [
    ["ARP", ethernet(0x0806, Buffer.alloc(28, 1))],
    ["a VLAN tag", ethernet(0x8100, tag(0x0800))],
    ["a provider's VLAN tag", ethernet(0x88a8, tag(0x0800))],
    ["PPPoE", ethernet(0x8864, Buffer.concat([Buffer.from("110000010022" + "0021", "hex"), ip]))],
    ["MPLS", ethernet(0x8847, Buffer.concat([Buffer.from("00001140", "hex"), ip]))],
    ["IP under a wrong type", ethernet(0x0805, ip)],
    [
      "a spanning tree's frame",
      ethernet(0x0026, Buffer.alloc(38), { source: "0a0000000001", destination: "0180c2000000" }),
    ],
  ] as const) {
    for (const side of ["ex", "in"] as const) {
      test(`${what}, by ${side}`, () => vanishes([[side, frame]]));
    }
  }

  test("a packet with another VNI", () =>
    vanishes([["ex", udp({ source: client, destination: consumer }, [50_007, 53]), 900]]));

  test("a packet for the NVA's own addresses gets no answer", async () => {
    for (const destination of ["192.168.255.1", "192.168.255.3", "10.7.1.5"]) {
      const mac = (await guest.sh("cat /sys/class/net/br0/address")).trim().replaceAll(":", "");
      const macs = { source: "0a0000000001", destination: mac };
      await vanishes([
        ["ex", tcp({ source: client, destination }, [50_008, 8080], "syn", undefined, macs)],
      ]);
    }
  });
});
