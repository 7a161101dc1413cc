/**
 * The fast path's programs, field by field: whatever is odd about a packet keeps it on the long way,
 * though its flow is known. No network is needed, only root.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Undo } from "../../../lab/undo";
import {
  AT,
  changed,
  FastpathRun,
  fromGateway,
  hex8,
  hex16,
  innerFrame,
  LEFT_ALONE,
  OWN_MACS,
  pseudoSum,
  toGateway,
  withHeaderSum,
  withUdpSum,
} from "../../support/fastpathRun";
import { checksum } from "../../support/innerPackets";

const undo = new Undo();
let programs: FastpathRun;
const frames = {
  "TCP over IPv4": innerFrame({ family: 4, protocol: "tcp", port: 40_000, flags: { ack: true } }),
  "UDP over IPv4": innerFrame({ family: 4, protocol: "udp", port: 40_000 }),
  "TCP over IPv6": innerFrame({ family: 6, protocol: "tcp", port: 40_000, flags: { ack: true } }),
  "UDP over IPv6": innerFrame({ family: 6, protocol: "udp", port: 40_000 }),
};
type Kind = keyof typeof frames;
const KINDS = Object.keys(frames) as Kind[];
before(async () => {
  programs = await FastpathRun.start(undo);
});
after(() => undo.run());

/** Asserts that a packet goes the long way as it came, and why; its flow has just been learned. */
async function longWay(kind: Kind, packet: Buffer, reason: string): Promise<void> {
  await programs.learn(frames[kind]);
  const ran = await programs.reflect(packet);
  assert.equal(ran.reason, reason);
  assert.equal(ran.verdict, LEFT_ALONE);
  assert.equal(ran.frame.toString("hex"), packet.toString("hex"));
}

async function fast(kind: Kind, packet: Buffer, expected: Buffer): Promise<void> {
  await programs.learn(frames[kind]);
  const ran = await programs.reflect(packet);
  assert.equal(ran.reason, "fast");
  assert.equal(ran.frame.toString("hex"), expected.toString("hex"));
}

interface Odd {
  what: string;
  at: number;
  bytes: string;
  reason: string;
}

const NOT_TUNNEL = "no tunnel packet of the gateway";
const more = (packet: Buffer, at: number, by: number) => hex16(packet.readUInt16BE(at) + by);
const plain = fromGateway("ex", frames["TCP over IPv4"]);

const outer: Odd[] = [
  { what: "another station's MAC address", at: 5, bytes: "01", reason: "not for this NIC" },
  { what: "the broadcast address", at: 0, bytes: "ffffffffffff", reason: "not for this NIC" },
  { what: "the frame type of IPv6", at: 12, bytes: "86dd", reason: NOT_TUNNEL },
  { what: "the frame type of ARP", at: 12, bytes: "0806", reason: NOT_TUNNEL },
  { what: "a VLAN tag", at: 12, bytes: "8100", reason: NOT_TUNNEL },
  { what: "version 6", at: AT.ip, bytes: "65", reason: NOT_TUNNEL },
  { what: "IP options", at: AT.ip, bytes: "46", reason: NOT_TUNNEL },
  { what: "a header that is too short", at: AT.ip, bytes: "44", reason: NOT_TUNNEL },
  { what: "a congestion mark", at: AT.ip + 1, bytes: "03", reason: "congestion mark" },
  ...[-1, 1].map((by) => ({
    ...{ what: `${by} bytes in the IP header`, at: AT.ip + 2, bytes: more(plain, AT.ip + 2, by) },
    reason: "outer length",
  })),
  { what: "a first fragment", at: AT.ip + 6, bytes: "2000", reason: "outer fragment" },
  { what: "a later fragment", at: AT.ip + 6, bytes: "0001", reason: "outer fragment" },
  { what: "the reserved flag", at: AT.ip + 6, bytes: "8000", reason: "outer fragment" },
  { what: "another protocol", at: AT.ip + 9, bytes: "06", reason: NOT_TUNNEL },
  { what: "another sender", at: AT.ip + 15, bytes: "05", reason: NOT_TUNNEL },
  { what: "another receiver", at: AT.ip + 19, bytes: "06", reason: "not for this NIC" },
  { what: "the other tunnel's port", at: AT.udp + 2, bytes: "2a30", reason: NOT_TUNNEL },
  { what: "another port", at: AT.udp + 2, bytes: "2a32", reason: NOT_TUNNEL },
  ...[-1, 1].map((by) => ({
    ...{
      what: `${by} bytes in the UDP header`,
      at: AT.udp + 4,
      bytes: more(plain, AT.udp + 4, by),
    },
    reason: "outer length",
  })),
  { what: "no VNI flag", at: AT.vxlan, bytes: "00", reason: NOT_TUNNEL },
  { what: "a reserved VXLAN flag", at: AT.vxlan, bytes: "88", reason: NOT_TUNNEL },
  { what: "reserved VXLAN bits", at: AT.vxlan + 3, bytes: "01", reason: NOT_TUNNEL },
  { what: "the other tunnel's VNI", at: AT.vxlan + 4, bytes: "000320", reason: NOT_TUNNEL },
  { what: "another VNI", at: AT.vxlan + 4, bytes: "010321", reason: NOT_TUNNEL },
  { what: "the reserved byte behind the VNI", at: AT.vxlan + 7, bytes: "01", reason: NOT_TUNNEL },
];

