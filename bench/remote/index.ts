/**
 * The bench on a user's own hosts: connects from a client to targets with and without a
 * gateway, the NVA's share of them, and, where asked for, packets.
 */
import type { Undo } from "../../lab/undo";
import { type Sent, SIZES } from "../dataPath/measures";
import type { Findings } from "../harness/question";
import { type Reading, type Turn, takeRounds } from "../harness/rounds";
import type { RemoteAgent } from "./agent";

/** A server that the client connects to; the first target is the baseline. */
export interface Target {
  name: string;
  address: string;
  port: number;
}

export interface RemoteOptions {
  client: RemoteAgent;
  targets: readonly Target[];
  /** The NVA that the targets are behind. */
  nva?: RemoteAgent;
  rounds: number;
  /** Connects a round and target. */
  connects: number;
  /** True sends each target as many datagrams as the client can, for a second a size. */
  datagrams: boolean;
  /** True hands ready-made packets to the NVA's own NIC. */
  inject: boolean;
  note: (text: string) => void;
}

interface Counters {
  packets: Record<string, number>;
  processorSeconds: number;
}

const NVA = "nva";
const FLOWS = 64;
const PACKETS = 50_000;
const CONNECTIONS = 40_000;

/** Measures; rejects with a UserError that names the host that refused. */
export async function benchRemote(options: RemoteOptions): Promise<Findings> {
  const { targets, nva, inject, rounds, note } = options;
  const turns = targets.map((target) => turnOf(target, options));
  if (nva !== undefined && inject) turns.push(injected(nva));
  const found = await takeRounds(turns, { rounds, note });
  const titles = Object.fromEntries(targets.map(({ name }) => [name, name]));
  return { titles: inject ? { ...titles, [NVA]: "ready-made packets" } : titles, ...found };
}

/** Ends agents with the work that they are for. */
export function endWith(undo: Undo, agent: RemoteAgent): RemoteAgent {
  undo.add(`agent on ${agent.host}`, async () => agent.stop());
  return agent;
}

function turnOf(target: Target, options: RemoteOptions): Turn {
  const { client, nva, connects, datagrams } = options;
  const to = { to: target.address, port: target.port };
  const connect = async () =>
    (await client.ask<{ nanoseconds: number[] }>({ do: "connect", ...to, count: connects }))
      .nanoseconds;
  const looks = [async () => reading({ handshake: await connect() })];
  if (nva !== undefined) looks.push(async () => transits(nva, target.port, connect));
  if (nva !== undefined && datagrams) {
    looks.push(...SIZES.map((size) => () => throughNva(client, nva, { ...to, size })));
  }
  return { contender: target.name, looks };
}

/** On a user's own hosts nothing tells disturbed looks apart: all of them count. */
const reading = (values: Reading["values"]): Reading => ({ values, wall: 1, waited: 0 });

/** A round of its own: what the watch costs must not show in the connects' time. */
async function transits(nva: RemoteAgent, port: number, connect: () => Promise<unknown>) {
  await nva.ask({ do: "watch", port });
  await connect();
  const { nanoseconds } = await nva.ask<{ nanoseconds: number[] }>({ do: "seen" });
  // A target that is not behind the NVA has no share.
  return reading(nanoseconds.length === 0 ? {} : { transit: nanoseconds });
}

/** Packets that the client can send, and their cost in the NVA's processor time. */
async function throughNva(client: RemoteAgent, nva: RemoteAgent, to: object): Promise<Reading> {
  const { size } = to as { size: number };
  const before = await nva.ask<Counters>({ do: "counters" });
  await client.ask({ do: "datagrams", ...to, seconds: 1 });
  const after = await nva.ask<Counters>({ do: "counters" });
  const sum = ({ packets }: Counters) => Object.values(packets).reduce((all, one) => all + one, 0);
  const passed = sum(after) - sum(before);
  if (passed < 1000) return reading({});
  const spent = after.processorSeconds - before.processorSeconds;
  return reading({ [`packet${size}`]: (spent * 1e9) / passed });
}

function injected(nva: RemoteAgent): Turn {
  const send = async (figure: string, request: object) => {
    const { sent, nanoseconds } = await nva.ask<Sent>({ do: "inject", ...request });
    return reading({ [figure]: nanoseconds / sent });
  };
  const udp = { what: "udp", flows: FLOWS, count: PACKETS };
  return {
    contender: NVA,
    looks: [
      ...SIZES.map((size) => () => send(`packet${size}`, { ...udp, size })),
      async () => {
        await nva.ask({ do: "inject", what: "forget" });
        return send("connection", { what: "syn", count: CONNECTIONS });
      },
    ],
  };
}
