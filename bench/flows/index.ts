/** How many flows an NVA can hold, and what becomes of old and new ones when it can hold no more. */
import { readFileSync } from "node:fs";
import { bringUp, type Contender } from "../dataPath/contenders";
import type { Sent } from "../dataPath/measures";
import { format, markdownTable } from "../harness/figures";
import type { Context, Findings, Question } from "../harness/question";

/** Packets that look at what becomes of flows. */
const LOOK = 10_000;
/** Flows of a NIC that Azure allows, either way; a machine may have room for fewer. */
const MOST = 500_000;
const LIMIT = "/proc/sys/net/netfilter/nf_conntrack_max";

export const flows: Question = {
  name: "flows",
  about: "how many flows fit, and what happens to old and new ones then",
  boxed: true,
  ask,
  show,
};

async function ask({ cpu, undo, note }: Context): Promise<Findings> {
  const [ours] = await bringUp(["ours1"], cpu, undo, note);
  if (ours === undefined) throw new Error("ours is not up");
  const limit = Number(readFileSync(LIMIT, "utf8"));
  const most = Math.min(MOST, limit >> 1);
  note(`${most} established connections`);
  const many = await hold(ours, most);
  note(`${limit} established connections`);
  const established = await fill(ours, limit);
  note("a flood of SYNs beside established connections");
  const flooded = await floodOfSyns(ours, limit);
  await ours.packets.ask({ do: "forget" });
  return {
    titles: { ours: ours.title },
    samples: {},
    facts: { limit, bytesPerFlow: bytesPerFlow(), ...many, ...established, ...flooded },
  };
}

/** Establishes connections, and compares the way through many with the way through few. */
async function hold({ packets }: Contender, most: number): Promise<Record<string, number>> {
  await packets.ask({ do: "forget" });
  const send = sender(packets);
  const first = await send("syn", LOOK, 0);
  await send("synAck", LOOK, 0);
  await send("ack", LOOK, 0);
  const few = await send("ack", LOOK, 0);
  await open(send, most - LOOK, LOOK);
  const many = await send("ack", LOOK, 0);
  const last = await send("syn", LOOK, most);
  return {
    most,
    mostOldPassed: many.came / many.sent,
    mostNewPassed: last.came / last.sent,
    newBesideFew: first.nanoseconds / first.sent,
    newBesideMany: last.nanoseconds / last.sent,
    oldBesideFew: few.nanoseconds / few.sent,
    oldBesideMany: many.nanoseconds / many.sent,
  };
}

/** The three packets of each handshake; entries in conntrack's table after them. */
async function open(send: ReturnType<typeof sender>, count: number, from: number): Promise<number> {
  await send("syn", count, from);
  await send("synAck", count, from);
  const { flows: known = 0 } = await send("ack", count, from);
  return known;
}

/** Establishes as many connections as there is room for, then tries more. */
async function fill({ packets }: Contender, limit: number): Promise<Record<string, number>> {
  await packets.ask({ do: "forget" });
  const send = sender(packets);
  const known = await open(send, limit, 0);
  const more = await send("syn", LOOK, limit);
  const old = await send("ack", LOOK, 0);
  return {
    heldFlows: known,
    fullNewPassed: more.came / more.sent,
    fullOldPassed: old.came / old.sent,
  };
}

/** Some established connections, and more half-open ones than there is room for. */
async function floodOfSyns({ packets }: Contender, limit: number): Promise<Record<string, number>> {
  await packets.ask({ do: "forget" });
  const send = sender(packets);
  for (const step of ["syn", "synAck", "ack"]) await send(step, LOOK, 0);
  await send("syn", limit - LOOK, LOOK);
  const more = await send("syn", 5 * LOOK, limit);
  const old = await send("ack", LOOK, 0);
  return {
    floodNewPassed: more.came / more.sent,
    floodOldPassed: old.came / old.sent,
    floodNanoseconds: more.nanoseconds / more.sent,
  };
}

const sender = (packets: Contender["packets"]) => (what: string, count: number, from: number) =>
  packets.ask<Sent>({ do: what, count, from });

/** Kernel memory of an entry, as its allocator has it; 0 where the kernel does not say. */
function bytesPerFlow(): number {
  try {
    const line = /^nf_conntrack\s+\d+\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/slabinfo", "utf8"));
    return Number(line?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function show({ facts = {} }: Findings): string {
  const share = (name: string) => `${format(Number(facts[name]) * 100, 1)} %`;
  const count = (name: string) => format(Number(facts[name]), 0);
  return markdownTable(
    ["", ""],
    [
      ["connections that the kernel may hold (`nf_conntrack_max`)", count("limit")],
      ["kernel memory of each, bytes", count("bytesPerFlow")],
      [`packets of ${format(LOOK, 0)} among ${count("most")} that pass`, share("mostOldPassed")],
      [`new connections beside ${count("most")} that pass`, share("mostNewPassed")],
      ["ns a new connection beside none", count("newBesideFew")],
      [`ns a new connection beside ${count("most")}`, count("newBesideMany")],
      [`ns a packet of ${format(LOOK, 0)} connections alone`, count("oldBesideFew")],
      [`ns a packet of ${format(LOOK, 0)} among ${count("most")}`, count("oldBesideMany")],
      ["established connections held", count("heldFlows")],
      ["table full of established ones: packets of these that pass", share("fullOldPassed")],
      ["table full of established ones: new connections that pass", share("fullNewPassed")],
      [
        "table full of half-open ones: packets of established ones that pass",
        share("floodOldPassed"),
      ],
      ["table full of half-open ones: new connections that pass", share("floodNewPassed")],
      ["ns a new connection that takes a half-open one's place", count("floodNanoseconds")],
    ],
  );
}
