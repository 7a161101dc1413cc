import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Body } from "../../../lab/arm/resource";
import { readModel } from "../../../lab/network/read";
import { AzureFixture, GATEWAY_FRONTEND, ILPIP_ADDRESS, rule } from "../../support/azureFixtures";

const read = (fixture: AzureFixture) => readModel(fixture.snapshot());

describe("readModel", () => {
  test("has no problem with what the fabric carries", () => {
    assert.deepEqual(read(new AzureFixture({ nvas: 2, webs: 2 })).problems, []);
  });

  test("joins NIC, public address and chain, whatever the case of the ids", () => {
    const fixture = new AzureFixture();
    fixture.change("app-nic", (properties) => {
      const [part] = properties.ipConfigurations as { properties: Body }[];
      const chain = part?.properties.gatewayLoadBalancer as { id: string };
      chain.id = chain.id.toUpperCase();
    });
    const nic = read(fixture).nics.find(({ name }) => name === "app-nic");
    assert.equal(nic?.configurations[0]?.publicAddress, ILPIP_ADDRESS);
    assert.equal(nic?.configurations[0]?.chain, GATEWAY_FRONTEND.toLowerCase());
    assert.equal(nic?.mac, "00:0d:3a:01:00:04");
  });

  test("reads both tunnels of a pool, and its members", () => {
    const gateway = read(new AzureFixture({ nvas: 2 })).loadBalancers.find((lb) => lb.gateway);
    const [pool] = gateway?.pools ?? [];
    assert.deepEqual(pool?.internal, { port: 10800, vni: 800 });
    assert.deepEqual(pool?.external, { port: 10801, vni: 801 });
    assert.equal(pool?.members.length, 2);
  });

  test("probes not below Azure's shortest interval", () => {
    const gateway = read(new AzureFixture({ probe: { intervalInSeconds: 1 } })).loadBalancers;
    const [probe] = gateway.flatMap((lb) => lb.rules.flatMap((r) => r.probe ?? []));
    assert.equal(probe?.intervalSeconds, 5);
  });

  test("two VMs of one name are told apart by their groups", () => {
    const fixture = new AzureFixture();
    const twin = [...fixture.snapshot().resources.values()].find(
      (r) => r.name === "app" && r.type.endsWith("virtualMachines"),
    );
    assert.ok(twin);
    fixture.put({ ...twin, id: twin.id.replace("/lab/", "/other/") });
    const places = read(fixture).vms.map((vm) => vm.place);
    assert.ok(places.includes("lab/app") && places.includes("other/app"), places.join());
  });

  for (const { name, edit, problem } of [
    {
      name: "an unknown service tag",
      edit: (fixture: AzureFixture) =>
        fixture.group("app-nsg", [
          rule("sql", 100, { sourceAddressPrefix: "Sql", destinationPortRange: "*" }),
        ]),
      problem: /app-nsg\/sql: "Sql"/,
    },
    {
      name: "floating IP",
      edit: (fixture: AzureFixture) =>
        fixture.change("weblb", (properties) => {
          const [web] = properties.loadBalancingRules as { properties: Body }[];
          Object.assign(web?.properties ?? {}, { enableFloatingIP: true });
        }),
      problem: /weblb\/web: floating IP/,
    },
    {
      name: "an internal load balancer",
      edit: (fixture: AzureFixture) =>
        fixture.change("weblb", (properties) => {
          const [frontend] = properties.frontendIPConfigurations as { properties: Body }[];
          delete frontend?.properties.publicIPAddress;
        }),
      problem: /weblb\/frontend: internal/,
    },
    {
      name: "a route table",
      edit: (fixture: AzureFixture) =>
        fixture.change("app-net", (properties) => {
          const [subnet] = properties.subnets as { properties: Body }[];
          Object.assign(subnet?.properties ?? {}, { routeTable: { id: "/x" } });
        }),
      problem: /app-net\/default: route tables/,
    },
    {
      name: "a type that is nothing to packets",
      edit: (fixture: AzureFixture) =>
        fixture.put({
          id: "/subscriptions/s/resourceGroups/lab/providers/Microsoft.Network/azureFirewalls/f",
          name: "f",
          type: "Microsoft.Network/azureFirewalls",
          etag: "1",
          properties: {},
        }),
      problem: /azureFirewalls/,
    },
  ]) {
    test(`names ${name}`, () => {
      const fixture = new AzureFixture();
      edit(fixture);
      assert.match(read(fixture).problems.join("\n"), problem);
    });
  }
});
