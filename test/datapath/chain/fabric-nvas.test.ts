/** Several NVAs behind a gateway: who gets which flow, and what becomes of it when one dies. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { run, start } from "../../../lab/run";
import { AzureFixture, ILPIP_ADDRESS } from "../../support/azureFixtures";
import { FabricBox } from "../../support/fabricBox";

const nvas = ["nva1", "nva2", "nva3"];

/** Packets that came to an NVA from the internet side. */
async function received(box: FabricBox, nva: string): Promise<number> {
  const { stdout } = await run([
    "ip",
    "-n",
    box.netns(nva),
    "-j",
    "-s",
    "link",
    "show",
    "vxlan-ex",
  ]);
  const [link] = JSON.parse(stdout) as { stats64: { rx: { packets: number } } }[];
  return link?.stats64.rx.packets ?? 0;
}

/** Counts of all NVAs, once nothing comes any more. */
async function quiet(box: FabricBox): Promise<number[]> {
  for (let last = ""; ; await sleep(100)) {
    const counts = await Promise.all(nvas.map((nva) => received(box, nva)));
    if (counts.join() === last) return counts;
    last = counts.join();
  }
}

/** What came to each NVA while something was done; waits for the last packets of it, and before it. */
async function shares(box: FabricBox, work: () => Promise<unknown>): Promise<number[]> {
  const before = await quiet(box);
  await work();
  const after = await quiet(box);
  return after.map((count, i) => count - (before[i] ?? 0));
}

describe("three NVAs", { timeout: 120_000 }, () => {
  let box: FabricBox;
  const stop = new Map<string, () => Promise<void>>();
  before(async () => {
    box = await FabricBox.open(new AzureFixture({ nvas: 3 }));
    for (const nva of nvas) {
      await box.beNva(nva);
      stop.set(nva, await box.serve(nva));
    }
    await box.serve("app");
    for (const nva of nvas) await box.untilHealthy(nva, true);
  });
  after(() => box.close());

  const connects = (count: number) =>
    box.act("internet", "handshakes", { to: ILPIP_ADDRESS, port: 80, count, seconds: 2 });

  test("share the flows, and each flow stays on one of them", async () => {
    const each = await shares(box, () => connects(300));
    for (const packets of each) assert.ok(packets > 60, `shares: ${each.join(", ")}`);
    const flow = await shares(box, () =>
      box.act("internet", "fetch", { to: ILPIP_ADDRESS, port: 80, path: "/bytes/3000000" }),
    );
    assert.equal(flow.filter((packets) => packets > 0).length, 1, `shares: ${flow.join(", ")}`);
  });

  test("loadDistribution SourceIP keeps a client on one NVA", async () => {
    const distribute = (mode: string) =>
      box.change((fixture) =>
        fixture.change("gwlb", (properties) => {
          const [rule] = properties.loadBalancingRules as { properties: object }[];
          Object.assign(rule?.properties ?? {}, { loadDistribution: mode });
        }),
      );
    await distribute("SourceIP");
    const each = await shares(box, () => connects(30));
    assert.equal(each.filter((packets) => packets > 0).length, 1, `shares: ${each.join(", ")}`);
    await distribute("Default");
  });

  test("an established flow stays on its NVA when the probe gives that up", async () => {
    const program = `
import http.client, sys
c = http.client.HTTPConnection("${ILPIP_ADDRESS}", 80, timeout=10)
for _ in sys.stdin:
    c.request("GET", "/")
    print(c.getresponse().read().decode(), flush=True)`;
    const argv = ["ip", "netns", "exec", box.netns("internet"), "python3", "-c", program];
    const client = start(argv, { stdio: ["pipe", "pipe", "inherit"] });
    const ask = async () => {
      const answer = client.stdout === null ? [] : once(client.stdout, "data");
      client.stdin?.write("again\n");
      return String(await answer);
    };
    const first = await shares(box, ask);
    const index = first.findIndex((packets) => packets > 0);
    const nva = nvas[index] ?? "";
    await stop.get(nva)?.();
    await box.untilHealthy(nva, false);
    const second = await shares(box, async () => assert.match(await ask(), /"app"/));
    assert.deepEqual(
      second.map((packets) => packets > 0),
      first.map((packets) => packets > 0),
    );
    const others = await shares(box, () => connects(60));
    assert.equal(others[index], 0, "new flows go elsewhere");
    client.kill();
    stop.set(nva, await box.serve(nva));
    await box.untilHealthy(nva, true);
  });

  test("a dead one gets no new flow; with none alive nothing passes; one alive is enough", async () => {
    await stop.get("nva1")?.();
    await box.untilHealthy("nva1", false);
    const two = await shares(box, () => connects(100));
    assert.equal(two[0], 0);
    assert.ok(await box.ask("internet", ILPIP_ADDRESS, 80));
    for (const nva of ["nva2", "nva3"]) await stop.get(nva)?.();
    for (const nva of ["nva2", "nva3"]) await box.untilHealthy(nva, false);
    const rise = await box.rise("gw-", async () => {
      const knock = { to: ILPIP_ADDRESS, port: 80, count: 5, seconds: 0.5 };
      assert.equal((await box.act("internet", "knock", knock)).answered, 0);
      assert.equal(await box.ask("app", "203.0.113.9", 80, undefined, 0.5), undefined);
    });
    assert.deepEqual(Object.keys(rise), ["no_healthy_nva"]);
    assert.ok((rise.no_healthy_nva ?? 0) >= 6);
    await box.serve("nva2");
    await box.untilHealthy("nva2", true);
    const one = await shares(box, () => connects(20));
    assert.deepEqual([one[0], one[2]], [0, 0]);
    assert.ok((one[1] ?? 0) >= 40);
  });
});

