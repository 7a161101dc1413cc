/** Attacks that are packets alone, as data. What none of them may do is open a forbidden flow. */
import { ethernet, fragments, ipv4, MACS, tcp } from "../support/innerPackets";
import type { Side } from "../support/outside";
import {
  ALLOWED,
  CONSUMER,
  datagram,
  extension,
  FLAGS,
  FORBIDDEN,
  ipv6,
  segment,
  tcp4,
  tcp6,
} from "./frames";

/** A frame and what the law or the policy says of it; `any`: both are right. */
export interface Shot {
  side: Side;
  frame: Buffer;
  vni?: number;
  /** The packet as the NVA puts it together, where the frame is the only fragment of one. */
  whole?: Buffer;
  leaves: "unchanged" | "never" | "any";
}

export interface PacketCase {
  group: string;
  name: string;
  /** In their order; frames of different cases never belong to one flow. */
  shots: Shot[];
}

const SYN = 0x02;
const SSH = 22;
const FRAGMENT = 44;
const never = (frame: Buffer, side: Side = "ex", vni?: number): Shot => ({
  ...{ side, frame, vni },
  leaves: "never",
});
const unchanged = (frame: Buffer): Shot => ({ side: "ex", frame, leaves: "unchanged" });
const any = (frame: Buffer, whole?: Buffer): Shot => ({ side: "ex", frame, whole, leaves: "any" });

/** Each flow has a client's port of its own. */
let lastPort = 20_000;
const port = () => {
  lastPort += 1;
  return lastPort;
};

/** Frames that are no plain IP: whatever they carry, none crosses. */
function frames(): PacketCase[] {
  const types: Record<string, string> = {
    ARP: "0806",
    VLAN: "8100",
    "provider VLAN": "88a8",
    "old provider VLAN": "9100",
    PPPoE: "8864",
    "PPPoE discovery": "8863",
    MPLS: "8847",
    "MPLS multicast": "8848",
    LLDP: "88cc",
    EAPOL: "888e",
    MACsec: "88e5",
    PTP: "88f7",
    RARP: "8035",
    AppleTalk: "809b",
    IPX: "8137",
    CFM: "8902",
    "802.3 length": "0040",
    "jumbo LLC": "8870",
    TRILL: "22f3",
    "loop test": "9000",
    NSH: "894f",
    "ethernet bridging": "6558",
    "wake on LAN": "0842",
    batman: "4305",
    RoCE: "8915",
    FCoE: "8906",
    "zero type": "0000",
    "type of all ones": "ffff",
  };
  const inner = {
    "a forbidden packet": () => tcp4(FORBIDDEN[4], [port(), SSH], SYN).subarray(12),
    "an allowed packet": () => tcp4(ALLOWED[4], [port(), 80], SYN).subarray(12),
    IPv6: () => tcp6(ALLOWED[6], [port(), 80], SYN).subarray(12),
    "a short payload": () => Buffer.alloc(3),
  };
  const typed = Object.entries(types).flatMap(([type, hex]) =>
    Object.entries(inner).map(([what, body]) => ({
      group: "frames",
      name: `${type} around ${what}`,
      shots: [never(ethernet(Number.parseInt(hex, 16), body()))],
    })),
  );
  const cut = Array.from({ length: 40 }, (_, size) => ({
    group: "frames",
    name: `an allowed packet cut to ${size} bytes`,
    shots: [never(tcp4(ALLOWED[4], [port(), 80], SYN).subarray(0, size))],
  }));
  const groups = ["0180c2000000", "0180c200000e", "01005e000001", "333300000001", "ffffffffffff"];
  const grouped = groups.map((destination) => ({
    group: "frames",
    name: `a forbidden packet to ${destination}`,
    shots: [
      never(
        ethernet(0x0800, tcp4(FORBIDDEN[4], [port(), SSH], SYN).subarray(14), {
          ...MACS,
          destination,
        }),
      ),
    ],
  }));
  return [...typed, ...cut, ...grouped];
}

