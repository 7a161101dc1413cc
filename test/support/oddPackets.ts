/**
 * Random IP packets with every header that could hide one thing from the rules and another from
 * conntrack: chains of extension headers and options, encapsulations, errors about packets, damage
 * and fragments. Few enough addresses and ports that packets often belong to one flow.
 */
import fc from "fast-check";
import { bytes, ethernetOf, ipv4Bytes, ipv6Bytes, withChecksum } from "./packetBytes";

/** Frames to send by one tunnel, one after another. */
export interface OddPacket {
  side: "ex" | "in";
  frames: Buffer[];
}

const CLIENTS = {
  4: ["08080808", "cb007109"],
  6: ["20010db8000800000000000000000008", "20010db8000000000000000000000001"],
} as const;
const SERVERS = { 4: ["14010101"], 6: ["26031030000000000000000000000001"] } as const;
/** The flows that the test's policy drops. */
export const FORBIDDEN = { sources: [CLIENTS[4][0], CLIENTS[6][0]] as string[], port: 22 };

interface Ends {
  family: 4 | 6;
  inbound: boolean;
  client: string;
  server: string;
  ports: [number, number];
}

/** A header in front of the upper layer: its number, and how many units longer than need be. */
interface Link {
  kind: number;
  size: number;
  /** Written as the length instead of the right one. */
  lie: number | undefined;
  field: number;
}

interface Upper {
  protocol: number;
  body: Buffer;
}

const maybe = <T>(value: fc.Arbitrary<T>, oneIn: number): fc.Arbitrary<T | undefined> =>
  fc.oneof(
    { weight: oneIn - 1, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: value },
  );
const rarely = <T>(value: fc.Arbitrary<T>) => maybe(value, 12);
const [HOP, ROUTING, FRAGMENT, AUTHENTICATION, OPTIONS] = [0, 43, 44, 51, 60];

const ends: fc.Arbitrary<Ends> = fc.constantFrom(4 as const, 6 as const, 6 as const).chain((f) =>
  fc.record({
    family: fc.constant(f),
    inbound: fc.boolean(),
    client: fc.constantFrom(...CLIENTS[f]),
    server: fc.constantFrom(...SERVERS[f]),
    ports: fc.oneof(
      { weight: 9, arbitrary: fc.tuple(fc.constantFrom(20_006), fc.constantFrom(22, 80)) },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom(0, 40_000), fc.constantFrom(22, 0)) },
    ),
  }),
);

const links = fc.array(
  fc.record<Link>({
    kind: fc.constantFrom(
      ...[AUTHENTICATION, AUTHENTICATION, OPTIONS, OPTIONS, HOP, ROUTING, FRAGMENT, FRAGMENT],
    ),
    size: fc.constantFrom(0, 0, 1, 2),
    lie: maybe(fc.nat(255), 6),
    field: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat() }),
  }),
  { maxLength: 4 },
);

/** A fragment that is whole, and AH: an error about it hides its protocol twice. */
const hidden = fc.constant<Link[]>(
  [FRAGMENT, AUTHENTICATION].map((kind) => ({ kind, size: 0, lie: undefined, field: 0 })),
);

/** Source and destination of a packet, `back` for one that goes the other way. */
const endsOf = ({ inbound, client, server }: Ends, back = false) =>
  inbound !== back
    ? { source: client, destination: server }
    : { source: server, destination: client };
const portsOf = ({ inbound, ports: [client, server] }: Ends, back = false) =>
  inbound !== back ? bytes(2, client, 2, server) : bytes(2, server, 2, client);

const SYN = 2;
const ACK = 16;
const tcp = (at: Ends, back = false): fc.Arbitrary<Upper> =>
  fc
    .record({
      flags: fc.oneof(fc.constantFrom(SYN, SYN, SYN | ACK, ACK, ACK, 4, 17), fc.nat(255)),
      words: fc.oneof(
        { weight: 9, arbitrary: fc.constant(5) },
        { weight: 1, arbitrary: fc.nat(15) },
      ),
      cut: rarely(fc.nat(19)),
      wrong: rarely(fc.constant(true)),
    })
    .map(({ flags, words, cut, wrong }) => {
      const head = [portsOf(at, back), bytes(4, 1000, 4, flags & ACK ? 1000 : 0, 1, words << 4)];
      const whole = Buffer.concat([...head, bytes(1, flags, 2, 60_000, 4, 0, 4, 0)]);
      const body = withChecksum(6, endsOf(at, back), whole, 16);
      if (wrong) body.writeUInt8((body[17] ?? 0) ^ 0xff, 17);
      return { protocol: 6, body: body.subarray(0, cut ?? body.length) };
    });