describe("an outer packet goes the long way with", () => {
  for (const { what, at, bytes, reason } of outer) {
    test(what, () =>
      longWay("TCP over IPv4", withHeaderSum(changed(plain, at, bytes), AT.ip), reason),
    );
  }

  test("each wrong bit of its header", async () => {
    for (let bit = 0; bit < 160; bit += 1) {
      const at = AT.ip + (bit >> 3);
      const wrong = changed(plain, at, hex8((plain[at] ?? 0) ^ (1 << (bit & 7))));
      const ran = await programs.reflect(wrong);
      assert.equal(ran.verdict, LEFT_ALONE, `bit ${bit}`);
    }
    await longWay("TCP over IPv4", changed(plain, AT.ip + 4, "ffff"), "outer checksum");
  });

  test("bytes behind its end", () =>
    longWay("TCP over IPv4", Buffer.concat([plain, Buffer.alloc(4)]), "outer length"));
});

describe("an outer packet takes the fast path", () => {
  const back = toGateway("in", frames["TCP over IPv4"]);

  test("with any time to live, which begins anew", async () => {
    for (const ttl of [0, 1, 63, 64, 65, 254, 255]) {
      const packet = withHeaderSum(changed(plain, AT.ip + 8, hex8(ttl)), AT.ip);
      await fast("TCP over IPv4", packet, back);
    }
  });

  test("with what else may differ, as it was", async () => {
    for (const [at, bytes] of [
      [AT.ip + 1, "b8"],
      [AT.ip + 1, "01"],
      [AT.ip + 1, "02"],
      [AT.ip + 4, "ffff"],
      [AT.ip + 6, "4000"],
      [AT.udp, "0001"],
    ] as const) {
      const as = (packet: Buffer) => withHeaderSum(changed(packet, at, bytes), AT.ip);
      await fast("TCP over IPv4", as(plain), as(back));
    }
  });
});

describe("the outer UDP checksum", () => {
  for (const kind of KINDS) {
    test(`of ${kind} stays right, by both tunnels`, async () => {
      const frame = frames[kind];
      await fast(kind, fromGateway("ex", frame, true), toGateway("in", frame, true));
      await fast(kind, fromGateway("in", frame, true), toGateway("ex", frame, true));
    });
  }

  test("stays right for each sum, zero as 65535", async () => {
    const sums = new Set<number>();
    for (let id = 0; id < 600; id += 1) {
      // The source port makes any sum.
      const own = (packet: Buffer) => withUdpSum(changed(packet, AT.udp, hex16(0xff00 - id)));
      const expected = own(toGateway("in", frames["UDP over IPv4"]));
      const sum = expected.readUInt16BE(AT.udp + 6);
      if (sum > 2 && sum < 0xfffd) continue;
      sums.add(sum);
      await fast("UDP over IPv4", own(fromGateway("ex", frames["UDP over IPv4"])), expected);
    }
    for (let id = 0; id < 5; id += 1) {
      const base = toGateway("in", frames["UDP over IPv4"]);
      // The port with which the sum becomes 0xffff less the number.
      const now = withUdpSum(changed(base, AT.udp, "0000")).readUInt16BE(AT.udp + 6);
      const source = hex16((now + id) % 0xffff);
      const own = (packet: Buffer) => withUdpSum(changed(packet, AT.udp, source));
      sums.add(own(base).readUInt16BE(AT.udp + 6));
      await fast("UDP over IPv4", own(fromGateway("ex", frames["UDP over IPv4"])), own(base));
    }
    assert.ok(sums.has(0xffff));
    assert.ok(!sums.has(0));
  });

  test("that is wrong stays wrong", async () => {
    const packet = fromGateway("ex", frames["TCP over IPv4"], true);
    const wrong = changed(packet, AT.udp + 6, hex16(packet.readUInt16BE(AT.udp + 6) ^ 0x0101));
    await programs.learn(frames["TCP over IPv4"]);
    const { frame, reason } = await programs.reflect(wrong);
    assert.equal(reason, "fast");
    assert.notEqual(frame.toString("hex"), withUdpSum(frame).toString("hex"));
  });

  test("of merged packets is what each one's sum begins with, and stays", async () => {
    await programs.learn(frames["TCP over IPv4"]);
    const begun = changed(plain, AT.udp + 6, hex16(pseudoSum(plain)));
    const merged = { gsoSize: 1400, gsoSegments: 3 };
    const ran = await programs.reflect(begun, merged);
    assert.equal(ran.reason, "fast");
    assert.equal(ran.frame.readUInt16BE(AT.udp + 6), pseudoSum(plain));
    assert.deepEqual(ran.counted, { fast: [3, plain.length - AT.inner] });
    assert.equal((await programs.reflect(plain, merged)).reason, "fast", "there is none");
    const whole = await programs.reflect(withUdpSum(plain), merged);
    assert.equal(whole.reason, "outer checksum", "of the packets as one, which is never sent");
  });
});

