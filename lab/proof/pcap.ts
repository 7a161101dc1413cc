/** Reads what `tcpdump -w -` writes, as it comes: IPv4 headers and TCP, UDP, ICMP beginnings. */

/** An IPv4 packet as captured; the header is all that is kept. */
export interface Packet {
  /** Nanoseconds since 1970. */
  at: bigint;
  source: string;
  destination: string;
  /** IP protocol number: 1 ICMP, 6 TCP, 17 UDP. */
  protocol: number;
  /** Whole packet with its IP header, bytes. */
  length: number;
  ttl: number;
  dontFragment: boolean;
  /** True for every fragment, the first and the last included. */
  fragment: boolean;
  /** TCP or UDP ports; absent in ICMP and in fragments after the first. */
  sourcePort?: number;
  destinationPort?: number;
  /** Only TCP. */
  tcp?: { flags: number; sequence: number; acknowledgement: number };
}

export const SYN = 0x02;
export const ACK = 0x10;

/** Bytes of a packet that a capture must keep for this reader: link, IP and TCP headers. */
export const SNAP_LENGTH = 128;

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
/** Link types: Ethernet, and what `-i any` gives. */
const links: Readonly<Record<number, { header: number; type: number }>> = {
  1: { header: 14, type: 12 },
  113: { header: 16, type: 14 },
  276: { header: 20, type: 0 },
};
const IPV4 = 0x0800;

/** VXLAN's own header and the Ethernet header of what it carries; RFC 7348. */
const CARRIED = { header: 8 + 8 + 14, type: 8 + 8 + 12 };

/**
 * Takes a capture in pieces of any size; throws on what is not a pcap file. With `carried` the
 * capture is of VXLAN's outer packets, and the packets are those that they carry.
 */
export class PcapReader {
  constructor(private readonly carried = false) {}

  #rest: Buffer = Buffer.alloc(0);
  #format: { big: boolean; perUnit: bigint; link: { header: number; type: number } } | undefined;

  /** Packets that are complete with this piece; frames other than IPv4 are left out. */
  push(piece: Buffer): Packet[] {
    this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const packets: Packet[] = [];
    if (this.#format === undefined) {
      if (this.#rest.length < FILE_HEADER) return packets;
      this.#format = readFormat(this.#rest);
      this.#rest = this.#rest.subarray(FILE_HEADER);
    }
    const { big, perUnit, link } = this.#format;
    let at = 0;
    while (this.#rest.length - at >= RECORD_HEADER) {
      const u32 = (offset: number) => readU32(this.#rest, at + offset, big);
      const kept = u32(8);
      if (this.#rest.length - at < RECORD_HEADER + kept) break;
      const frame = this.#rest.subarray(at + RECORD_HEADER, at + RECORD_HEADER + kept);
      const time = BigInt(u32(0)) * 1_000_000_000n + BigInt(u32(4)) * perUnit;
      const isIp = frame.length >= link.header && frame.readUInt16BE(link.type) === IPV4;
      const ip = isIp ? frame.subarray(link.header) : undefined;
      const wanted = ip !== undefined && this.carried ? carriedBy(ip) : ip;
      const packet = wanted === undefined ? undefined : readPacket(wanted, time);
      if (packet !== undefined) packets.push(packet);
      at += RECORD_HEADER + kept;
    }
    this.#rest = this.#rest.subarray(at);
    return packets;
  }
}

/** The IPv4 packet in an outer one; undefined where there is none. */
function carriedBy(outer: Buffer): Buffer | undefined {
  const body = outer.subarray(((outer[0] ?? 0) & 0x0f) * 4);
  if (body.length < CARRIED.header || body.readUInt16BE(CARRIED.type) !== IPV4) return undefined;
  return body.subarray(CARRIED.header);
}

function readFormat(header: Buffer) {
  const big = header[0] === 0xa1;
  const magic = readU32(header, 0, big);
  if (magic !== MICROSECONDS && magic !== NANOSECONDS) throw new Error("not a pcap file");
  const number = readU32(header, 20, big) & 0xffff;
  const link = links[number];
  if (link === undefined) throw new Error(`pcap: link type ${number} is not known here`);
  return { big, perUnit: magic === NANOSECONDS ? 1n : 1000n, link };
}

function readU32(from: Buffer, at: number, big: boolean): number {
  return big ? from.readUInt32BE(at) : from.readUInt32LE(at);
}

/** Undefined for a packet cut shorter than its own headers. */
function readPacket(ip: Buffer, at: bigint): Packet | undefined {
  const header = ((ip[0] ?? 0) & 0x0f) * 4;
  if (ip.length < 20 || ip.length < header) return undefined;
  const place = ip.readUInt16BE(6);
  const offset = place & 0x1fff;
  const packet: Packet = {
    at,
    source: ip.subarray(12, 16).join("."),
    destination: ip.subarray(16, 20).join("."),
    protocol: ip.readUInt8(9),
    length: ip.readUInt16BE(2),
    ttl: ip.readUInt8(8),
    dontFragment: (place & 0x4000) !== 0,
    fragment: offset !== 0 || (place & 0x2000) !== 0,
  };
  const body = ip.subarray(header);
  // Only the first fragment carries ports.
  if (offset !== 0 || (packet.protocol !== 6 && packet.protocol !== 17)) return packet;
  if (body.length < 4) return packet;
  packet.sourcePort = body.readUInt16BE(0);
  packet.destinationPort = body.readUInt16BE(2);
  if (packet.protocol === 6 && body.length >= 14) {
    packet.tcp = {
      flags: body.readUInt8(13),
      sequence: body.readUInt32BE(4),
      acknowledgement: body.readUInt32BE(8),
    };
  }
  return packet;
}
