/** The fast path's programs, one packet at a time, and the packets to give them. */
import path from "node:path";
import type { Family } from "../../components/azure/addresses";
import type { Packet } from "../../components/policy/packet";
import type { Undo } from "../../lab/undo";

import { DEFAULTS, MARK } from "../../nva-cloud-init/contract/contract";
import { frameOf } from "./frames";
import { checksum } from "./innerPackets";
import { Talker } from "./talker";

const guest = path.resolve(__dirname, "../../nva-cloud-init/guest");

/** The kernel's answers: TC_ACT_REDIRECT, TC_ACT_UNSPEC. */
export const REDIRECTED = 7;
export const LEFT_ALONE = -1;
export const TAKEN = MARK.taken;
export const GENERATION = 5;

/** Where headers begin in a tunnel's packet. */
export const AT = { ip: 14, udp: 34, vxlan: 42, frame: 50, inner: 64, v4: 84, v6: 104 };
/** MAC addresses of the bridge and its ports, as the programs are told. */
export const OWN_MACS = ["0200000000b0", "0200000000b1", "0200000000b2"];
const GATEWAY = "0a070004";
const NIC = "0a070105";
const GATEWAY_MAC = "123456789abc";
/** The loopback device's, by which test packets arrive. */
const NIC_MAC = "000000000000";
export const TUNNELS = { in: DEFAULTS.internal, ex: DEFAULTS.external };
export type Side = keyof typeof TUNNELS;

export interface Ran {
  verdict: number;
  frame: Buffer;
  mark: number;
  /** Packets and bytes by reason. */
  counted: Record<string, [packets: number, bytes: number]>;
  /** Nanoseconds that each entry which this left lasts, at least and at most. */
  lasts: [least: number, most: number][];
  /** The one reason that was counted; `fast`: there was none. */
  reason: string | undefined;
}

export interface RunOptions {
  mark?: number;
  gsoSize?: number;
  gsoSegments?: number;
}

export class FastpathRun {
  private constructor(private readonly talker: Talker) {}

  static async start(undo: Undo): Promise<FastpathRun> {
    const { in: internal, ex: external } = TUNNELS;
    const constants = {
      gateway: GATEWAY,
      nic_address: NIC,
      ports: hex16(internal.port) + hex16(external.port),
      vnis: hex32(internal.vni << 8) + hex32(external.vni << 8),
      own_macs: OWN_MACS.map((mac) => `${mac}0000`).join(""),
      secret: "0123456789abcdef",
    };
    const script = path.join(__dirname, "fastpathRun.py");
    const argv = ["python3", "-B", "-u", script, guest, JSON.stringify(constants)];
    const talker = await Talker.start("the fast path's programs", argv);
    undo.add("the fast path's programs", async () => talker.stop());
    const found = new FastpathRun(talker);
    await found.generation(GENERATION);
    return found;
  }

  /** Which generation's flows may take the fast path. */
  generation(value: number): Promise<unknown> {
    return this.talker.ask({ do: "generation", value });
  }

  /** All entries have expired. */
  age(): Promise<unknown> {
    return this.talker.ask({ do: "age" });
  }

  /** A frame that leaves by a tunnel, with the mark that the rules gave it. */
  async learn(frame: Buffer, mark = TAKEN | GENERATION): Promise<Ran> {
    return this.#run("learn", frame, { mark });
  }

  /** A packet that arrives at the NIC. */
  async reflect(frame: Buffer, options: RunOptions = {}): Promise<Ran> {
    return this.#run("reflect", frame, options);
  }

  async #run(program: string, frame: Buffer, options: RunOptions): Promise<Ran> {
    const request = { do: "run", program, frame: frame.toString("hex"), ...options };
    const ran = await this.talker.ask<Omit<Ran, "frame" | "reason"> & { frame: string }>(request);
    const reasons = Object.keys(ran.counted);
    const reason = reasons.length === 1 ? reasons[0] : undefined;
    return { ...ran, frame: Buffer.from(ran.frame, "hex"), reason };
  }
}