const macs: [what: string, at: number, bytes: string][] = [
  ["to a group", AT.frame, "01005e000001"],
  ["to all", AT.frame, "ffffffffffff"],
  ["from a group", AT.frame + 6, "01005e000001"],
  ["from nobody", AT.frame + 6, "000000000000"],
  ...OWN_MACS.flatMap((mac): [string, number, string][] => [
    [`to our own ${mac}`, AT.frame, mac],
    [`from our own ${mac}`, AT.frame + 6, mac],
  ]),
];

describe("an inner frame goes the long way", () => {
  for (const [what, at, bytes] of macs) {
    test(what, () => longWay("TCP over IPv4", changed(plain, at, bytes), "inner frame"));
  }
  for (const type of ["0806", "8100", "88a8", "8864", "8847", "0000"]) {
    test(`of type ${type}`, () =>
      longWay("TCP over IPv4", changed(plain, AT.frame + 12, type), "inner frame"));
  }

  test("but not to nobody, nor with another station's address", async () => {
    for (const [at, bytes] of [
      [AT.frame, "000000000000"],
      [AT.frame, "fe0123456789"],
      [AT.frame + 6, "0200000000b3"],
    ] as const) {
      const back = changed(toGateway("in", frames["TCP over IPv4"]), at, bytes);
      await fast("TCP over IPv4", changed(plain, at, bytes), back);
    }
  });
});

/** By kind: what makes its inner packet odd. Checksums of IPv4 headers are made right. */
function inner(kind: Kind): Odd[] {
  const packet = fromGateway("ex", frames[kind]);
  const v4 = kind.endsWith("4");
  const [length, next] = v4 ? [AT.inner + 2, AT.inner + 9] : [AT.inner + 4, AT.inner + 6];
  const body = v4 ? AT.v4 : AT.v6;
  const lengths = (at: number, header: string) =>
    [-1, 1, -packet.readUInt16BE(at)].map((by) => ({
      what: `${by} bytes in the ${header} header`,
      ...{ at, bytes: more(packet, at, by), reason: "inner length" },
    }));
  const protocols = [0, 1, 43, 44, 50, 51, 58, 60, 132, 135, 136].map((protocol) => ({
    what: `protocol ${protocol}`,
    ...{ at: next, bytes: hex8(protocol), reason: "inner header" },
  }));
  const header = (version: number, reason = "inner header") => ({
    what: `${version.toString(16)} as its first byte`,
    ...{ at: AT.inner, bytes: hex8(version), reason },
  });
  const fragment = (bytes: string) => ({
    what: `fragment field ${bytes}`,
    ...{ at: AT.inner + 6, bytes, reason: "inner fragment" },
  });
  return [
    ...lengths(length, "IP"),
    ...protocols,
    ...(v4
      ? [header(0x44), header(0x46), header(0x65), fragment("2000"), fragment("0001")]
      : [header(0x45), header(0x70), header(0x00)]),
    ...(v4 ? [fragment("8000"), fragment("6000")] : []),
    ...(kind.startsWith("UDP")
      ? lengths(body + 4, "UDP")
      : [0, 4, 8, 15].map((words) => ({
          what: `a TCP header of ${words} words`,
          ...{ at: body + 12, bytes: hex8(words << 4), reason: "inner length" },
        }))),
  ];
}

for (const kind of KINDS) {
  describe(`${kind}: a packet goes the long way with`, () => {
    const packet = fromGateway("ex", frames[kind]);
    const right = (odd: Buffer) => (kind.endsWith("4") ? withHeaderSum(odd, AT.inner) : odd);

    for (const { what, at, bytes, reason } of inner(kind)) {
      test(what, () => longWay(kind, right(changed(packet, at, bytes)), reason));
      test(`${what}: nothing is learned from it`, async () => {
        // Its flow, read as if it were none of that, is of a port of its own.
        const own = (whole: Buffer) =>
          right(changed(whole, kind.endsWith("4") ? AT.v4 : AT.v6, hex16(50_000 + at)));
        await programs.learn(own(changed(packet, at, bytes)).subarray(AT.frame));
        const { reason: why } = await programs.reflect(own(packet));
        assert.equal(why, "unknown flow");
      });
    }

    test("bytes behind its end", () => {
      const longer = fromGateway("ex", Buffer.concat([frames[kind], Buffer.alloc(6)]));
      return longWay(kind, longer, "inner length");
    });

    if (kind.endsWith("4")) {
      test("a wrong header checksum", async () => {
        const sum = checksum(packet.subarray(AT.inner, AT.v4));
        assert.equal(sum, 0);
        await longWay(kind, changed(packet, AT.inner + 8, "2a"), "inner checksum");
      });
    }
  });
}
