import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Body } from "../../../lab/arm/resource";
import * as az from "./fixture";

const { good, network, at } = az;
const pools = "properties.backendAddressPools";

describe("Arm", () => {
  test("takes the reference layout, and takes it away in reverse", async () => {
    const { arm } = await az.referenceAzure();
    const lb = await arm.get(az.gateway);
    assert.equal(at(lb, "properties.provisioningState"), "Succeeded");
    const order = [az.workNic, az.publicLb, az.nva, az.nvaNic, az.gateway];
    const others = az.layout.map(([id]) => id).reverse();
    for (const id of [...order, ...others]) await arm.delete(id);
    assert.deepEqual(await arm.list(), []);
  });

  test("what is shown can be written back, and then nothing is written", async () => {
    const { arm, store } = await az.referenceAzure();
    const { seq } = store.snapshot();
    for (const resource of await arm.list()) await arm.put(resource.id, resource as Body);
    assert.equal(store.snapshot().seq, seq);
  });

  test("ids are found in any case and keep the case of their creation", async () => {
    const { arm } = await az.referenceAzure();
    const found = await arm.get(
      az.nvaSubnet.toUpperCase().replace("/SUBSCRIPTIONS", "/subscriptions"),
    );
    assert.equal(found?.id, az.nvaSubnet);
    const shouted = network("virtualnetworks", "PROVIDER").replace("/rg/", "/RG/");
    const vnet = await arm.get(az.vnet);
    assert.equal((await arm.put(shouted, vnet as Body)).id, az.vnet);
    assert.equal((await arm.list("Microsoft.Network/virtualNetworks")).length, 2);
  });

  test("shows who refers to a thing", async () => {
    const { arm } = await az.referenceAzure();
    const nvaConfig = `${az.nvaNic}/ipConfigurations/ip`;
    const workConfig = `${az.workNic}/ipConfigurations/ip`;
    const shown: [id: string, where: string, value: unknown][] = [
      [az.gateway, `${pools}.0.properties.backendIPConfigurations`, [{ id: nvaConfig }]],
      [
        az.gateway,
        `${pools}.0.properties.loadBalancingRules.0.id`,
        `${az.gateway}/loadBalancingRules/all`,
      ],
      [network("publicIPAddresses", "work-ip"), "properties.ipConfiguration.id", workConfig],
      [az.nvaNic, "properties.virtualMachine.id", az.nva],
      [az.nvaNic, "properties.primary", true],
      [az.workSubnet, "properties.ipConfigurations", [{ id: workConfig }]],
      [az.nsg, "properties.subnets.2.id", az.workSubnet],
    ];
    for (const [id, where, value] of shown)
      assert.deepEqual(at(await arm.get(id), where), value, where);
  });

  test("fills in what the service decides", async () => {
    const { arm } = await az.referenceAzure();
    const filled: [id: string, where: string, value: unknown][] = [
      [az.workNic, "properties.ipConfigurations.0.properties.privateIPAddress", "10.8.0.4"],
      [az.gateway, "properties.probes.0.properties.probeThreshold", 1],
      [az.gateway, "properties.loadBalancingRules.0.properties.idleTimeoutInMinutes", 4],
      [
        az.gateway,
        "properties.loadBalancingRules.0.properties.backendAddressPool.id",
        az.gatewayPool,
      ],
      [az.vnet, "properties.subnets.1.properties.privateEndpointNetworkPolicies", "Disabled"],
      [az.nva, "properties.storageProfile.imageReference.exactVersion", "24.04.202608040"],
    ];
    for (const [id, where, value] of filled)
      assert.deepEqual(at(await arm.get(id), where), value, where);
    assert.match(String(at(await arm.get(az.nva), "properties.vmId")), /^[0-9a-f-]{36}$/);
  });

  test("a Gateway's empty pools get the tunnels that the service gives them", async () => {
    const { arm } = await az.referenceAzure();
    const id = network("loadBalancers", "bare");
    const bare = { location: az.location, sku: { name: "Gateway" } };
    await arm.put(id, {
      ...bare,
      properties: { backendAddressPools: [{ name: "a" }, { name: "b" }] },
    });
    const tunnels = [0, 1].map(async (i) => {
      const [t] = at(await arm.get(id), `${pools}.${i}.properties.tunnelInterfaces`) as Body[];
      return [t?.type, t?.identifier, t?.port];
    });
    assert.deepEqual(await Promise.all(tunnels), [
      ["Internal", 900, 15000],
      ["Internal", 901, 15001],
    ]);
  });

  test("dynamic addresses stay with their NIC and are given again when it is gone", async () => {
    const { arm } = await az.referenceAzure();
    const address = async (name: string) => {
      await arm.put(network("networkInterfaces", name), good.spareNic());
      const nic = await arm.get(network("networkInterfaces", name));
      return at(nic, "properties.ipConfigurations.0.properties.privateIPAddress");
    };
    assert.deepEqual([await address("a"), await address("b")], ["10.7.1.4", "10.7.1.6"]);
    assert.equal(await address("b"), "10.7.1.6");
    await arm.delete(network("networkInterfaces", "a"));
    assert.equal(await address("c"), "10.7.1.4");
  });

  test("a full subnet gives no more addresses", async () => {
    const { arm } = await az.referenceAzure();
    // A /28 has 16 addresses; Azure keeps five and the NVA has one.
    for (let i = 0; i < 10; i += 1)
      await arm.put(network("networkInterfaces", `n${i}`), good.spareNic());
    const more = arm.put(network("networkInterfaces", "more"), good.spareNic());
    await assert.rejects(more, { code: "SubnetIsFull" });
  });

  test("a public address made again is another one", async () => {
    const { arm } = await az.referenceAzure();
    const id = network("publicIPAddresses", "again");
    const first = at(await arm.put(id, good.publicIp()), "properties.ipAddress");
    await arm.delete(id);
    assert.notEqual(at(await arm.put(id, good.publicIp()), "properties.ipAddress"), first);
  });

  test("a child is part of its owner, whichever of the two is written", async () => {
    const { arm } = await az.referenceAzure();
    const rule = `${az.nsg}/securityRules/web`;
    await arm.put(rule, good.rule(300));
    assert.equal(at(await arm.get(az.nsg), "properties.securityRules.1.name"), "web");
    await arm.put(rule, az.changed(good.rule(300), "properties.access", "Deny"));
    assert.equal(at(await arm.get(rule), "properties.access"), "Deny");
    await arm.put(az.nsg, good.nsg());
    assert.equal(await arm.get(rule), undefined);
  });

  test("userData changes in place, stays when it is not said, and an empty text removes it", async () => {
    const { arm, store } = await az.referenceAzure();
    const stored = () => store.snapshot().resources.get(az.nva.toLowerCase())?.properties.userData;
    assert.equal(at(await arm.get(az.nva), "properties.userData"), undefined);
    assert.ok(at(await arm.get(az.nva, { expand: "userData" }), "properties.userData"));
    await arm.put(az.nva, az.changed(good.nva(), "properties.userData", "bmV3"));
    assert.equal(stored(), "bmV3");
    await arm.put(az.nva, az.changed(good.nva(), "properties.userData", undefined));
    assert.equal(stored(), "bmV3");
    await arm.put(az.nva, az.changed(good.nva(), "properties.userData", ""));
    assert.equal(stored(), undefined);
  });

  test("a chain goes with a write that leaves it out, without a word", async () => {
    const { arm } = await az.referenceAzure();
    await arm.put(az.publicLb, good.publicLb(false));
    const chain = "properties.frontendIPConfigurations.0.properties.gatewayLoadBalancer";
    assert.equal(at(await arm.get(az.publicLb), chain), undefined);
  });

  test("tunnels may change once the pool is empty", async () => {
    const { arm } = await az.referenceAzure();
    const where = `${pools}.0.properties.tunnelInterfaces.0.identifier`;
    const other = az.changed(good.gateway(), where, 850);
    await assert.rejects(arm.put(az.gateway, other), {
      code: "TunnelInterfacesCannotBeChangedWhileInUse",
    });
    const pool = "properties.ipConfigurations.0.properties.loadBalancerBackendAddressPools";
    await arm.put(az.nvaNic, az.changed(good.nvaNic(), pool, undefined));
    await arm.put(az.gateway, other);
    assert.equal(at(await arm.get(az.gateway), where), 850);
  });

  test("a machine leaves its NIC, or takes it along if that is said", async () => {
    const { arm } = await az.referenceAzure();
    await arm.delete(az.nva);
    assert.ok(await arm.get(az.nvaNic));
    const option = "properties.networkProfile.networkInterfaces.0.properties.deleteOption";
    await arm.put(az.nva, az.changed(good.nva(), option, "Delete"));
    await arm.delete(az.nva);
    assert.equal(await arm.get(az.nvaNic), undefined);
  });

  test("a group goes with all that is in it, unless something outside needs a part", async () => {
    const { arm } = await az.referenceAzure();
    const second = az.group.replace(/rg$/, "second");
    await arm.put(second, good.group());
    const nic = az.spareNic.replace("/rg/", "/second/");
    await arm.put(nic, good.spareNic());
    await assert.rejects(arm.delete(az.group), { code: "ResourceGroupDeletionBlocked" });
    assert.ok(await arm.get(az.gateway));
    await arm.delete(second);
    await arm.delete(az.group);
    assert.deepEqual(await arm.list(), []);
  });

  test("a consumer in another subscription may be chained, a part of the gateway may not be there", async () => {
    const { arm } = await az.referenceAzure();
    const elsewhere = (id: string) => id.replace(/0001\/resource/, "0002/resource");
    await arm.put(elsewhere(az.group), good.group());
    const ip = network("publicIPAddresses", "far");
    await arm.put(elsewhere(ip), good.publicIp());
    const frontend = "properties.frontendIPConfigurations.0.properties.publicIPAddress.id";
    const lb: Body = {
      ...good.publicLb(),
      properties: {
        frontendIPConfigurations: at(good.publicLb(), "properties.frontendIPConfigurations"),
      },
    };
    await arm.put(elsewhere(az.publicLb), az.changed(lb, frontend, elsewhere(ip)));
    const gateway = JSON.parse(
      JSON.stringify(good.gateway())
        .replaceAll(az.gateway, elsewhere(az.gateway))
        .replace("10.7.0.4", "10.7.0.8"),
    );
    const far = arm.put(elsewhere(az.gateway), gateway);
    await assert.rejects(far, { code: "GatewayLoadBalancerCrossSubscriptionNotSupported" });
  });

  test("property names and choices are read in any case, and shown in Azure's", async () => {
    const { arm } = await az.referenceAzure();
    const body = {
      location: "West Europe",
      SKU: { Name: "standard" },
      properties: { PublicIpAllocationMethod: "static" },
    };
    const made = await arm.put(network("publicIPAddresses", "odd"), body);
    assert.deepEqual(at(made, "sku.name"), "Standard");
    assert.deepEqual(at(made, "location"), "westeurope");
    assert.deepEqual(at(made, "properties.publicIPAllocationMethod"), "Static");
  });
});

