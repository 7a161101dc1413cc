/** Whatever a NIC leaves to the kernel or takes from it, packets leave the fast path as they should. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Ends, SERVER, throughTunnels } from "../../../bench/dataPath/way";
import { run } from "../../../lab/run";
import { Undo } from "../../../lab/undo";
import { Guest } from "../../support/guest";
import { offload } from "../../support/offload";
import { settings } from "../../support/outside";
import { Talker } from "../../support/talker";

const BYTES = 8_000_000;
/** Seconds for that; it takes a tenth of one. */
const SOON = 20;
const undo = new Undo();
let guest: Guest;
let ends: Ends;
let wire: Talker;
before(async () => {
  guest = await Guest.healthy(undo, undefined, { netns: "gateway-nva", gateway: false });
  ends = await throughTunnels("nva", guest.outside.netns);
  const at = (netns: string) => ["ip", "netns", "exec", netns, "python3", "-B", "-u"];
  const tunnelPorts = [settings.internal, settings.external].map(({ port }) => `${port}`);
  const sums = [
    ...at(guest.outside.netns),
    `${__dirname}/../../support/wireSums.py`,
    "wire",
    ...tunnelPorts,
  ];
  wire = await Talker.start("checksums on the wire", sums);
  undo.add("checksums on the wire", async () => wire.stop());
  const serve = [...at(ends.server), `${__dirname}/../../support/server.py`, "server"];
  const server = await Talker.start("server", serve);
  undo.add("server", async () => server.stop());
});
after(() => undo.run());

interface Counts {
  right?: number;
  wrong?: number;
  none?: number;
  inner?: number;
  outer?: number;
  merged?: number;
}

const counts = () => wire.ask<Counts>({ do: "count" });

/** Packets that have gone the fast path. */
const fast = () => guest.metric("gwlb_express_packets_total");

/** Downloads and uploads, with merged packets from the ends or without. */
async function transfers(merged: boolean): Promise<{ seen: Counts; taken: number }> {
  for (const [netns, device] of [
    [ends.client, "ex"],
    [ends.server, "in"],
  ] as const) {
    const most = merged ? "65535" : "1";
    await run(["ip", "-n", netns, "link", "set", device, "gso_max_segs", most]);
  }
  await counts();
  const before = await fast();
  const curl = ["ip", "netns", "exec", ends.client, "curl", "-sS", "--max-time", String(SOON)];
  const size = ["-o", "/dev/null", "-w", "%{size_download}"];
  const url = `http://${SERVER}`;
  const down = await run([...curl, ...size, `${url}/bytes/${BYTES}`]);
  assert.equal(down.stdout, String(BYTES));
  const up = await run([...curl, "--data-binary", "@-", url], { input: "x".repeat(BYTES) });
  assert.match(up.stdout, new RegExp(String(BYTES)));
  return { seen: await counts(), taken: (await fast()) - before };
}

describe("outer UDP checksums are right, and files arrive whole", () => {
  for (const checksums of [true, false]) {
    for (const gro of [false, true]) {
      for (const merged of [true, false]) {
        const name =
          `checksums ${checksums ? "by the NIC" : "by the kernel"}, GRO ${gro ? "on" : "off"}, ` +
          `${merged ? "merged" : "single"} packets from the ends`;
        test(name, async () => {
          await offload(guest.netns, "eth0", "checksums", checksums);
          await offload(guest.netns, "eth0", "gro", gro);
          const { seen, taken } = await transfers(merged);
          assert.equal(seen.wrong ?? 0, 0, JSON.stringify(seen));
          assert.ok((seen.right ?? 0) > 100, JSON.stringify(seen));
          assert.ok(taken > 100, `${taken}`);
        });
      }
    }
  }
});
