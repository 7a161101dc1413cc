/** IP packets from their fields, and from fields that no sender would write. */

/** Numbers as bytes in network order: a size in bytes, a value, and so on. */
export function bytes(...fields: number[]): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const [size = 0, value = 0] = fields.slice(at, at + 2);
    const part = Buffer.alloc(size);
    if (size > 0) part.writeUIntBE(value, Math.max(0, size - 4), Math.min(size, 4));
    parts.push(part);
  }
  return Buffer.concat(parts);
}

interface Addresses {
  /** As hex digits. */
  source: string;
  destination: string;
}

interface Payload {
  protocol: number;
  body: Buffer;
  /** Added to the length that the header tells. */
  damage?: number | undefined;
}

export function ipv6Bytes({
  source,
  destination,
  protocol,
  body,
  damage = 0,
}: Addresses & Payload) {
  const length = Math.max(0, body.length + damage);
  const head = bytes(4, 0x60000000, 2, length, 1, protocol, 1, 64);
  return Buffer.concat([head, Buffer.from(source + destination, "hex"), body]);
}

/** A packet from its fields; or with the header of another one. */
export function ipv4Bytes(
  fields: (
    | (Addresses & Payload & { options: string })
    | { head: Buffer; body: Buffer; damage?: number }
  ) & {
    id?: number;
    /** Offset in units of eight bytes, and 0x2000 for more fragments. */
    fragmented: number;
  },
): Buffer {
  const { body, damage = 0, fragmented, id = 1 } = fields;
  const head = "head" in fields ? Buffer.from(fields.head) : ipv4Head(fields);
  head.writeUInt16BE(Math.max(0, head.length + body.length + damage), 2);
  head.writeUInt16BE(id, 4);
  head.writeUInt16BE(fragmented, 6);
  head.writeUInt16BE(0, 10);
  head.writeUInt16BE(checksum(head), 10);
  return Buffer.concat([head, body]);
}

function ipv4Head(fields: Addresses & Payload & { options: string }): Buffer {
  const { source, destination, protocol, options } = fields;
  const padded = Buffer.from(options.padEnd(8 * Math.ceil(options.length / 8), "0"), "hex");
  const start = bytes(1, 0x45 + padded.length / 4, 7, 0, 1, 64, 1, protocol, 2, 0);
  return Buffer.concat([start, Buffer.from(source + destination, "hex"), padded]);
}

/** The transport's body with its checksum, which covers the addresses except in ICMP for IPv4. */
export function withChecksum(
  protocol: number,
  { source, destination }: Addresses,
  body: Buffer,
  at: number,
): Buffer {
  const addresses = Buffer.from(protocol === 1 ? "" : source + destination, "hex");
  const tail = protocol === 1 ? Buffer.alloc(0) : bytes(4, body.length, 4, protocol);
  const whole = Buffer.from(body);
  whole.writeUInt16BE(checksum(Buffer.concat([addresses, tail, body])) || 0xffff, at);
  return whole;
}

/** The internet checksum (RFC 1071). */
export function checksum(data: Buffer): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) sum += ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The packet as a frame. */
export function ethernetOf(packet: Buffer): Buffer {
  const type = (packet[0] ?? 0) >> 4 === 6 ? "86dd" : "0800";
  return Buffer.concat([Buffer.from(`020000000002020000000001${type}`, "hex"), packet]);
}