/** IPv4 headers that lie about themselves. */
function headers(): PacketCase[] {
  return Array.from({ length: 16 }, (_, nibble) => nibble).flatMap((nibble) => {
    const lying = (at: number, value: number) => {
      const frame = tcp4(FORBIDDEN[4], [port(), SSH], SYN);
      frame[at] = value;
      return [never(frame)];
    };
    return [
      { group: "headers", name: `version ${nibble}`, shots: lying(14, (nibble << 4) | 5) },
      { group: "headers", name: `header length ${nibble}`, shots: lying(14, 0x40 | nibble) },
      { group: "headers", name: `total length ${nibble * 4}`, shots: lying(17, nibble * 4) },
    ];
  });
}

/** A forbidden datagram in fragments of every size, in order, backwards and without its first. */
function fragmented(): PacketCase[] {
  return Array.from({ length: 24 }, (_, i) => 8 * (i + 1)).flatMap((size) =>
    (["in order", "backwards", "without the first", "the first alone"] as const).map((order) => {
      const from = { source: FORBIDDEN[4], destination: CONSUMER[4], id: port() };
      const parts = fragments(from, datagram([from.id, 53], Buffer.alloc(200, order)), size);
      const chosen = {
        "in order": parts,
        backwards: parts.toReversed(),
        "without the first": parts.slice(1),
        "the first alone": parts.slice(0, 1),
      }[order];
      return {
        group: "fragments",
        name: `${size} bytes each, ${order}`,
        shots: chosen.map((frame) => never(frame)),
      };
    }),
  );
}

/** After any chain of extension headers the flow behind it is still forbidden. */
function extensions(): PacketCase[] {
  const kinds: Record<string, number> = {
    ...{ "hop-by-hop": 0, routing: 43, fragment: FRAGMENT, ESP: 50, AH: 51, destination: 60 },
    ...{ mobility: 135, HIP: 139, shim6: 140, "experiment 253": 253 },
  };
  const names = Object.keys(kinds);
  const chains = names.flatMap((one) => [[one], ...names.map((two) => [one, two])]);
  return chains.map((chain) => {
    const ports = [port(), SSH] as const;
    const numbers = chain.map((name) => kinds[name] ?? 0);
    const pseudo = Buffer.from(FORBIDDEN[6] + CONSUMER[6], "hex");
    const chained = (headers: readonly number[]) => {
      const heads = headers.map((number, i) => extension(number, headers[i + 1] ?? 6));
      const body = Buffer.concat([...heads, segment(ports, SYN, pseudo)]);
      return ipv6(FORBIDDEN[6], headers[0] ?? 6, body);
    };
    const whole = chained(numbers.filter((number) => number !== FRAGMENT));
    const plain = (flags: number) => never(tcp6(FORBIDDEN[6], ports, flags));
    return {
      group: "extension headers",
      name: chain.join(", "),
      shots: [any(chained(numbers), whole), plain(SYN), plain(0x10), plain(0x18)],
    };
  });
}

/** Every set of flags from a forbidden client, and then what would come next in an open flow. */
function flagSets(): PacketCase[] {
  const nameOf = (set: number) => FLAGS.filter((_, bit) => set & (1 << bit)).join("+") || "none";
  return Array.from({ length: 256 }, (_, set) => {
    const ports = [port(), SSH] as const;
    const shots = [set, SYN, 0x10].map((flags) => never(tcp4(FORBIDDEN[4], ports, flags)));
    return { group: "TCP states", name: `${nameOf(set)}, then SYN and ACK`, shots };
  });
}

