/** Flows that are held open and silent: new ones find room, health and metrics say how much. */
import assert from "node:assert/strict";
import os from "node:os";
import { after, before, test } from "node:test";
import { bringUp, type Contender } from "../../../bench/dataPath/contenders";
import type { Sent } from "../../../bench/dataPath/measures";
import { Undo } from "../../../lab/undo";
import type { Guest } from "../../support/guest";

/** Flows opened one after another, and those among them that go on talking. */
const [CHUNK, TALKING] = [32_768, 500];
/** New connections that must all pass whenever so many more are held. */
const LOOK = 300;
/** Seconds in which a table must have room again, on a machine that others use. */
const ROOM = 60;
const MENDED = 10;

const undo = new Undo();
let nva: Contender;
let guest: Guest;
before(async () => {
  const [ours] = await bringUp(["ours1"], os.cpus().length - 1, undo, () => undefined);
  if (ours?.guest === undefined) throw new Error("ours is not up");
  [nva, guest] = [ours, ours.guest];
});
after(() => undo.run());

const send = (what: string, count: number, from: number) =>
  nva.packets.ask<Sent>({ do: what, count, from });

/** Opens connections; the second packet of a client is one that every connection tracker sees. */
async function open(count: number, from: number): Promise<void> {
  for (const step of ["syn", "synAck", "ack", "ack"]) await send(step, count, from);
}

/** Waits until the table has no more than a share of its limit. */
async function entriesBelow(share: number, limit: number): Promise<void> {
  for (const end = Date.now() + ROOM * 1000; (await entries()) >= share * limit; ) {
    assert.ok(Date.now() < end, `${await entries()} of ${limit} after ${ROOM} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const entries = async () =>
  Number(await guest.sh("cat /proc/sys/net/netfilter/nf_conntrack_count"));

/** How many of the connections with the first numbers the kernel has as established. */
async function known(count: number): Promise<number> {
  const code = `
import sys; sys.path.insert(0, "/opt/azure-gwlb")
from gwlb.flows import conntrack
from gwlb.flows import room
ends = [flow[1][1] for flow in room.established(conntrack.dump()) if flow]
own = [one for one in ends if bytes([198, 18, 0, 0]) in one]
print(sum(int.from_bytes(one[36:38], "big") - 0x8000 < ${count} for one in own))`;
  return Number(await guest.exec(["python3", "-c", code]));
}

test("a quarter more flows are held than the table takes: every new connection passes", async () => {
  const limit = await guest.metric("gwlb_flows_limit");
  const chunks = Math.ceil((1.25 * limit) / CHUNK);
  await open(TALKING, 0);
  for (let chunk = 1; chunk <= chunks; chunk += 1) {
    await open(CHUNK, chunk * CHUNK);
    await send("ack", TALKING, 0);
    await entriesBelow(0.9, limit);
    const { came, sent } = await send("syn", LOOK, (chunks + 1) * CHUNK + chunk * LOOK);
    // Among them are a few packets of the NVA's own.
    assert.ok(came >= sent, `${came} of ${sent} after ${chunk * CHUNK} of ${limit}`);
  }
  const evicted = await guest.metric("gwlb_flows_evicted_total");
  assert.ok(evicted > 0, "silent flows made room");
  console.log(`${evicted} of ${limit} made room`);
  assert.equal(await known(TALKING), TALKING, "those that talk are not the ones that go");
  assert.equal((await guest.outside.probe()).code, 200);
  assert.equal(await guest.metric("gwlb_flows_drop_total"), 0);
});

test("where nobody makes room, health says so before the table is full", async () => {
  const limit = await guest.metric("gwlb_flows_limit");
  await guest.sh("systemctl stop gwlb-flows");
  try {
    for (let at = 0; (await entries()) < 0.97 * limit; at += CHUNK) await open(CHUNK, at);
    await send("syn", LOOK, 2 * limit);
    const { body } = await guest.outside.probeUntil(503, ROOM);
    assert.match(JSON.parse(body).problems[0], /^connection table: \d+ of \d+ entries, and gwlb-/);
  } finally {
    await guest.sh("systemctl start gwlb-flows");
  }
  await guest.outside.probeUntil(200, ROOM);
});

test("a setting of the kernel's that somebody changes is a problem, and set again at once", async () => {
  const name = "net.netfilter.nf_conntrack_tcp_timeout_established";
  const tunnels = () => guest.sh("cat /sys/class/net/vxlan-ex/ifindex");
  const before = await tunnels();
  await guest.sh("systemctl stop gwlb-flows");
  try {
    await guest.sh(`sysctl -qw ${name}=432000`);
    const { body } = await guest.outside.probeUntil(503, MENDED);
    assert.deepEqual(JSON.parse(body).problems, [`${name} is 432000, not 6060`]);
  } finally {
    await guest.sh("systemctl start gwlb-flows");
  }
  await guest.outside.probeUntil(200, MENDED);
  assert.equal(await tunnels(), before, "no tunnel was made anew for it");
});