test("an inbound NAT rule stays as long as a NIC has it", async () => {
  const { arm } = await az.referenceAzure();
  const rule = {
    name: "ssh",
    properties: {
      frontendIPConfiguration: { id: `${az.publicLb}/frontendIPConfigurations/fe` },
      protocol: "Tcp",
      frontendPort: 2222,
      backendPort: 22,
    },
  };
  await arm.put(az.publicLb, az.changed(good.publicLb(), "properties.inboundNatRules", [rule]));
  const where = "properties.ipConfigurations.0.properties.loadBalancerInboundNatRules";
  const nic = az.changed(good.workNic(), where, [{ id: `${az.publicLb}/inboundNatRules/ssh` }]);
  await arm.put(az.workNic, nic);
  const without = arm.put(az.publicLb, good.publicLb());
  await assert.rejects(without, { code: "InUseInboundNatRuleCannotBeDeleted" });
  await assert.rejects(arm.delete(az.publicLb), { code: "InUseLoadBalancerCannotBeDeleted" });
  await arm.put(az.workNic, good.workNic());
  await arm.put(az.publicLb, good.publicLb());
});

describe("what a PUT leaves out", () => {
  const scaled = (capacity: number): Body => ({
    location: az.location,
    sku: { name: "Standard_D2s_v5", tier: "Standard", capacity },
  });

  test("stays as it is on Compute, so that a client may send a part", async () => {
    const { arm } = await az.referenceAzure();
    const before = await arm.put(az.fleet, { ...az.goodFleet(2), tags: { of: "team" } });
    const sku = { ...(at(before, "sku") as Body), capacity: 3 };
    const after = await arm.put(az.fleet, { ...scaled(3), sku });
    assert.equal(at(after, "sku.capacity"), 3);
    assert.deepEqual(at(after, "tags"), { of: "team" });
    const profile = "properties.virtualMachineProfile";
    assert.deepEqual(at(after, profile), at(before, profile));
  });

  test("and what it names is replaced, lists and tags as wholes", async () => {
    const { arm } = await az.referenceAzure();
    await arm.put(az.fleet, { ...az.goodFleet(2), tags: { of: "team", for: "us" } });
    const after = await arm.put(az.fleet, { location: az.location, tags: { of: "nobody" } });
    assert.deepEqual(at(after, "tags"), { of: "nobody" });
  });

  test("is gone on the other services", async () => {
    const { arm } = await az.referenceAzure();
    const id = az.network("publicIPAddresses", "tagged");
    await arm.put(id, { ...good.publicIp(), tags: { of: "team" } });
    assert.equal(at(await arm.put(id, good.publicIp()), "tags"), undefined);
  });
});

test("a Basic load balancer with a Standard address is refused for the two, not for its age", async () => {
  const { arm } = await az.referenceAzure();
  const id = network("publicIPAddresses", "standard");
  await arm.put(id, good.publicIp());
  const frontend = { name: "f", properties: { publicIPAddress: { id } } };
  const basic = (frontendIPConfigurations: Body[]) =>
    arm.put(network("loadBalancers", "basic"), {
      ...{ location: az.location, sku: { name: "Basic" } },
      properties: { frontendIPConfigurations },
    });
  await assert.rejects(basic([frontend]), { code: "PublicIPAndLBSkuDoNotMatch" });
  await assert.rejects(basic([]), { code: "BasicSkuLoadBalancerRetired" });
});
