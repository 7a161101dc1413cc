/** The way of a packet: through the NVA while a public address is chained, around it when not. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  AzureFixture,
  FRONTEND_ADDRESS,
  GATEWAY_FRONTEND,
  ILPIP_ADDRESS,
} from "../../support/azureFixtures";
import { FabricBox } from "../../support/fabricBox";

const consumers = [
  { name: "ILPIP", address: ILPIP_ADDRESS, vm: "app", resource: "app-nic" },
  { name: "public load balancer", address: FRONTEND_ADDRESS, vm: "web1", resource: "weblb" },
];

/** Chains or unchains whatever part of a resource has a public address. */
function chain(fixture: AzureFixture, resource: string, chained: boolean): void {
  fixture.change(resource, (properties) => {
    const parts = properties.ipConfigurations ?? properties.frontendIPConfigurations;
    for (const part of parts as { properties: Record<string, unknown> }[]) {
      if (chained) part.properties.gatewayLoadBalancer = { id: GATEWAY_FRONTEND };
      else delete part.properties.gatewayLoadBalancer;
    }
  });
}

describe("the way of a packet", { timeout: 120_000 }, () => {
  let box: FabricBox;
  before(async () => {
    box = await FabricBox.open(new AzureFixture());
    await box.beNva("nva1");
    for (const place of ["internet", "nva1", "app", "web1"]) await box.serve(place);
    await box.untilHealthy("nva1", true);
  });
  after(() => box.close());

  for (const { name, address, vm, resource } of consumers) {
    describe(name, () => {
      test("in by External, out of the NVA by Internal, the answer the other way round", async () => {
        const rise = await box.rise("gw-", async () => {
          const seen = await box.ask("internet", address, 80, "198.51.100.7");
          assert.deepEqual(seen, { server: vm, peer: "198.51.100.7" });
        });
        const { to_external, from_internal, to_internal, from_external, ...others } = rise;
        assert.ok(to_external && to_external > 3);
        assert.equal(from_internal, to_external);
        assert.ok(to_internal && to_internal > 2);
        assert.equal(from_external, to_internal);
        assert.deepEqual(others, {});
      });

      test("the NVA's rule drops 8.8.8.8 → 22, and nothing else", async () => {
        const rise = await box.rise("gw-", async () => {
          const seen = await box.act("internet", "knock", {
            ...{ to: address, port: 22, source: "8.8.8.8", count: 3, seconds: 0.5 },
          });
          assert.deepEqual([seen.sent, seen.answered], [3, 0]);
        });
        // Late packets of earlier calls may still be dropped beside them; none of these comes back.
        assert.deepEqual([rise.to_external, rise.from_internal], [3, undefined]);
        assert.ok(await box.ask("internet", address, 80, "8.8.8.8"));
        assert.ok(await box.ask("internet", address, 22, "203.0.113.9"));
      });

      test("10 MB each way arrive whole", async () => {
        const got = await box.act("internet", "fetch", {
          ...{ to: address, port: 80, path: "/bytes/10000000", seconds: 20 },
        });
        assert.deepEqual([got.status, got.bytes], [200, 10_000_000]);
        const sent = await box.act("internet", "fetch", {
          ...{ to: address, port: 80, method: "POST", size: 10_000_000, seconds: 20 },
        });
        assert.deepEqual([sent.status, sent.text], [200, "10000000"]);
      });

      test("a datagram in fragments", async () => {
        const port = resource === "weblb" ? 53 : 7;
        const seen = await box.act("internet", "datagram", { to: address, port, size: 4000 });
        assert.deepEqual(seen, { bytes: 4000, intact: true });
      });

      test("out: through the NVA, from the public address", async () => {
        const rise = await box.rise("gw-", async () => {
          assert.deepEqual(await box.ask(vm, "203.0.113.9", 80), {
            server: "internet",
            peer: address,
          });
        });
        assert.ok(rise.to_internal && rise.to_internal === rise.from_external);
        assert.ok(rise.to_external && rise.to_external === rise.from_internal);
      });

      test("unchained: around the NVA at once, also for a flow that already is", async () => {
        // The transfer is long enough to be under way on both sides of the change.
        const transfer = box.act("internet", "fetch", {
          ...{ to: address, port: 80, path: "/bytes/60000000", seconds: 30 },
        });
        const before = (await box.counters("gw-")).to_external ?? 0;
        await box.untilRisen("gw-", "to_external", before + 100);
        await box.change((fixture) => chain(fixture, resource, false));
        const quiet = await box.rise("gw-", async () => {
          assert.ok(await box.ask("internet", address, 22, "8.8.8.8"), "22 from 8.8.8.8 is open");
          assert.deepEqual(await box.ask(vm, "203.0.113.9", 80), {
            server: "internet",
            peer: address,
          });
          assert.equal((await transfer).bytes, 60_000_000);
        });
        // What was in the NVA at the moment of the change may still come back and be refused.
        assert.equal(quiet.to_external ?? 0, 0);
        assert.equal(quiet.to_internal ?? 0, 0);
        await box.change((fixture) => chain(fixture, resource, true));
        const again = await box.rise("gw-", () => box.ask("internet", address, 80));
        assert.ok(again.to_external && again.to_external > 3);
      });
    });
  }

  test("outer packets look as they were captured on Azure", async () => {
    const capture = ["timeout", "10", "tcpdump", "-nvli", "eth0", "-c", "12"];
    const filter = ["src", "10.7.0.4", "and", "udp", "dst", "port", "10801"];
    const captured = box.exec("nva1", [...capture, ...filter]);
    // A capture that begins late sees the later ones of these: each has a flow of its own.
    for (const ttl of [64, 128, 64, 128, 64, 128]) {
      await box.exec("internet", ["sysctl", "-qw", `net.ipv4.ip_default_ttl=${ttl}`]);
      await box.ask("internet", ILPIP_ADDRESS, 80);
    }
    await box.exec("internet", ["sysctl", "-qw", "net.ipv4.ip_default_ttl=64"]);
    const text = (await captured).stdout;
    const outer = [...text.matchAll(/tos (\w+), ttl (\d+), id (\d+), .*flags \[(\w*)\]/g)];
    const kinds = new Set(outer.map(([, tos, ttl, id, flags]) => [tos, ttl, id, flags].join(" ")));
    // The TTL is the inner one, less a hop: the inner had two before, edge and gateway.
    assert.deepEqual([...kinds].sort(), ["0x0 125 0 DF", "0x0 61 0 DF"]);
    const ports = [...text.matchAll(/10\.7\.0\.4\.(\d+) > 10\.7\.1\.5\.10801/g)];
    assert.ok(new Set(ports.map(([, port]) => port)).size > 1, "a source port per flow");
  });

  test("ping: an ILPIP's goes to the VM, a frontend's is answered by the platform", async () => {
    const through = await box.rise("gw-", async () => {
      assert.equal(
        (await box.act("internet", "ping", { to: ILPIP_ADDRESS, size: 56 })).intact,
        true,
      );
    });
    assert.equal(through.from_external, 1);
    const around = await box.rise("gw-", async () => {
      assert.equal(
        (await box.act("internet", "ping", { to: FRONTEND_ADDRESS, size: 56 })).intact,
        true,
      );
    });
    assert.deepEqual(around, {});
  });

  test("a frontend's port without a rule is closed, behind the NVA", async () => {
    const rise = await box.rise("vnet-web", async () => {
      const knock = { to: FRONTEND_ADDRESS, port: 443, count: 2, seconds: 0.5 };
      assert.equal((await box.act("internet", "knock", knock)).answered, 0);
    });
    assert.deepEqual(rise, { unpublished: 2 });
  });

  test("a chain that leads nowhere is closed, and named", async () => {
    await box.change((fixture) =>
      fixture.change("app-nic", (properties) => {
        const [part] = properties.ipConfigurations as { properties: Record<string, unknown> }[];
        if (part) part.properties.gatewayLoadBalancer = { id: `${GATEWAY_FRONTEND}-gone` };
      }),
    );
    assert.equal(await box.ask("internet", ILPIP_ADDRESS, 80, undefined, 0.5), undefined);
    assert.match(box.status.problems.join(), /leads nowhere/);
    await box.change((fixture) => chain(fixture, "app-nic", true));
    assert.ok(await box.ask("internet", ILPIP_ADDRESS, 80));
  });
});