/** Packets that claim a running flow, which needs no rules any more: they are judged as before. */
function running(): PacketCase[] {
  const lying: Record<string, (frame: Buffer) => void> = {
    "the header's checksum is wrong": (frame) => frame.writeUInt16BE(0xbad1, 24),
    "the header is said to be shorter": (frame) => frame.writeUInt8(0x44, 14),
    "the header is said to be longer than the packet": (frame) => frame.writeUInt8(0x4f, 14),
    "the packet is said to be longer than it is": (frame) => frame.writeUInt16BE(1400, 16),
    "the packet is said to end in its header": (frame) => frame.writeUInt16BE(19, 16),
    "the version is 6": (frame) => frame.writeUInt8(0x65, 14),
    "the type is IPv6": (frame) => frame.writeUInt16BE(0x86dd, 12),
    "SYN and FIN": (frame) => frame.writeUInt8(0x03, 47),
    "SYN and RST": (frame) => frame.writeUInt8(0x06, 47),
    "no flag": (frame) => frame.writeUInt8(0, 47),
    "all flags": (frame) => frame.writeUInt8(0xff, 47),
    "the source is a forbidden one": (frame) =>
      Buffer.from(FORBIDDEN[4].split(".").map(Number)).copy(frame, 26),
  };
  const opened = (from: string, ports: readonly [number, number]) => {
    const there = { source: from, destination: CONSUMER[4] };
    const back = { source: CONSUMER[4], destination: from };
    const answer = tcp(back, [ports[1], ports[0]], "syn-ack");
    const data = Array.from({ length: 4 }, () => unchanged(tcp(there, ports, "ack")));
    return [
      unchanged(tcp(there, ports, "syn")),
      { ...unchanged(answer), side: "in" as const },
      ...data,
    ];
  };
  const cases = Object.entries(lying).map(([name, lie]) => {
    const ports = [port(), SSH] as const;
    const ends = { source: ALLOWED[4], destination: CONSUMER[4] };
    const frame = tcp(ends, ports, "ack", Buffer.from(name));
    lie(frame);
    const after = unchanged(tcp(ends, ports, "ack", Buffer.from(`after ${name}`)));
    return {
      group: "fast path",
      name,
      shots: [...opened(ALLOWED[4], ports), never(frame), after],
    };
  });
  const vnis = [0, 799, 800, 802, 0xffffff].map((vni) => {
    const ports = [port(), SSH] as const;
    const ends = { source: ALLOWED[4], destination: CONSUMER[4] };
    const frame = tcp(ends, ports, "ack", Buffer.from(`VNI ${vni}`));
    return {
      group: "fast path",
      name: `by VNI ${vni}`,
      shots: [...opened(ALLOWED[4], ports), never(frame, "ex", vni)],
    };
  });
  return [...cases, ...vnis];
}

/** Tunnel headers of others. */
function outer(): PacketCase[] {
  const vnis = [0, 1, 799, 802, 803, 900, 901, 1000, 4096, 0x320_00, 0x800000, 0xffffff];
  return (["ex", "in"] as const).flatMap((side) =>
    [...vnis, side === "ex" ? 800 : 801].map((vni) => ({
      group: "outer packets",
      name: `VNI ${vni} on the ${side === "ex" ? "External" : "Internal"} port`,
      shots: [never(tcp4(ALLOWED[4], [port(), 80], SYN), side, vni)],
    })),
  );
}

/** Packets for the NVA itself: nothing that it makes leaves by a tunnel. */
function own(): PacketCase[] {
  const targets = [
    ...["192.168.255.1", "192.168.255.2", "192.168.255.3", "10.7.1.5", "10.7.0.4", "127.0.0.1"],
    ...["169.254.169.254", "168.63.129.16", "255.255.255.255", "224.0.0.1", "0.0.0.0"],
  ];
  const echo = Buffer.from("0800f7ff00000000", "hex");
  return targets.flatMap((destination) => {
    const from = { source: ALLOWED[4], destination };
    const bodies = {
      "an echo request": () => ipv4({ ...from, protocol: "icmp", body: echo }),
      "a datagram": () => ipv4({ ...from, protocol: "udp", body: datagram([port(), 9], echo) }),
      ...Object.fromEntries(
        [22, 8080, 10800].map((to) => [
          `a SYN to ${to}`,
          () => ipv4({ ...from, protocol: "tcp", body: segment([port(), to], SYN) }),
        ]),
      ),
    };
    return Object.entries(bodies).map(([what, frame]) => ({
      group: "own addresses",
      name: `${what} for ${destination}`,
      shots: [any(frame())],
    }));
  });
}

/** What must go on passing between all of that. */
function allowed(): PacketCase[] {
  return Array.from({ length: 40 }, (_, i) => ({
    group: "allowed",
    name: `flow ${i + 1} opens`,
    shots: [
      unchanged(
        i % 2 === 0 ? tcp4(ALLOWED[4], [port(), 80], SYN) : tcp6(ALLOWED[6], [port(), 443], SYN),
      ),
    ],
  }));
}

export const packetCases = (): PacketCase[] => [
  ...[
    frames(),
    headers(),
    fragmented(),
    extensions(),
    flagSets(),
    outer(),
    own(),
    running(),
    allowed(),
  ].flat(),
];
