/** Writes captures for tests of what reads them. */

export interface Frame {
  at?: bigint;
  source?: string;
  destination?: string;
  protocol?: number;
  /** The fragment field of the IP header: 0x4000 is DF, 0x2000 more fragments, below the offset. */
  place?: number;
  length?: number;
  ports?: [number, number];
  tcp?: [flags: number, sequence: number, acknowledgement: number];
  etherType?: number;
  /** True for a frame in the outer packet of a VXLAN tunnel. */
  carried?: boolean;
}

/** A little-endian nanosecond capture of Ethernet frames, as tcpdump writes it on x86. */
export function pcapFile(frames: readonly Frame[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b23c4d, 0);
  header.writeUInt32LE(1, 20);
  return Buffer.concat([header, ...frames.map(record)]);
}

function record(frame: Frame): Buffer {
  const [from, to] = frame.ports ?? [40000, 80];
  const [flags, sequence, acknowledgement] = frame.tcp ?? [0x10, 0, 0];
  const outer = Buffer.alloc(frame.carried ? 14 + 20 + 8 + 8 : 0);
  if (frame.carried) {
    outer.writeUInt16BE(0x0800, 12);
    outer.writeUInt8(0x45, 14);
  }
  const bytes = Buffer.alloc(14 + 20 + 20);
  bytes.writeUInt16BE(frame.etherType ?? 0x0800, 12);
  const ip = bytes.subarray(14);
  ip.writeUInt8(0x45, 0);
  ip.writeUInt16BE(frame.length ?? 40, 2);
  ip.writeUInt16BE(frame.place ?? 0x4000, 6);
  ip.writeUInt8(64, 8);
  ip.writeUInt8(frame.protocol ?? 6, 9);
  Buffer.from((frame.source ?? "8.8.8.8").split(".").map(Number)).copy(ip, 12);
  Buffer.from((frame.destination ?? "203.0.113.1").split(".").map(Number)).copy(ip, 16);
  const body = ip.subarray(20);
  body.writeUInt16BE(from, 0);
  body.writeUInt16BE(to, 2);
  body.writeUInt32BE(sequence, 4);
  body.writeUInt32BE(acknowledgement, 8);
  body.writeUInt8(flags, 13);
  const head = Buffer.alloc(16);
  const at = frame.at ?? 0n;
  head.writeUInt32LE(Number(at / 1_000_000_000n), 0);
  head.writeUInt32LE(Number(at % 1_000_000_000n), 4);
  head.writeUInt32LE(outer.length + bytes.length, 8);
  head.writeUInt32LE(outer.length + bytes.length, 12);
  return Buffer.concat([head, outer, bytes]);
}
