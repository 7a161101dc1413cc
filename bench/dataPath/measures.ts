/** What is measured of a contender in each round. */
import type { Reading, Step } from "../harness/rounds";
import { type Contender, FLOOD_RATE } from "./contenders";

/** Bytes of the inner IP packets. */
export const SIZES = [64, 512, 1400] as const;
/** Flows that the ready-made datagrams belong to; a power of two. */
const FLOWS = 64;
/** Packets that a look takes at a fast contender, and at one that takes tens of microseconds each. */
const PACKETS = { fast: 50_000, slow: 500 };
const CONNECTIONS = { fast: 40_000, slow: 500 };
const HANDSHAKES = 300;
const SLOW = "linear";
/** Longer than any look beside a flood. */
const FLOOD_SECONDS = 0.8;

/** What the generator says it sent. */
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

/** A round's looks at a contender. */
export function stepsOf(contender: Contender): Step[] {
  const { key: name, flood } = contender;
  const step = (measure: () => Promise<Reading>): Step => ({
    contender: name,
    measure: flood === undefined ? measure : () => besideFlood(flood, measure),
  });
  const connect = step(() => handshakes(contender));
  // A flood is a matter of whether what is allowed gets through as before.
  if (flood !== undefined) return [connect, step(() => datagrams(contender, SIZES[0]))];
  return [
    connect,
    ...SIZES.map((size) => step(() => datagrams(contender, size))),
    step(() => connections(contender)),
  ];
}

async function handshakes({ connect }: Contender): Promise<Reading> {
  const { nanoseconds, wall, waited } = await connect.ask<Connected>({ count: HANDSHAKES });
  return { values: { handshake: nanoseconds }, wall, waited };
}

async function datagrams(contender: Contender, size: number): Promise<Reading> {
  const count = PACKETS[contender.key === SLOW ? "slow" : "fast"];
  const request = { do: "udp", size, flows: FLOWS, count };
  return sentReading(`packet${size}`, await contender.packets.ask<Sent>(request), contender);
}

/** Each packet is the first of its flow; the table of flows is emptied before. */
async function connections(contender: Contender): Promise<Reading> {
  const count = CONNECTIONS[contender.key === SLOW ? "slow" : "fast"];
  await contender.packets.ask({ do: "forget" });
  const sent = await contender.packets.ask<Sent>({ do: "syn", count });
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
