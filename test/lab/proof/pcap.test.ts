import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { PcapReader } from "../../../lab/proof/pcap";
import { pcapFile } from "../../support/pcapFile";

describe("PcapReader", () => {
  test("reads time, addresses, ports and flags", () => {
    const file = pcapFile([{ at: 1_700_000_000_123_456_789n, tcp: [0x12, 7, 8], length: 1500 }]);
    assert.deepEqual(new PcapReader().push(file), [
      {
        at: 1_700_000_000_123_456_789n,
        source: "8.8.8.8",
        destination: "203.0.113.1",
        protocol: 6,
        length: 1500,
        ttl: 64,
        dontFragment: true,
        fragment: false,
        sourcePort: 40000,
        destinationPort: 80,
        tcp: { flags: 0x12, sequence: 7, acknowledgement: 8 },
      },
    ]);
  });

  test("takes ports from the first fragment only", () => {
    const fragments = [{ place: 0x2000 }, { place: 0x20b9 }, { place: 0x0172 }];
    const read = new PcapReader().push(pcapFile(fragments.map((f) => ({ ...f, protocol: 17 }))));
    assert.deepEqual(
      read.map(({ fragment, sourcePort }) => [fragment, sourcePort]),
      [
        [true, 40000],
        [true, undefined],
        [true, undefined],
      ],
    );
  });

  test("leaves out what is not IPv4", () => {
    const read = new PcapReader().push(pcapFile([{ etherType: 0x0806 }, {}]));
    assert.equal(read.length, 1);
  });

  test("reads what VXLAN's outer packets carry, where that is asked for", () => {
    const inner = { length: 1500, source: "198.51.100.7" };
    const file = pcapFile([
      { ...inner, carried: true },
      { carried: true, etherType: 0x0806 },
    ]);
    assert.deepEqual(
      new PcapReader(true).push(file).map(({ source, length }) => [source, length]),
      [["198.51.100.7", 1500]],
    );
  });

  test("refuses what is not a capture", () => {
    assert.throws(() => new PcapReader().push(Buffer.alloc(64, "x")), /not a pcap file/);
  });

  test("finds the same packets however the file is cut", () => {
    const file = pcapFile([1n, 2n, 3n].map((at) => ({ at })));
    fc.assert(
      fc.property(fc.array(fc.nat(file.length), { maxLength: 12 }), (places) => {
        const reader = new PcapReader();
        const cuts = [0, ...places.sort((a, b) => a - b), file.length];
        const read = cuts.flatMap((cut, i) => reader.push(file.subarray(cuts[i - 1] ?? 0, cut)));
        assert.deepEqual(
          read.map((packet) => packet.at),
          [1n, 2n, 3n],
        );
      }),
    );
  });
});
