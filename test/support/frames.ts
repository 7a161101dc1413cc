/** Ethernet frames with correct checksums, for tests that send packets byte by byte. */
import type { Packet } from "../../components/policy/packet";

const ETHERTYPE = { 4: 0x0800, 6: 0x86dd } as const;
const SOURCE_MAC = Buffer.from("020000000001", "hex");
const DESTINATION_MAC = Buffer.from("020000000002", "hex");
/** IP protocol numbers; `other` is ESP, which conntrack follows by addresses alone. */
const NUMBERS = { tcp: 6, udp: 17, other: 50 } as const;

/** The packet as a frame; `id` makes it unlike every other one. */
export function frameOf(packet: Packet, id: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(0x67776c62, 0);
  payload.writeUInt32BE(id, 4);
  const number =
    packet.protocol === "icmp" ? (packet.family === 4 ? 1 : 58) : NUMBERS[packet.protocol];
  const body = transport(packet, payload);
  fillChecksum(packet, number, body);
  const head = packet.family === 4 ? ipv4(packet, number, body) : ipv6(packet, number, body);
  const type = Buffer.alloc(2);
  type.writeUInt16BE(ETHERTYPE[packet.family]);
  return Buffer.concat([DESTINATION_MAC, SOURCE_MAC, type, head, body]);
}

function transport(packet: Packet, payload: Buffer): Buffer {
  const { ports = { source: 0, destination: 0 }, icmp, flags = {} } = packet;
  switch (packet.protocol) {
    case "tcp": {
      const head = Buffer.alloc(20);
      head.writeUInt16BE(ports.source, 0);
      head.writeUInt16BE(ports.destination, 2);
      // The same numbers both ways: every packet lies in the other end's window.
      head.writeUInt32BE(1000, 4);
      head.writeUInt32BE(flags.ack ? 1000 : 0, 8);
      const bits = [flags.fin, flags.syn, flags.rst, false, flags.ack];
      head[12] = 0x50;
      head[13] = bits.reduce((sum, bit, place) => sum | (bit ? 1 << place : 0), 0);
      head.writeUInt16BE(60_000, 14);
      return Buffer.concat([head, payload]);
    }
    case "udp": {
      const head = Buffer.alloc(8);
      head.writeUInt16BE(ports.source, 0);
      head.writeUInt16BE(ports.destination, 2);
      head.writeUInt16BE(8 + payload.length, 4);
      return Buffer.concat([head, payload]);
    }
    case "icmp": {
      const head = Buffer.alloc(8);
      head[0] = icmp?.type ?? 0;
      head[1] = icmp?.code ?? 0;
      head.writeUInt16BE(icmp?.id ?? 0, 4);
      return Buffer.concat([head, payload]);
    }
    case "other":
      return payload;
    default:
      return packet.protocol satisfies never;
  }
}

/** Traffic class: DSCP in the upper six bits of eight. */
const trafficClass = ({ dscp = 0 }: Packet) => (dscp === "unknown" ? 0 : dscp << 2);

function ipv4(packet: Packet, protocol: number, body: Buffer): Buffer {
  const { source, destination } = packet;
  const head = Buffer.alloc(20);
  head[0] = 0x45;
  head[1] = trafficClass(packet);
  head.writeUInt16BE(20 + body.length, 2);
  head.writeUInt16BE(0x4000, 6); // do not fragment
  head[8] = 64;
  head[9] = protocol;
  addressBytes(source, 4).copy(head, 12);
  addressBytes(destination, 4).copy(head, 16);
  head.writeUInt16BE(checksum(head), 10);
  return head;
}

function ipv6(packet: Packet, protocol: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  const { source, destination } = packet;
  head.writeUInt16BE(0x6000 | (trafficClass(packet) << 4), 0);
  head.writeUInt16BE(body.length, 4);
  head[6] = protocol;
  head[7] = 64;
  return Buffer.concat([head, addressBytes(source, 16), addressBytes(destination, 16)]);
}

/** Writes the transport's checksum, which covers the addresses too except in ICMP for IPv4. */
function fillChecksum(packet: Packet, protocol: number, body: Buffer): void {
  const place = { 6: 16, 17: 6, 1: 2, 58: 2 }[protocol];
  if (place === undefined) return;
  const size = packet.family === 4 ? 4 : 16;
  const tail = Buffer.alloc(8);
  tail.writeUInt32BE(body.length, 0);
  tail[7] = protocol;
  const pseudo = [addressBytes(packet.source, size), addressBytes(packet.destination, size), tail];
  const covered = protocol === 1 ? [body] : [...pseudo, body];
  body.writeUInt16BE(checksum(Buffer.concat(covered)) || 0xffff, place);
}

function addressBytes(address: bigint, size: number): Buffer {
  return Buffer.from(address.toString(16).padStart(2 * size, "0"), "hex");
}

/** The internet checksum (RFC 1071). */
function checksum(data: Buffer): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) {
    sum += ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}
