import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { clientAct } from "../../../lab/proof/client";
import { administrator, banned } from "../../../lab/proof/flows";
import { run, start } from "../../../lab/run";
import { Drill, labArgv } from "../../support/drill";

/** The consumer's NIC, as `lab azure list` prints it. */
interface Nic {
  id: string;
  properties: {
    ipConfigurations: { properties: { gatewayLoadBalancer?: { id: string } } }[];
  };
}

describe("a lab whose surroundings break", () => {
  let drill: Drill;
  before(async () => {
    drill = await Drill.up();
  });
  after(() => drill?.down());

  /** Whether 8.8.8.8 gets an answer from port 22 of the ILPIP. */
  const leaks = async () => {
    const { address } = await drill.consumer("ilpip").catch(() => known);
    const knock = ["knock", "--source", banned, "--to", address, "--port", "22"];
    const { answered } = await clientAct(await drill.status(), "internet", [
      ...knock,
      ...["--seconds", "0.8"],
    ]);
    return answered === 1;
  };
  let known: { address: string };

  test("the fabric is killed: the supervisor brings it back, from the store alone", async () => {
    const before = await drill.status();
    process.kill(before.boxPid, "SIGKILL");
    await drill.until(
      "another fabric is ready",
      async () => {
        const now = await drill.status().catch(() => undefined);
        return now?.phase === "ready" && now.boxPid !== before.boxPid;
      },
      60,
    );
    await drill.guarded(() => drill.healthy());
    const now = await drill.status();
    const named = (status: typeof now) => status.places.map(({ name }) => name).sort();
    assert.deepEqual(named(now), named(before));
  });

  test("another administrator takes the chain away: around the NVA at once, until `up`", async () => {
    known = await drill.consumer("ilpip");
    assert.equal(await leaks(), false);
    const nic = await chainedNic(drill);
    for (const { properties } of nic.properties.ipConfigurations) {
      delete properties.gatewayLoadBalancer;
    }
    await drill.labWith({ input: JSON.stringify(nic) }, "azure", "put", nic.id, "-");
    await drill.until("8.8.8.8 gets through", leaks, 3);
    const { stdout: seen } = await drill.lab("pulumi", "refresh", "--yes", "--diff");
    assert.match(seen, /gatewayLoadBalancer/);
    await drill.lab("pulumi", "up", "--yes");
    await drill.until("8.8.8.8 is dropped", async () => !(await leaks()), 5);
    await drill.lab("pulumi", "preview", "--expect-no-changes");
    await drill.guarded(() => drill.healthy());
  });

  test("a latency run is interrupted: its twin is gone, and the plan shows no change", async () => {
    const twin = async () => (await drill.lab("azure", "list")).stdout.includes("latency-twin");
    const latency = start(labArgv(drill.dir, "latency"), { stdio: "ignore" });
    const ended = new Promise((resolve) => latency.once("close", resolve));
    await drill.until("there is a twin", twin, 30);
    latency.kill("SIGINT");
    assert.equal(await ended, 130);
    assert.equal(await twin(), false);
    await drill.lab("pulumi", "preview", "--expect-no-changes");
  });

  test("a capture on the NVA decodes to the inner flows", async () => {
    const { address, nvas } = await drill.consumer("ilpip");
    const [nva] = nvas;
    assert.ok(nva);
    const file = path.join(drill.dir, "nva.pcap");
    const capture = start(labArgv(drill.dir, "capture", nva, "--write", file), {
      stdio: ["ignore", "inherit", "pipe"],
    });
    await new Promise<void>((resolve, reject) => {
      capture.stderr?.on("data", (said: Buffer) => {
        if (said.includes("listening")) resolve();
      });
      capture.once("close", () => reject(new Error("the capture ended early")));
    });
    const get = ["fetch", "--source", administrator, "--to", address, "--port", "80"];
    assert.equal((await clientAct(await drill.status(), "internet", get)).status, 200);
    const ended = new Promise((resolve) => capture.once("close", resolve));
    capture.kill("SIGINT");
    await ended;
    const { stdout } = await run([
      ...["tshark", "-r", file, "-d", "udp.port==10800,vxlan", "-d", "udp.port==10801,vxlan"],
      ...["-T", "fields", "-e", "vxlan.vni", "-e", "ip.src", "-e", "ip.dst", "-e", "tcp.dstport"],
    ]);
    const inner = stdout.split("\n").map((line) => line.split("\t"));
    for (const vni of ["800", "801"]) {
      const found = inner.some(
        ([number, source, target, port]) =>
          number === vni &&
          source?.endsWith(`,${administrator}`) &&
          target?.endsWith(`,${address}`) &&
          port === "80",
      );
      assert.ok(found, `no inner packet on VNI ${vni}:\n${stdout.slice(0, 2000)}`);
    }
  });
});

/** The NIC that carries the chained ILPIP. */
async function chainedNic(drill: Drill): Promise<Nic> {
  const type = "Microsoft.Network/networkInterfaces";
  const { stdout } = await drill.lab("azure", "list", type, "--json");
  const chained = (JSON.parse(stdout) as Nic[]).find(({ properties }) =>
    properties.ipConfigurations.some(({ properties }) => properties.gatewayLoadBalancer),
  );
  assert.ok(chained, "no chained NIC");
  return chained;
}
