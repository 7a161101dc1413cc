/** The load generator counts what really happens: what is cut, what is refused, what stays. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { run } from "../../../lab/run";
import { Undo } from "../../../lab/undo";
import { ensureLoad, Load, reasonOf } from "../../support/load";
import { serveLoad } from "../../support/loadServer";

const undo = new Undo();
const client = ["ip", "netns", "exec", "client"];
const server = ["ip", "netns", "exec", "server"];

before(async () => {
  assert.equal(await ensureLoad(), undefined);
  for (const name of ["client", "server"]) await run(["ip", "netns", "add", name]);
  const peer = ["type", "veth", "peer", "name", "eth0", "netns", "server"];
  await run(["ip", "link", "add", "eth0", "netns", "client", ...peer]);
  for (const [name, address] of [
    ["client", "10.9.0.1/24"],
    ["server", "10.9.0.2/24"],
  ] as const) {
    await run(["ip", "-n", name, "addr", "add", address, "dev", "eth0"]);
    await run(["ip", "-n", name, "link", "set", "eth0", "up"]);
  }
  await run(["ip", "-n", "client", "addr", "add", "198.51.100.7/32", "dev", "eth0"]);
  await run(["ip", "-n", "server", "route", "add", "198.51.100.7/32", "dev", "eth0"]);
  await serveLoad(undo, server);
});
after(() => undo.run());

function begin(more: object = {}): Load {
  const load = Load.start(client, {
    ...{ targets: ["http://10.9.0.2/"], source: "198.51.100.7" },
    ...{ newPerSecond: 50, held: 20, seconds: 60, waitSeconds: 1 },
    ...more,
  });
  undo.add("load", async () => void (await load.stop()));
  return load;
}

/** Drops packets of the load at the server, for as long as something takes. */
async function during(rule: string, work: () => Promise<void>): Promise<void> {
  const nft = (input: string) => run([...server, "nft", "-f", "-"], { input });
  const chain = `type filter hook input priority 0\n${rule}\n`;
  await nft(`table ip t {\nchain c {\n${chain}}\n}\n`);
  try {
    await work();
  } finally {
    await nft("delete table ip t\n");
  }
}

test("all is well: nothing fails, at the rate that was asked for", async () => {
  const load = begin({ short: { count: 5, seconds: 3 } });
  await load.steady();
  await load.until(
    "the short ones have ended",
    ({ ended, held }) => ended === 5 && held === 15,
    20,
  );
  const from = load.sums.new;
  const begun = Date.now();
  await load.until("200 more", (sums) => sums.new >= from + 200, 20);
  const { sums, text } = await load.stop();
  const rate = (200 * 1000) / (Date.now() - begun);
  assert.ok(rate > 30 && rate < 80, `${rate} a second`);
  assert.deepEqual([sums.newFailed, sums.cut, sums.again], [0, 0, 0], text);
});

test("silence cuts what is held, and fails what is new, with time and reason", async () => {
  const load = begin();
  await load.steady();
  const from = Date.now();
  await during("tcp dport 80 drop", async () => {
    await load.until("all cut", ({ cut }) => cut === 20, 20);
  });
  const to = Date.now();
  await load.until("all held again", ({ held }) => held === 20, 20);
  await load.stop();
  const failed = load.failed("new", from - 1000);
  assert.ok(failed.length >= 40, `${failed.length}`);
  for (const { at } of [...failed, ...load.failed("cut")]) assert.ok(at > from - 2000 && at < to);
  const unheard = failed.filter(({ reason }) => reason === "no answer to the SYN");
  assert.ok(unheard.length >= 40, JSON.stringify(failed));
  assert.deepEqual([...new Set(load.failed("cut").map(({ reason }) => reason))], ["no answer"]);
});

test("a reset cuts what is held at once, and what is new is refused", async () => {
  const load = begin();
  await load.steady();
  await during("tcp dport 80 reject with tcp reset", async () => {
    await load.until("all cut", ({ cut, newFailed }) => cut === 20 && newFailed > 5, 20);
  });
  const { text } = await load.stop();
  assert.match(text, /cut: reset 20 times/);
  assert.match(text, /new: refused/);
});

test("it ends by itself", async () => {
  const load = begin({ seconds: 2 });
  await assert.rejects(
    load.until("never", () => false, 20),
    /the load ended first/,
  );
});

test("a reason that nobody knows is kept as it is", () => {
  assert.equal(reasonOf("Bad Gateway"), "Bad Gateway");
});
