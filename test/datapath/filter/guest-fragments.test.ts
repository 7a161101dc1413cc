/** Fragments that nobody completes do not keep those of others from being put together. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Undo } from "../../../lab/undo";
import { Guest } from "../../support/guest";
import { ethernet, fragments, udpBody } from "../../support/innerPackets";

const there = { source: "203.0.113.9", destination: "20.0.0.4" };
const [CLIENT6, SERVICE6] = [
  "20010db8000000000000000000000009",
  "20010db8000000000000000000000004",
];
/** First fragments of as many packets, each as long as the wire takes. */
const MANY = 5000;
const SIZE = 1440;
/** Seconds until a datagram has come, and until one that is not completed is forgotten. */
const [SOON, FORGOTTEN] = [10, 6];

const undo = new Undo();
let guest: Guest;
before(async () => {
  guest = await Guest.healthy(undo);
});
after(() => undo.run());

interface Family {
  /** Fragments of one UDP datagram, by its number. */
  datagram: (id: number) => Buffer[];
  /** Kernel's memory for fragments, bytes. */
  limit: string;
}

/** Fragments of a UDP datagram over IPv6. */
function fragments6(id: number, body: Buffer): Buffer[] {
  return [0, 1].map((index) => {
    const part = body.subarray(index * SIZE, (index + 1) * SIZE);
    const head = Buffer.alloc(8);
    head[0] = 17;
    head.writeUInt16BE((index * SIZE) | (1 - index), 2);
    head.writeUInt32BE(id, 4);
    const first = Buffer.from([0x60, 0, 0, 0, 0, 0, 44, 42]);
    first.writeUInt16BE(8 + part.length, 4);
    const packet = [first, Buffer.from(CLIENT6 + SERVICE6, "hex"), head, part];
    return ethernet(0x86dd, Buffer.concat(packet));
  });
}

/** UDP header and payload over IPv6, with its checksum. */
function udpBody6(payload: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from("c3500035", "hex"), Buffer.alloc(4), payload]);
  body.writeUInt16BE(body.length, 4);
  const tail = Buffer.from([0, 0, body.length >> 8, body.length & 255, 0, 0, 0, 17]);
  let sum = 0;
  const summed = Buffer.concat([Buffer.from(CLIENT6 + SERVICE6, "hex"), tail, body]);
  for (let at = 0; at < summed.length; at += 2) sum += summed.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  body.writeUInt16BE(~sum & 0xffff, 6);
  return body;
}

const body = udpBody(there, [50_000, 53], Buffer.alloc(2 * SIZE - 8, "f"));
const body6 = udpBody6(Buffer.alloc(2 * SIZE - 8, "f"));
const families: Record<string, Family> = {
  IPv4: {
    datagram: (id) => fragments({ ...there, id }, body, SIZE),
    limit: "net.ipv4.ipfrag_high_thresh",
  },
  IPv6: {
    datagram: (id) => fragments6(id, body6),
    limit: "net.netfilter.nf_conntrack_frag6_high_thresh",
  },
};

/** Sends the first fragments of many datagrams. */
async function begin({ datagram }: Family, count: number, from: number): Promise<void> {
  for (let id = from; id < from + count; id += 500) {
    const firsts = Array.from({ length: Math.min(500, from + count - id) }, (_, at) =>
      datagram(id + at).slice(0, 1),
    );
    await guest.outside.send(firsts.flat().map((frame) => ["ex", frame] as const));
  }
}

/** True if a whole datagram comes through in time. */
async function comes({ datagram }: Family, id: number, seconds: number): Promise<boolean> {
  const frames = datagram(id);
  await guest.outside.take(100_000, 0);
  await guest.outside.send(frames.map((frame) => ["ex", frame] as const));
  const seen = await guest.outside.take(frames.length, seconds);
  return seen.length === frames.length;
}

for (const [name, family] of Object.entries(families)) {
  describe(name, () => {
    test("many packets are begun and not completed: others come whole at once", async () => {
      assert.ok(await comes(family, 1, SOON));
      await begin(family, MANY, 1000);
      assert.ok(await comes(family, 2, SOON));
    });

    test("with all of the memory taken, others come whole again within seconds", async () => {
      await guest.sh("systemctl stop gwlb-flows");
      try {
        await guest.sh(`sysctl -qw ${family.limit.replace("high", "low")}=100000`);
        await guest.sh(`sysctl -qw ${family.limit}=1000000`);
        const begun = Date.now();
        await begin(family, 1500, 10_000);
        assert.equal(await comes(family, 3, 0.2), false, "there is no room");
        while (!(await comes(family, 4, 0.2))) {
          assert.ok(Date.now() - begun < 2 * FORGOTTEN * 1000, "they are forgotten in time");
        }
      } finally {
        await guest.sh("systemctl start gwlb-flows");
      }
    });
  });
}

test("metrics count what was not put together, and the memory that it takes", async () => {
  const failed = 'gwlb_reassembly_failures_total{family="4"}';
  const before = await guest.metric(failed);
  const ipv4Family = families.IPv4;
  assert.ok(ipv4Family);
  await begin(ipv4Family, 10, 40_000);
  assert.ok((await guest.metric("gwlb_reassembly_bytes")) > 10 * SIZE);
  assert.ok((await guest.metric("gwlb_reassembly_limit_bytes")) >= 32 << 20);
  for (
    const end = Date.now() + 2 * FORGOTTEN * 1000;
    (await guest.metric(failed)) < before + 10;
  ) {
    assert.ok(Date.now() < end, "those that were forgotten are counted");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
});