export const FAMILIES = [4, 6] as const;
export type Flags = NonNullable<Packet["flags"]>;
const ENDS = { 4: [0xcb007109n, 0x14000004n], 6: [(0x20010db8n << 96n) + 9n, 4n] } as const;

export interface InnerFrame {
  family: Family;
  protocol: "tcp" | "udp";
  /** The client's. */
  port: number;
  flags?: Flags;
  /** From the server; default false. */
  back?: boolean;
}

/** A frame of a flow between a client and a server. */
export function innerFrame({ family, protocol, port, flags, back = false }: InnerFrame): Buffer {
  const [client, server] = ENDS[family];
  const [source, destination] = back ? [server, client] : [client, server];
  const ports = back ? { source: 443, destination: port } : { source: port, destination: 443 };
  const direction = back ? "outbound" : "inbound";
  return frameOf({ family, direction, protocol, source, destination, ports, flags }, port);
}

/** An inner frame in a packet from the gateway; with an outer UDP checksum if that is asked for. */
export function fromGateway(side: Side, frame: Buffer, summed = false): Buffer {
  return tunnelPacket(side, frame, [GATEWAY, NIC], [GATEWAY_MAC, NIC_MAC], { summed, ttl: 57 });
}

/** The same on its way back to the gateway by a tunnel. */
export function toGateway(side: Side, frame: Buffer, summed = false): Buffer {
  return tunnelPacket(side, frame, [NIC, GATEWAY], [NIC_MAC, GATEWAY_MAC], { summed, ttl: 64 });
}

function tunnelPacket(
  side: Side,
  frame: Buffer,
  [source, destination]: readonly [string, string],
  [from, to]: readonly [string, string],
  { summed, ttl }: { summed: boolean; ttl: number },
): Buffer {
  const { port, vni } = TUNNELS[side];
  const bytes = 16 + frame.length;
  const packet = Buffer.concat([
    Buffer.from(`${to}${from}0800`, "hex"),
    Buffer.from(`4500${hex16(20 + bytes)}12340000${hex8(ttl)}110000${source}${destination}`, "hex"),
    Buffer.from(`c350${hex16(port)}${hex16(bytes)}0000`, "hex"),
    Buffer.from(`08000000${hex32(vni << 8)}`, "hex"),
    frame,
  ]);
  return summed ? withUdpSum(withHeaderSum(packet, AT.ip)) : withHeaderSum(packet, AT.ip);
}

/** A copy with other bytes at a place. */
export function changed(packet: Buffer, at: number, bytes: string): Buffer {
  const copy = Buffer.from(packet);
  copy.write(bytes, at, "hex");
  return copy;
}

/** A copy with a right checksum of the IPv4 header that begins there. */
export function withHeaderSum(packet: Buffer, at: number): Buffer {
  const copy = changed(packet, at + 10, "0000");
  const end = at + ((copy[at] ?? 0) & 15) * 4;
  copy.writeUInt16BE(checksum(copy.subarray(at, end)), at + 10);
  return copy;
}

/** The sum of the outer addresses, protocol and length: what a checksum begins with. */
export function pseudoSum(packet: Buffer): number {
  const length = packet.subarray(AT.udp + 4, AT.udp + 6);
  const addresses = packet.subarray(AT.ip + 12, AT.udp);
  return ~checksum(Buffer.concat([addresses, Buffer.from([0, 17]), length])) & 0xffff;
}

/** A copy with a right outer UDP checksum. */
export function withUdpSum(packet: Buffer): Buffer {
  const copy = changed(packet, AT.udp + 6, hex16(pseudoSum(packet)));
  copy.writeUInt16BE(checksum(copy.subarray(AT.udp)) || 0xffff, AT.udp + 6);
  return copy;
}

export const hex8 = (value: number) => value.toString(16).padStart(2, "0");
export const hex16 = (value: number) => value.toString(16).padStart(4, "0");
const hex32 = (value: number) => value.toString(16).padStart(8, "0");
