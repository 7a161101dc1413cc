/** Security groups: what they let through, and what is closed without one. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Body } from "../../../lab/arm/resource";
import { AzureFixture, FRONTEND_ADDRESS, ILPIP_ADDRESS, rule } from "../../support/azureFixtures";
import { FabricBox } from "../../support/fabricBox";

const denyAll = rule("deny", 4096, { access: "Deny", destinationPortRange: "*" });
const allow = (name: string, priority: number, source: string, protocol: string, port: string) =>
  rule(name, priority, { sourceAddressPrefix: source, protocol, destinationPortRange: port });

describe("security groups", { timeout: 120_000 }, () => {
  let box: FabricBox;
  before(async () => {
    box = await FabricBox.open(new AzureFixture({ webs: 2 }));
    await box.beNva("nva1");
    for (const place of ["internet", "nva1", "app", "web1", "web2"]) await box.serve(place);
    await box.untilHealthy("nva1", true);
  });
  after(() => box.close());

  const group = (name: string, rules: { name: string; properties: Body }[]) =>
    box.change((fixture) => void fixture.group(name, rules));
  const knock = async (to: string, port: number, source = "0.0.0.0", from = "internet") =>
    (await box.act(from, "knock", { to, port, source, count: 1, seconds: 0.4 })).answered === 1;

  test("see the client's address and the VM's port, after translation", async () => {
    const web = (port: string) => [allow("web", 100, "8.8.8.8/32", "Tcp", port)];
    await group("web-nsg", web("8080"));
    assert.equal(await knock(FRONTEND_ADDRESS, 80, "8.8.8.8"), true);
    assert.equal(await knock(FRONTEND_ADDRESS, 80, "203.0.113.9"), false);
    await group("web-nsg", web("80"));
    const rise = await box.rise("vnet-web", async () => {
      assert.equal(await knock(FRONTEND_ADDRESS, 80, "8.8.8.8"), false);
    });
    assert.deepEqual(
      Object.keys(rise).map((name) => name.replace(/_[0-9a-f]{4}_/, "_")),
      ["nsg_web_nsg_inbound"],
    );
  });

  test("the lowest priority number decides", async () => {
    const rules = (deny: number) => [
      allow("open", 200, "*", "*", "*"),
      rule("deny", deny, { access: "Deny", protocol: "Tcp", destinationPortRange: "20-30" }),
    ];
    await group("app-nsg", rules(100));
    assert.deepEqual(
      [await knock(ILPIP_ADDRESS, 22), await knock(ILPIP_ADDRESS, 80)],
      [false, true],
    );
    await group("app-nsg", rules(300));
    assert.equal(await knock(ILPIP_ADDRESS, 22), true);
  });

  test("a change leaves established flows alone", async () => {
    await group("app-nsg", [allow("open", 200, "*", "*", "*")]);
    const transfer = box.act("internet", "fetch", {
      ...{ to: ILPIP_ADDRESS, port: 80, path: "/bytes/60000000", seconds: 30 },
    });
    const before = (await box.counters("gw-")).to_external ?? 0;
    await box.untilRisen("gw-", "to_external", before + 100);
    await group("app-nsg", [denyAll]);
    assert.equal(await knock(ILPIP_ADDRESS, 80), false);
    assert.equal((await transfer).bytes, 60_000_000);
    await group("app-nsg", [allow("open", 200, "*", "*", "*")]);
  });

  test("without any group a public address is closed, the network inside is open", async () => {
    const detach = (on: boolean) =>
      box.change((fixture) =>
        fixture.change("web-net", (properties) => {
          const [subnet] = properties.subnets as { properties: Body }[];
          const id = [...fixture.resources.values()].find((r) => r.name === "web-nsg")?.id;
          if (subnet && on) subnet.properties.networkSecurityGroup = { id };
          else if (subnet) delete subnet.properties.networkSecurityGroup;
        }),
      );
    await detach(false);
    const rise = await box.rise("vnet-web", async () => {
      assert.equal(await knock(FRONTEND_ADDRESS, 80), false);
    });
    assert.deepEqual(rise, { no_security_group: 1 });
    assert.equal(await knock("10.1.0.5", 80, "10.1.0.4", "web1"), true);
    await detach(true);
  });

  test("tunnels need both VirtualNetwork and AzureLoadBalancer", async () => {
    const tunnels = (...sources: string[]) => [
      allow("probe", 100, "AzureLoadBalancer", "Tcp", "8080"),
      ...sources.map((source, i) => allow(`t${i}`, 110 + i, source, "Udp", "10800-10801")),
      denyAll,
    ];
    for (const [sources, passes] of [
      [["VirtualNetwork"], false],
      [["AzureLoadBalancer"], false],
      [["VirtualNetwork", "AzureLoadBalancer"], true],
      [["10.7.0.4"], true],
      [["Internet"], false],
    ] as const) {
      await group("nva-nsg", tunnels(...sources));
      assert.equal(await knock(ILPIP_ADDRESS, 80), passes, sources.join(" and "));
    }
  });

  test("a group that keeps the probe out makes the NVA unhealthy", async () => {
    await group("nva-nsg", [allow("tunnels", 100, "*", "Udp", "10800-10801"), denyAll]);
    await box.untilHealthy("nva1", false);
    assert.equal(await knock(ILPIP_ADDRESS, 80), false);
    await group("nva-nsg", []);
    await box.untilHealthy("nva1", true);
    assert.equal(await knock(ILPIP_ADDRESS, 80), true);
  });

  test("a rule that the kernel refuses is told, and what stands goes on", async () => {
    const netns = box.netns("app");
    box.fixture.group("app-nsg", [allow("odd", 100, "*", "Tcp", "99999")]);
    box.poke();
    await box.until("the failure shows", (status) => status.phase === "failed");
    assert.match(box.status.problems[0] ?? "", /99999/);
    assert.ok(await box.ask("internet", ILPIP_ADDRESS, 80), "by the rules as they were");
    await group("app-nsg", [allow("open", 100, "*", "*", "*")]);
    await box.until("all is well", (status) => status.phase === "ready");
    assert.equal(box.netns("app"), netns);
    assert.ok(await box.ask("internet", ILPIP_ADDRESS, 80), "the machine is where it was");
  });

  test("outbound rules are for the NIC's own packets", async () => {
    await group("app-nsg", [
      allow("open", 100, "*", "*", "*"),
      rule("quiet", 110, {
        ...{ direction: "Outbound", access: "Deny", destinationAddressPrefix: "Internet" },
        destinationPortRange: "*",
      }),
    ]);
    assert.equal(await box.ask("app", "203.0.113.9", 80, undefined, 0.5), undefined);
    assert.ok(await box.ask("internet", ILPIP_ADDRESS, 80), "answers still go out");
    await group("app-nsg", [allow("open", 100, "*", "*", "*")]);
    assert.ok(await box.ask("app", "203.0.113.9", 80));
  });
});
