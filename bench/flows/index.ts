/** How many flows an NVA can hold, and what becomes of old and new ones when it can hold no more. */
import { readFileSync } from "node:fs";
import { bringUp, type Contender } from "../dataPath/contenders";
import type { Sent } from "../dataPath/measures";
import { format, markdownTable } from "../harness/figures";
import type { Context, Findings, Question } from "../harness/question";

/** Packets that look at what becomes of flows. */
const LOOK = 10_000;
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
  note(`${limit} established connections`);
  const established = await fill(ours, limit);
  note("a flood of SYNs beside established connections");
  const flooded = await floodOfSyns(ours, limit);
  await ours.packets.ask({ do: "forget" });
  return {
    titles: { ours: ours.title },
    samples: {},
    facts: { limit, bytesPerFlow: bytesPerFlow(), ...established, ...flooded },
  };
}

/** Establishes as many connections as there is room for, then tries more. */
async function fill({ packets }: Contender, limit: number): Promise<Record<string, number>> {
  await packets.ask({ do: "forget" });
  const send = sender(packets);
  const opened = await send("syn", limit, 0);
  await send("synAck", limit, 0);
  const { flows: known = 0 } = await send("ack", limit, 0);
  const more = await send("syn", LOOK, limit);
  const old = await send("ack", LOOK, 0);
  return {
    heldFlows: known,
    openNanoseconds: opened.nanoseconds / opened.sent,
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
      ["connections that the kernel holds by its own setting", count("limit")],
      ["established connections held", count("heldFlows")],
      ["kernel memory of each, bytes", count("bytesPerFlow")],
      ["table full of established ones: packets of these that pass", share("fullOldPassed")],
      ["table full of established ones: new connections that pass", share("fullNewPassed")],
      [
        "table full of half-open ones: packets of established ones that pass",
        share("floodOldPassed"),
      ],
      ["table full of half-open ones: new connections that pass", share("floodNewPassed")],
      ["ns a new connection while there is room", count("openNanoseconds")],
      ["ns a new connection that takes a half-open one's place", count("floodNanoseconds")],
    ],
  );
}
