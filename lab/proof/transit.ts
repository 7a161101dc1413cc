/** Time that handshakes spend inside an NVA, from captures on its two tunnels. Pure. */
import { ACK, type Packet, SYN } from "./pcap";

export interface Transits {
  /** Per handshake: the SYN's way through plus the SYN-ACK's way back, nanoseconds. */
  handshakes: number[];
  /** Handshakes of which one of the four sightings is missing. */
  incomplete: number;
}

/**
 * Pairs what was seen on the External tunnel with what was seen on the Internal one. A SYN comes
 * by External and leaves by Internal, the SYN-ACK the other way round. Of packets sent twice the
 * first sighting counts. Handshakes to other ports than `port` are left out.
 */
export function handshakeTransits(
  external: readonly Packet[],
  internal: readonly Packet[],
  port: number,
): Transits {
  const outside = sightings(external, port);
  const inside = sightings(internal, port);
  const handshakes: number[] = [];
  let incomplete = 0;
  for (const [key, came] of outside) {
    const went = inside.get(key);
    const [syn, synAck] = [spent(came.syn, went?.syn), spent(went?.synAck, came.synAck)];
    if (syn === undefined || synAck === undefined) incomplete += 1;
    else handshakes.push(syn + synAck);
  }
  return { handshakes, incomplete };
}

interface Sighting {
  syn?: bigint;
  synAck?: bigint;
}

/** By connection, with the client's sequence number: ports are used again, sequences hardly. */
function sightings(packets: readonly Packet[], port: number): Map<string, Sighting> {
  const seen = new Map<string, Sighting>();
  for (const packet of packets) {
    if (packet.tcp === undefined) continue;
    const { flags, sequence, acknowledgement } = packet.tcp;
    const { source, destination, sourcePort, destinationPort } = packet;
    if ((flags & SYN) === 0) continue;
    const answer = (flags & ACK) !== 0;
    if ((answer ? sourcePort : destinationPort) !== port) continue;
    const client = answer ? `${destination} ${destinationPort}` : `${source} ${sourcePort}`;
    const server = answer ? source : destination;
    const first = answer ? (acknowledgement - 1) >>> 0 : sequence;
    const key = `${client} ${server} ${first}`;
    const sighting = seen.get(key) ?? {};
    if (answer) sighting.synAck ??= packet.at;
    else sighting.syn ??= packet.at;
    seen.set(key, sighting);
  }
  return seen;
}

function spent(from: bigint | undefined, until: bigint | undefined): number | undefined {
  return from === undefined || until === undefined ? undefined : Number(until - from);
}