describe("an NVA that is set up wrongly", { timeout: 60_000 }, () => {
  let box: FabricBox;
  before(async () => {
    box = await FabricBox.open(new AzureFixture());
    await box.serve("nva1");
    await box.serve("app");
    await box.untilHealthy("nva1", true);
  });
  after(() => box.close());

  const forget = () =>
    run(["ip", "-n", box.netns("nva1"), "-batch", "-"], {
      input: "link del vxlan-in\nlink del vxlan-ex\nlink del br0\n",
    });

  test("a learning bridge loses a flow at its second packet", async () => {
    await box.beNva("nva1", { learning: true });
    assert.equal(await box.ask("internet", ILPIP_ADDRESS, 80, undefined, 1), undefined);
    await forget();
  });

  test("a NIC with an MTU of 1,500 loses packets of full size", async () => {
    await box.beNva("nva1", { mtu: 1500 });
    assert.ok(await box.ask("internet", ILPIP_ADDRESS, 80));
    const large = await box.act("internet", "fetch", {
      ...{ to: ILPIP_ADDRESS, port: 80, path: "/bytes/100000", seconds: 1 },
    });
    assert.notEqual(large.bytes, 100_000);
    await forget();
  });

  test("what comes back by the tunnel it was sent on is dropped", async () => {
    await box.beNva("nva1");
    const netns = box.netns("nva1");
    const send = (on: string) => [
      "ip",
      "-n",
      netns,
      "link",
      "set",
      "vxlan-ex",
      "type",
      "bridge_slave",
      "hairpin",
      on,
    ];
    await run(send("on"));
    const rise = await box.rise("gw-", () => box.ask("internet", ILPIP_ADDRESS, 80));
    assert.ok((rise.same_tunnel ?? 0) > 0, JSON.stringify(rise));
    await run(send("off"));
    assert.ok(await box.ask("internet", ILPIP_ADDRESS, 80));
    await forget();
  });

  test("what an NVA sends of its own into a tunnel is not carried", async () => {
    await box.beNva("nva1");
    const rise = await box.rise("gw-", async () => {
      await run(["ip", "-n", box.netns("nva1"), "addr", "add", "192.168.255.1/28", "dev", "br0"]);
      await box.act("nva1", "ping", { to: "192.168.255.9", size: 8, seconds: 0.2 });
      const broadcast = ["ip", "-n", box.netns("nva1"), "route", "add", "8.8.4.4", "dev", "br0"];
      await run(broadcast);
      const neighbour = ["neigh", "add", "8.8.4.4", "lladdr", "02:00:00:00:00:99", "dev", "br0"];
      await run(["ip", "-n", box.netns("nva1"), ...neighbour]);
      await box.act("nva1", "ping", { to: "8.8.4.4", size: 8, seconds: 0.2 });
    });
    assert.ok((rise.not_chained ?? 0) >= 2, "one by each tunnel");
    assert.equal(rise.from_internal, undefined);
    assert.equal(rise.from_external, undefined);
  });
});
