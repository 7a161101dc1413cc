import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PcapReader } from "../../../lab/proof/pcap";
import { handshakeTransits } from "../../../lab/proof/transit";
import { type Frame, pcapFile } from "../../support/pcapFile";

const packets = (frames: Frame[]) => new PcapReader().push(pcapFile(frames));
const client = "203.0.113.9";
const server = "20.0.0.4";
const syn = (at: bigint, sequence = 5): Frame => ({
  ...{ at, source: client, destination: server, tcp: [2, sequence, 0] },
});
const synAck = (at: bigint, acknowledgement = 6): Frame => ({
  ...{ at, source: server, destination: client, ports: [80, 40000] },
  tcp: [0x12, 900, acknowledgement],
});

describe("handshakeTransits", () => {
  for (const { name, external, internal, want } of [
    {
      name: "adds the way in and the way back",
      external: [syn(100n), synAck(270n)],
      internal: [syn(130n), synAck(250n)],
      want: { handshakes: [50], incomplete: 0 },
    },
    {
      name: "counts what did not come out",
      external: [syn(100n)],
      internal: [],
      want: { handshakes: [], incomplete: 1 },
    },
    {
      name: "takes the first of two sightings",
      external: [syn(100n), syn(900n), synAck(270n)],
      internal: [syn(130n), syn(990n), synAck(250n)],
      want: { handshakes: [50], incomplete: 0 },
    },
    {
      name: "keeps connections on one port apart by their sequence numbers",
      external: [syn(0n, 1), synAck(9n, 2), syn(10n, 7), synAck(20n, 8)],
      internal: [syn(1n, 1), synAck(8n, 2), syn(13n, 7), synAck(17n, 8)],
      want: { handshakes: [2, 6], incomplete: 0 },
    },
    {
      name: "follows sequence numbers around zero",
      external: [syn(0n, 0xffffffff), synAck(9n, 0)],
      internal: [syn(1n, 0xffffffff), synAck(8n, 0)],
      want: { handshakes: [2], incomplete: 0 },
    },
    {
      name: "leaves other ports and other packets out",
      external: [{ ...syn(1n), ports: [40000, 22] as [number, number] }, { protocol: 17 }],
      internal: [],
      want: { handshakes: [], incomplete: 0 },
    },
  ]) {
    test(name, () => {
      assert.deepEqual(handshakeTransits(packets(external), packets(internal), 80), want);
    });
  }
});
