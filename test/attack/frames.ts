/** Raw inner frames of attacks: any header chain, any flags, any ethertype. */
import { ethernet, ipv4 } from "../support/innerPackets";

/** Ends of the flows, by the part that they play under the policy of the attacks. */
export const FORBIDDEN = { 4: "8.8.8.8", 6: "20010db8000800000000000000000008" } as const;
export const ALLOWED = { 4: "203.0.113.9", 6: "20010db8000900000000000000000009" } as const;
export const CONSUMER = { 4: "20.0.0.4", 6: "26031030000000000000000000000001" } as const;

/** TCP's flags by their bits, lowest first. */
export const FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"] as const;

/** A TCP segment; its checksum is right where `pseudo` is given, the pseudo header without length. */
export function segment(ports: readonly [number, number], flags: number, pseudo?: Buffer): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt16BE(ports[0], 0);
  head.writeUInt16BE(ports[1], 2);
  head.writeUInt32BE(1000, 4);
  head.writeUInt32BE(flags & 0x10 ? 5001 : 0, 8);
  head[12] = 0x50;
  head[13] = flags;
  head.writeUInt16BE(64_000, 14);
  if (pseudo !== undefined) {
    const tail = Buffer.from([0, 0, 0, head.length, 0, 0, 0, 6]);
    head.writeUInt16BE(internetChecksum(Buffer.concat([pseudo, tail, head])), 16);
  }
  return head;
}

/** A datagram without a checksum, which IPv4 permits. */
export function datagram(ports: readonly [number, number], payload: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(ports[0], 0);
  head.writeUInt16BE(ports[1], 2);
  head.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([head, payload]);
}

const bytes4 = (address: string) => Buffer.from(address.split(".").map(Number));

export function tcp4(source: string, ports: readonly [number, number], flags: number): Buffer {
  const tail = Buffer.from([0, 6, 0, 20]);
  const body = segment(ports, flags);
  const pseudo = Buffer.concat([bytes4(source), bytes4(CONSUMER[4]), tail, body]);
  body.writeUInt16BE(internetChecksum(pseudo), 16);
  return ipv4({ source, destination: CONSUMER[4], protocol: "tcp", body });
}

/** An IPv6 packet: `next` is the number of the first header in `body`. */
export function ipv6(
  source: string,
  next: number,
  body: Buffer,
  destination = CONSUMER[6],
): Buffer {
  const head = Buffer.from([0x60, 0, 0, 0, body.length >> 8, body.length & 255, next, 42]);
  return ethernet(0x86dd, Buffer.concat([head, Buffer.from(source + destination, "hex"), body]));
}

export function tcp6(source: string, ports: readonly [number, number], flags: number): Buffer {
  return ipv6(source, 6, segment(ports, flags, Buffer.from(source + CONSUMER[6], "hex")));
}

/** An extension header of IPv6 by its number; `next` is what follows it. */
export function extension(number: number, next: number): Buffer {
  const body = Buffer.alloc({ 44: 8, 51: 24, 50: 8 }[number] ?? 8);
  // ESP names nothing that follows; AH counts in words of four bytes, and less two.
  if (number !== 50) body[0] = next;
  if (number === 51) body[1] = 4;
  if (number === 0 || number === 60) body.set([1, 4], 2);
  return body;
}

function internetChecksum(data: Buffer): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) sum += ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