const udp = (at: Ends, back = false): fc.Arbitrary<Upper> =>
  fc.record({ length: rarely(fc.nat(40)), cut: rarely(fc.nat(11)) }).map(({ length, cut }) => {
    const whole = Buffer.concat([portsOf(at, back), bytes(2, length ?? 12, 2, 0, 4, 0)]);
    const body = withChecksum(17, endsOf(at, back), whole, 6);
    return { protocol: 17, body: body.subarray(0, cut ?? body.length) };
  });

const icmp = (at: Ends): fc.Arbitrary<Upper> =>
  fc
    .record({
      type: fc.constantFrom(...(at.family === 4 ? [8, 0, 13, 15, 17] : [128, 129, 139, 133, 135])),
      code: fc.constantFrom(0, 0, 3),
      id: fc.nat(2),
    })
    .map(({ type, code, id }) => icmpBody(at, bytes(1, type, 1, code, 2, 0, 2, id, 4, 0)));

/** An error about a packet that the error's receiver may have sent. */
const error = (at: Ends): fc.Arbitrary<Upper> =>
  fc
    .record({
      type: fc.constantFrom(...(at.family === 4 ? [3, 11, 12] : [1, 2, 3, 100])),
      about: packet(at, true),
      cut: rarely(fc.nat(60)),
    })
    .map(({ type, about, cut }) =>
      icmpBody(at, Buffer.concat([bytes(1, type, 3, 0, 4, 0), about.subarray(0, cut ?? 600)])),
    );

function icmpBody(at: Ends, body: Buffer): Upper {
  const protocol = at.family === 4 ? 1 : 58;
  return { protocol, body: withChecksum(protocol, endsOf(at), body, 2) };
}

/** Protocols without rules of their own; some hold a packet, some have ports, some are trackers'. */
const others = (at: Ends, back = false): fc.Arbitrary<Upper> =>
  fc
    .tuple(
      fc.constantFrom(1, 58, 4, 41, 47, 50, 59, 132, 33, 136, 135, 139, 140, 51, 255),
      fc.oneof(tcp(at, back), fc.uint8Array({ maxLength: 40 })),
      fc.constantFrom("", "00000800", "2001880b00140001", "01000010deadbeef"),
    )
    .map(([protocol, content, head]) => {
      const inside = content instanceof Uint8Array ? Buffer.from(content) : content.body;
      const ports = [33, 132, 136].includes(protocol) ? portsOf(at, back) : Buffer.alloc(0);
      return { protocol, body: Buffer.concat([ports, Buffer.from(head, "hex"), inside]) };
    });

const uppers = (at: Ends, back: boolean): fc.Arbitrary<Upper> =>
  fc.oneof(
    { weight: 8, arbitrary: tcp(at, back) },
    { weight: 2, arbitrary: udp(at, back) },
    { weight: 2, arbitrary: others(at, back) },
    ...(back
      ? []
      : [
          { weight: 2, arbitrary: icmp(at) },
          { weight: 5, arbitrary: error(at) },
        ]),
  );

/** An IP packet: with `back` one that goes the other way, for an error to be about. */
const packet = (at: Ends, back = false): fc.Arbitrary<Buffer> =>
  fc
    .record({
      upper: uppers(at, back),
      chain: fc.oneof(
        { weight: 1, arbitrary: fc.constant<Link[]>([]) },
        { weight: 2, arbitrary: links },
        ...(back ? [{ weight: 1, arbitrary: hidden }] : []),
      ),
      options: fc.constantFrom(
        "",
        "",
        "01010100",
        "94040000",
        "07070400000000ff",
        "830704c0a80101",
      ),
      damage: rarely(fc.integer({ min: -40, max: 40 })),
      fragmented: back ? fc.constantFrom(0, 0, 0, 1, 8) : fc.constant(0),
    })
    .map(({ upper, chain, options, damage, fragmented }) => {
      const fields = { ...endsOf(at, back), damage };
      if (at.family === 4) return ipv4Bytes({ ...fields, ...upper, options, fragmented });
      const { protocol, body } = chain.reduceRight(inFront, upper);
      return ipv6Bytes({ ...fields, protocol, body });
    });

