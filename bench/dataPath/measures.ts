/** Measures that are taken of a contender in each round. */
import type { Reading, Turn } from "../harness/rounds";
import { type Contender, FLOOD_RATE } from "./contenders";

/** Bytes of the inner IP packets. */
export const SIZES = [64, 512, 1400] as const;
/** Flows that the ready-made datagrams belong to; a power of two. */
const FLOWS = 64;
/** Longer than any look beside a flood. */
const FLOOD_SECONDS = 0.8;

/** The generator's report of what it sent. */
export interface Sent {
  sent: number;
  /** Packets that the NVA sent meanwhile. */
  came: number;
  /** Of processor time. */
  nanoseconds: number;
  wall: number;
  waited: number;
  /** Entries in conntrack's table, for TCP. */
  flows?: number;
}

interface Connected {
  nanoseconds: number[];
  wall: number;
  waited: number;
}

/** Packets that a look takes at a fast contender, and at one that takes tens of microseconds each. */
export interface Amounts {
  packets: number;
  connections: number;
  handshakes: number;
}

const FAST: Amounts = { packets: 50_000, connections: 40_000, handshakes: 300 };
const SLOW: Amounts = { packets: 500, connections: 500, handshakes: 300 };
const IS_SLOW = new Set(["linear"]);

/** A contender's turn: everything that is measured of it. */
export function turnOf(contender: Contender): Turn {
  const { key: name, flood } = contender;
  const amounts = IS_SLOW.has(name) ? SLOW : FAST;
  const connect = () => handshakes(contender, amounts);
  if (flood !== undefined) {
    // A flood is a matter of whether what is allowed gets through as before.
    const looks = [connect, () => datagrams(contender, SIZES[0], amounts)];
    return { contender: name, looks: looks.map((one) => () => besideFlood(flood, one)) };
  }
  const sizes = SIZES.map((size) => () => datagrams(contender, size, amounts));
  return { contender: name, looks: [connect, ...sizes, () => connections(contender, amounts)] };
}

/** The short form of a turn: one look each at handshakes, packets and connections. */
export function shortLooks(contender: Contender, amounts: Amounts): Turn["looks"] {
  return [
    () => handshakes(contender, amounts),
    () => datagrams(contender, SIZES[0], amounts),
    () => connections(contender, amounts),
  ];
}

async function handshakes({ connect }: Contender, amounts: Amounts): Promise<Reading> {
  const { nanoseconds, wall, waited } = await connect.ask<Connected>({ count: amounts.handshakes });
  return { values: { handshake: nanoseconds }, wall, waited };
}

async function datagrams(contender: Contender, size: number, amounts: Amounts): Promise<Reading> {
  const request = { do: "udp", size, flows: FLOWS, count: amounts.packets };
  return sentReading(`packet${size}`, await contender.packets.ask<Sent>(request), contender);
}

/** Each packet is the first of its flow; the table of flows is emptied before. */
async function connections(contender: Contender, amounts: Amounts): Promise<Reading> {
  await contender.packets.ask({ do: "forget" });
  const sent = await contender.packets.ask<Sent>({ do: "syn", count: amounts.connections });
  await contender.packets.ask({ do: "forget" });
  return sentReading("connection", sent, contender);
}

/** Nanoseconds of processor time a packet; throws if packets were lost that all should pass. */
function sentReading(figure: string, found: Sent, { key }: Contender): Reading {
  const { sent, came, nanoseconds, wall, waited } = found;
  if (key !== "none" && came < sent) {
    throw new Error(`${key}: of ${sent} packets (${figure}) only ${came} came out`);
  }
  // Processor time: a wait for the processor is not in it.
  return { values: { [figure]: nanoseconds / sent }, wall, waited, patience: 0.3 };
}

async function besideFlood(
  flood: NonNullable<Contender["flood"]>,
  measure: () => Promise<Reading>,
): Promise<Reading> {
  const count = FLOOD_RATE * FLOOD_SECONDS;
  const begun = performance.now();
  const flooding = flood.packets.ask<Sent>({ do: "forbidden", rate: FLOOD_RATE, count });
  const reading = await measure();
  const took = (performance.now() - begun) / 1000;
  flood.sent += (await flooding).sent;
  // Longer than the flood: some of it was measured without.
  return took < FLOOD_SECONDS ? reading : { ...reading, waited: reading.wall };
}
