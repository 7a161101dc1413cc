/**
 * An IP packet read byte by byte from the RFCs: the flow that the rules judge it as, and the only
 * one that conntrack may file it under. It shares nothing with the programs that are tested.
 */

/** A packet's upper-layer protocol, ends and what tells its flow from others of the same ends. */
export interface Reading {
  family: 4 | 6;
  /** Undefined where the headers end too early. */
  protocol: number | undefined;
  /** Addresses as hex digits, and ports where the protocol has some. */
  source: [string, number | undefined];
  destination: [string, number | undefined];
  /** Type, code and identifier of ICMP in its own family. */
  icmp: [number, number, number] | undefined;
  /** TCP's flags; undefined if its header ends before them. */
  flags: number | undefined;
  /** The packet that an ICMP error is about. */
  about: Reading | undefined;
  fragment: boolean;
}

/** Hop-by-hop, routing, fragment, destination options (RFC 8200): looked through. */
const LOOKED_THROUGH = new Set([0, 43, 44, 60]);
const [FRAGMENT, TCP, UDP] = [44, 6, 17];
/** SCTP, DCCP and UDP-Lite begin with ports as TCP and UDP do. */
const WITH_PORTS = new Set([TCP, UDP, 33, 132, 136]);
const ICMP = { 4: 1, 6: 58 } as const;
const ERRORS = { 4: [3, 4, 5, 11, 12], 6: Array.from({ length: 128 }, (_, type) => type) };

/** Reads a packet from its IP header on. */
export function readPacket(packet: Buffer): Reading {
  return (packet[0] ?? 0) >> 4 === 6 ? readIpv6(packet) : readIpv4(packet);
}

/** Reads the packet that an error quotes: its length is that of the whole packet, not of the quote. */
function readQuoted(packet: Buffer): Reading {
  return (packet[0] ?? 0) >> 4 === 6 ? readIpv6(packet) : readIpv4(packet, packet.length);
}

function readIpv4(
  packet: Buffer,
  length = packet.length < 4 ? 0 : packet.readUInt16BE(2),
): Reading {
  const ends = { source: hex(packet, 12, 16), destination: hex(packet, 16, 20) };
  if (packet.length < 20) return reading(4, undefined, ends, Buffer.alloc(0), false);
  const fragment = (packet.readUInt16BE(6) & 0x3fff) !== 0;
  const later = (packet.readUInt16BE(6) & 0x1fff) !== 0;
  const whole = packet.subarray(0, length);
  const body = later ? Buffer.alloc(0) : whole.subarray(4 * ((packet[0] ?? 0) & 15));
  return reading(4, packet[9], ends, body, fragment);
}

function readIpv6(packet: Buffer): Reading {
  const ends = { source: hex(packet, 8, 24), destination: hex(packet, 24, 40) };
  let next = packet[6];
  let rest = packet.subarray(40);
  let [fragment, later] = [false, false];
  while (next !== undefined && LOOKED_THROUGH.has(next) && !later) {
    if (next === FRAGMENT && rest.length >= 8) {
      const field = rest.readUInt16BE(2);
      fragment ||= (field & 0xfff9) !== 0;
      later = (field & 0xfff8) !== 0;
    }
    const size = next === FRAGMENT ? 8 : 8 * ((rest[1] ?? 0) + 1);
    next = rest.length < 2 ? undefined : rest[0];
    rest = rest.subarray(size);
  }
  return reading(6, next, ends, later ? Buffer.alloc(0) : rest, fragment);
}

function reading(
  family: 4 | 6,
  protocol: number | undefined,
  ends: { source: string; destination: string },
  body: Buffer,
  fragment: boolean,
): Reading {
  const port = (at: number) =>
    protocol !== undefined && WITH_PORTS.has(protocol) && body.length >= 4
      ? body.readUInt16BE(at)
      : undefined;
  const isIcmp = protocol === ICMP[family] && body.length >= 8;
  const isError = isIcmp && ERRORS[family].includes(body[0] ?? 0);
  return {
    family,
    protocol,
    source: [ends.source, port(0)],
    destination: [ends.destination, port(2)],
    icmp: isIcmp ? [body[0] ?? 0, body[1] ?? 0, body.readUInt16BE(4)] : undefined,
    flags: protocol === TCP && body.length >= 14 ? body[13] : undefined,
    about: isError && body.length > 8 ? readQuoted(body.subarray(8)) : undefined,
    fragment,
  };
}

const hex = (packet: Buffer, from: number, to: number): string =>
  packet.subarray(from, to).toString("hex");

/** The same flow as a line, whichever of its ends a packet came from. */
export function flowOf({
  family,
  protocol,
  source,
  destination,
  icmp,
}: Omit<Reading, "flags" | "about" | "fragment">): string {
  const [type, code, id] = icmp ?? [];
  // A query and its answer are one flow: the lower type of each pair stands for both.
  const kind = type === undefined ? "" : ` ${QUERY[family][type] ?? type}/${code} ${id}`;
  return `${protocol} ${[source, destination].map((end) => end.join(":")).sort()}${kind}`;
}

/** ICMP answers, by the query that conntrack files them under (RFC 792, 950, 4443, 4620). */
const QUERY: Record<4 | 6, Record<number, number>> = {
  4: { 0: 8, 14: 13, 16: 15, 18: 17 },
  6: { 129: 128, 140: 139 },
};
