/** What is measured of a contender in each round. */
import type { Reading, Step } from "../harness/rounds";
import type { Contender } from "./contenders";

/** Bytes of the inner IP packets. */
export const SIZES = [64, 512, 1400] as const;
/** Flows that the ready-made datagrams belong to. */
const FLOWS = 64;
/** Packets that a look at a fast contender takes, and at one that takes tens of microseconds each. */
const PACKETS = 60_000;
const SLOW_PACKETS = 500;
const CONNECTIONS = 40_000;
const SLOW_CONNECTIONS = 500;
const HANDSHAKES = 200;
const SLOW = new Set(["linear"]);

interface Sent {
  sent: number;
  came: number;
  nanoseconds: number;
  wall: number;
  waited: number;
}

interface Connected {
  nanoseconds: number[];
  wall: number;
  waited: number;
}

/** A round's looks at a contender. */
export function stepsOf(contender: Contender): Step[] {
  const slow = SLOW.has(contender.key);
  const datagrams = (size: number): Step => ({
    contender: contender.key,
    measure: async () => {
      const count = slow ? SLOW_PACKETS : PACKETS;
      const request = { do: "udp", size, flows: FLOWS, count };
      return sentReading(`packet${size}`, await contender.packets.ask<Sent>(request), contender);
    },
  });
  return [
    { contender: contender.key, measure: () => handshakes(contender) },
    ...SIZES.map(datagrams),
    { contender: contender.key, measure: () => connections(contender, slow) },
  ];
}

async function handshakes({ connect }: Contender): Promise<Reading> {
  const { nanoseconds, wall, waited } = await connect.ask<Connected>({ count: HANDSHAKES });
  return { values: { handshake: nanoseconds }, wall, waited };
}

/** Each packet is the first of its flow; the table of flows is emptied before. */
async function connections(contender: Contender, slow: boolean): Promise<Reading> {
  await contender.packets.ask({ do: "forget" });
  const count = slow ? SLOW_CONNECTIONS : CONNECTIONS;
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