/** Puts an extension header in front. */
function inFront({ protocol, body }: Upper, { kind, size, lie, field }: Link): Upper {
  const room = (units: number) => Buffer.alloc(units, field & 255);
  switch (kind) {
    case AUTHENTICATION: {
      const head = bytes(1, protocol, 1, lie ?? 4 + size, 2, 0, 4, 1, 4, 1);
      return { protocol: kind, body: Buffer.concat([head, room(12 + 4 * size), body]) };
    }
    case FRAGMENT: {
      // Offset and "more fragments" from the field: 0 is the fragment that is whole.
      const head = bytes(1, protocol, 1, 0, 2, field & 0xffff, 4, field >>> 0);
      return { protocol: kind, body: Buffer.concat([head, body]) };
    }
    case ROUTING: {
      const head = bytes(1, protocol, 1, lie ?? 2 * size, 1, field & 3, 1, field & 1, 4, 0);
      return { protocol: kind, body: Buffer.concat([head, room(16 * size), body]) };
    }
    default: {
      const padding = bytes(1, 1, 1, 4 + 8 * size, 4, 0);
      const head = Buffer.concat([bytes(1, protocol, 1, lie ?? size), padding]);
      return { protocol: kind, body: Buffer.concat([head, Buffer.alloc(8 * size), body]) };
    }
  }
}

/** How a packet is cut: into pieces of `size` bytes, sent in an order that may leave some out. */
export interface Cut {
  size: number;
  order: "forward" | "backward" | "twice" | "overlapping" | "without the last";
  /** Whether each fragment is cut once more. */
  nested: boolean;
  id: number;
}

const cuts: fc.Arbitrary<Cut> = fc.record({
  size: fc.constantFrom(8, 16, 24, 64),
  order: fc.constantFrom(
    "forward",
    "forward",
    "backward",
    "twice",
    "overlapping",
    "without the last",
  ),
  nested: fc.boolean(),
  id: fc.nat(0xffff_ffff),
});

/** Packets, one in four of them in fragments. */
export const oddPackets: fc.Arbitrary<OddPacket> = ends.chain((at) =>
  fc.record({ whole: packet(at), cut: maybe(cuts, 4) }).map(({ whole, cut }) => ({
    side: at.inbound ? ("ex" as const) : ("in" as const),
    frames: (cut ? fragmentsOf(whole, cut) : [whole]).map(ethernetOf),
  })),
);

/** The packet's fragments, everything behind the IP header cut. */
function fragmentsOf(whole: Buffer, cut: Cut): Buffer[] {
  const pieces = cut.nested
    ? piecesOf(whole, { ...cut, order: "forward", size: 2 * cut.size }).flatMap((piece) =>
        piecesOf(piece, { ...cut, id: (cut.id + piece.length) >>> 0 }),
      )
    : piecesOf(whole, cut);
  return pieces;
}

function piecesOf(whole: Buffer, { size, order, id }: Cut): Buffer[] {
  const six = (whole[0] ?? 0) >> 4 === 6;
  const header = six ? 40 : 4 * ((whole[0] ?? 0) & 15);
  const body = whole.subarray(header);
  const count = Math.max(1, Math.ceil(body.length / size));
  const pieces = Array.from({ length: count }, (_, n) => {
    const last = n === count - 1;
    const end = order === "overlapping" && !last ? (n + 1) * size + 8 : (n + 1) * size;
    const part = body.subarray(n * size, Math.min(end, body.length));
    const field = n * size;
    if (!six) {
      const head = whole.subarray(0, header);
      return ipv4Bytes({
        head,
        body: part,
        id: id & 0xffff,
        fragmented: field / 8 + (last ? 0 : 0x2000),
      });
    }
    const fragment = bytes(1, whole[6] ?? 59, 1, 0, 2, field | (last ? 0 : 1), 4, id);
    const addresses = {
      source: whole.toString("hex", 8, 24),
      destination: whole.toString("hex", 24, 40),
    };
    return ipv6Bytes({ ...addresses, protocol: FRAGMENT, body: Buffer.concat([fragment, part]) });
  });
  if (order === "backward") pieces.reverse();
  if (order === "twice") pieces.push(...pieces);
  if (order === "without the last" && count > 1) pieces.pop();
  return pieces;
}
