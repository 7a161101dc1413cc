/** Ways out to the internet, in Azure's order, and what has none. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Body } from "../../../lab/arm/resource";
import {
  AzureFixture,
  FRONTEND_ADDRESS,
  ILPIP_ADDRESS,
  NAT_ADDRESS,
} from "../../support/azureFixtures";
import { FabricBox } from "../../support/fabricBox";

const INTERNET = "203.0.113.9";

describe("outbound", { timeout: 120_000 }, () => {
  let box: FabricBox;
  before(async () => {
    const fixture = new AzureFixture();
    const group = fixture.group("plain-nsg", []);
    const subnet = fixture.network("plain-net", "10.9.0.0/16", "10.9.0.0/24", group);
    fixture.machine("plain", subnet, "10.9.0.4", {});
    box = await FabricBox.open(fixture);
    await box.beNva("nva1");
    for (const place of ["internet", "nva1"]) await box.serve(place);
    await box.untilHealthy("nva1", true);
  });
  after(() => box.close());

  const seenFrom = async (place: string) =>
    (await box.ask(place, INTERNET, 80, undefined, 0.6))?.peer;
  const subnetOf = (name: string, edit: (subnet: Body) => void) =>
    box.change((fixture) =>
      fixture.change(name, (properties) => {
        const [subnet] = properties.subnets as { properties: Body }[];
        if (subnet) edit(subnet.properties);
      }),
    );

  test("a NAT gateway wins over an own address, and goes around the NVA", async () => {
    assert.equal(await seenFrom("app"), ILPIP_ADDRESS);
    await box.change((fixture) => {
      const id = fixture.publicAddress("nat-ip", NAT_ADDRESS);
      fixture.natGateway("nat", id);
    });
    await subnetOf("app-net", (subnet) => {
      subnet.natGateway = { id: box.fixture.idOf("nat") };
    });
    const rise = await box.rise("gw-", async () =>
      assert.equal(await seenFrom("app"), NAT_ADDRESS),
    );
    // The last packets of the call before may still come, and are dropped; none is carried.
    assert.equal(rise.to_internal, undefined);
    await box.serve("app");
    const inbound = await box.rise("gw-", async () =>
      assert.ok(await box.ask("internet", ILPIP_ADDRESS, 80)),
    );
    assert.ok(inbound.to_external, "inbound is still inspected");
    await subnetOf("app-net", (subnet) => {
      delete subnet.natGateway;
    });
    assert.equal(await seenFrom("app"), ILPIP_ADDRESS);
  });

  test("a pool calls from the frontend of its outbound rule, and without one not at all", async () => {
    assert.equal(await seenFrom("web1"), FRONTEND_ADDRESS);
    let rules: unknown;
    await box.change((fixture) =>
      fixture.change("weblb", (properties) => {
        rules = properties.outboundRules;
        properties.outboundRules = [];
      }),
    );
    const rise = await box.rise("vnet-web", async () =>
      assert.equal(await seenFrom("web1"), undefined),
    );
    assert.deepEqual(Object.keys(rise), ["no_outbound"]);
    const implicit = (disable: boolean) =>
      box.change((fixture) =>
        fixture.change("weblb", (properties) => {
          for (const rule of properties.loadBalancingRules as { properties: Body }[]) {
            rule.properties.disableOutboundSnat = disable;
          }
        }),
      );
    await implicit(false);
    assert.equal(await seenFrom("web1"), FRONTEND_ADDRESS);
    await implicit(true);
    await box.change((fixture) =>
      fixture.change("weblb", (properties) => {
        properties.outboundRules = rules;
      }),
    );
    assert.equal(await seenFrom("web1"), FRONTEND_ADDRESS);
  });

  test("an NVA has none, declared or not by default", async () => {
    await subnetOf("provider-net", (subnet) => {
      subnet.defaultOutboundAccess = true;
    });
    const rise = await box.rise("vnet-provider", async () =>
      assert.equal(await seenFrom("nva1"), undefined),
    );
    assert.deepEqual(Object.keys(rise), ["no_outbound"]);
  });

  test("a plain VM has default outbound access unless its subnet is private; pings have none", async () => {
    assert.equal(await seenFrom("plain"), undefined);
    await subnetOf("plain-net", (subnet) => {
      delete subnet.defaultOutboundAccess;
    });
    assert.match((await seenFrom("plain")) ?? "", /^192\.31\.196\./);
    const ping = await box.act("plain", "ping", { to: INTERNET, size: 8, seconds: 0.4 });
    assert.equal(ping.intact, undefined);
  });

  test("a NIC sends nothing but its own addresses", async () => {
    await box.exec("app", ["ip", "addr", "add", "10.1.0.77/32", "dev", "eth0"]);
    const rise = await box.rise("vnet-app", async () => {
      const knock = { to: INTERNET, port: 80, source: "10.1.0.77", count: 1, seconds: 0.4 };
      assert.equal((await box.act("app", "knock", knock)).answered, 0);
    });
    assert.deepEqual(rise, { spoofed: 1 });
  });

  test("two public addresses reach each other through the edge", async () => {
    await box.serve("web1");
    assert.deepEqual(await box.ask("app", FRONTEND_ADDRESS, 80), {
      server: "web1",
      peer: ILPIP_ADDRESS,
    });
  });
});
