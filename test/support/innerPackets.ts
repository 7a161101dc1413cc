/** Inner frames byte by byte, with every field that a firewall could change by mistake. */

export interface Ipv4Fields {
  source: string;
  destination: string;
  protocol: "tcp" | "udp" | "icmp";
  /** Transport header and payload, or a fragment of them. */
  body: Buffer;
  ttl?: number;
  id?: number;
  tos?: number;
  dontFragment?: boolean;
  moreFragments?: boolean;
  /** Offset in bytes, a multiple of 8. */
  offset?: number;
  /** Options, a multiple of 4 bytes. */
  options?: Buffer;
}

const PROTOCOLS = { icmp: 1, tcp: 6, udp: 17 } as const;
export const MACS = { source: "0a0000000001", destination: "0a0000000002" };

/** An Ethernet frame; the MAC addresses as hex digits. */
export function ethernet(type: number, payload: Buffer, macs = MACS): Buffer {
  const head = Buffer.from(`${macs.destination}${macs.source}0000`, "hex");
  head.writeUInt16BE(type, 12);
  return Buffer.concat([head, payload]);
}

export function ipv4(fields: Ipv4Fields, macs = MACS): Buffer {
  const { body, options = Buffer.alloc(0), offset = 0 } = fields;
  const head = Buffer.alloc(20 + options.length);
  head[0] = 0x40 | (head.length / 4);
  head[1] = fields.tos ?? 0x48;
  head.writeUInt16BE(head.length + body.length, 2);
  head.writeUInt16BE(fields.id ?? 0x1234, 4);
  const flags = (fields.dontFragment ? 0x4000 : 0) | (fields.moreFragments ? 0x2000 : 0);
  head.writeUInt16BE(flags | (offset / 8), 6);
  head[8] = fields.ttl ?? 42;
  head[9] = PROTOCOLS[fields.protocol];
  Buffer.from(fields.source.split(".").map(Number)).copy(head, 12);
  Buffer.from(fields.destination.split(".").map(Number)).copy(head, 16);
  options.copy(head, 20);
  head.writeUInt16BE(checksum(head), 10);
  return ethernet(0x0800, Buffer.concat([head, body]), macs);
}

/** A whole TCP packet with a right checksum. */
export function tcp(
  fields: Omit<Ipv4Fields, "protocol" | "body">,
  ports: readonly [number, number],
  flags: "syn" | "syn-ack" | "ack" | "rst",
  payload = Buffer.from("inner"),
  macs = MACS,
): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt16BE(ports[0], 0);
  head.writeUInt16BE(ports[1], 2);
  // Each end acknowledges what the other one starts with.
  head.writeUInt32BE({ syn: 1000, "syn-ack": 5000, ack: 1001, rst: 1001 }[flags], 4);
  head.writeUInt32BE({ syn: 0, "syn-ack": 1001, ack: 5001, rst: 5001 }[flags], 8);
  head[12] = 0x50;
  head[13] = { syn: 0x02, "syn-ack": 0x12, ack: 0x10, rst: 0x14 }[flags];
  head.writeUInt16BE(64000, 14);
  const body = Buffer.concat([head, flags === "ack" ? payload : Buffer.alloc(0)]);
  body.writeUInt16BE(transportChecksum(fields, 6, body), 16);
  return ipv4({ ...fields, protocol: "tcp", body }, macs);
}

/** UDP header and payload with a right checksum. */
export function udpBody(
  fields: Pick<Ipv4Fields, "source" | "destination">,
  ports: readonly [number, number],
  payload: Buffer,
): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(ports[0], 0);
  head.writeUInt16BE(ports[1], 2);
  head.writeUInt16BE(8 + payload.length, 4);
  const body = Buffer.concat([head, payload]);
  body.writeUInt16BE(transportChecksum(fields, 17, body), 6);
  return body;
}

export function udp(
  fields: Omit<Ipv4Fields, "protocol" | "body">,
  ports: readonly [number, number],
  payload = Buffer.from("inner"),
  macs = MACS,
): Buffer {
  return ipv4({ ...fields, protocol: "udp", body: udpBody(fields, ports, payload) }, macs);
}

/** The UDP packet in fragments whose bodies have `size` bytes each, a multiple of 8. */
export function fragments(
  fields: Omit<Ipv4Fields, "protocol" | "body">,
  body: Buffer,
  size: number,
): Buffer[] {
  const count = Math.ceil(body.length / size);
  return Array.from({ length: count }, (_, index) =>
    ipv4({
      ...fields,
      protocol: "udp",
      body: body.subarray(index * size, (index + 1) * size),
      offset: index * size,
      moreFragments: index < count - 1,
    }),
  );
}

/** A UDP packet over IPv6 between two addresses of 16 bytes, as hex digits. */
export function udp6(
  source: string,
  destination: string,
  ports: readonly [number, number],
): Buffer {
  const payload = Buffer.from("inner");
  const body = Buffer.concat([Buffer.alloc(8), payload]);
  body.writeUInt16BE(ports[0], 0);
  body.writeUInt16BE(ports[1], 2);
  body.writeUInt16BE(body.length, 4);
  const addresses = Buffer.from(source + destination, "hex");
  const pseudo = Buffer.concat([addresses, Buffer.from([0, 0, 0, body.length, 0, 0, 0, 17]), body]);
  body.writeUInt16BE(checksum(pseudo), 6);
  const head = Buffer.from([0x60, 0, 0, 0, 0, body.length, 17, 42]);
  return ethernet(0x86dd, Buffer.concat([head, addresses, body]));
}

function transportChecksum(
  { source, destination }: Pick<Ipv4Fields, "source" | "destination">,
  protocol: number,
  body: Buffer,
): number {
  const addresses = Buffer.from([...source.split("."), ...destination.split(".")].map(Number));
  const tail = Buffer.from([0, protocol, body.length >> 8, body.length & 255]);
  return checksum(Buffer.concat([addresses, tail, body]));
}

/** The internet checksum (RFC 1071). */
export function checksum(data: Buffer): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) {
    sum += ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
