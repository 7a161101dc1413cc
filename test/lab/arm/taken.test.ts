import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { type Arm, ArmError } from "../../../lab/arm/arm";
import { DEFAULT_SUBSCRIPTION } from "../../../lab/arm/principals";
import type { Body } from "../../../lab/arm/resource";
import * as az from "./fixture";

const { at, changed, good, network } = az;

describe("Azure takes what its own tools send", () => {
  let arm: Arm;
  before(async () => {
    ({ arm } = await az.referenceAzure());
  });
  const codes = async (work: Promise<unknown>): Promise<string[]> => {
    const error = await work.then(
      () => assert.fail("it was taken"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ArmError, String(error));
    return [error, ...error.details].map(({ code }) => code);
  };

  test("a whole resource stands for a reference to it", async () => {
    const subnet = await arm.get(az.workSubnet);
    const where = "properties.ipConfigurations.0.properties.subnet";
    const made = await arm.put(az.workNic, changed(good.workNic(), where, subnet));
    assert.deepEqual(at(made, where), { id: az.workSubnet });
  });

  test("words stand for booleans and numbers", async () => {
    const body = changed(good.workNic(), "properties.enableIPForwarding", "True");
    const made = await arm.put(az.workNic, body);
    assert.equal(at(made, "properties.enableIPForwarding"), true);
    const probe = "properties.probes.0.properties.port";
    const gateway = await arm.put(az.gateway, changed(good.gateway(), probe, "8080"));
    assert.equal(at(gateway, probe), 8080);
    assert.ok(
      (await codes(arm.put(az.gateway, changed(good.gateway(), probe, "8o8o")))).includes(
        "InvalidRequestFormat",
      ),
    );
  });

  test("a probe's path needs no slash, a tunnel no port", async () => {
    const path = "properties.probes.0.properties.requestPath";
    const made = await arm.put(az.gateway, changed(good.gateway(), path, "health"));
    assert.equal(at(made, path), "health");
    const pool = `${network("loadBalancers", "bare")}/backendAddressPools/p`;
    await arm.put(network("loadBalancers", "bare"), {
      location: az.location,
      sku: { name: "Gateway" },
    });
    const tunnel = { identifier: 900, protocol: "VXLAN", type: "Internal" };
    const written = await arm.put(pool, { properties: { tunnelInterfaces: [tunnel] } });
    assert.equal(at(written, "properties.tunnelInterfaces.0.port"), 10800);
  });

  test("an empty list of pools beside the one pool is no contradiction", async () => {
    const rule = "properties.loadBalancingRules.0.properties";
    const [pool] = at(good.publicLb(), `${rule}.backendAddressPools`) as Body[];
    const one = changed(good.publicLb(), `${rule}.backendAddressPool`, pool);
    const made = await arm.put(az.publicLb, changed(one, `${rule}.backendAddressPools`, []));
    assert.deepEqual(at(made, `${rule}.backendAddressPools`), [pool]);
  });

  test("rules of a load balancer and inbound NAT rules meet on one IP configuration", async () => {
    const lb = network("loadBalancers", "doors");
    await arm.put(network("publicIPAddresses", "doors"), good.publicIp());
    const door = (frontendPort: number, backendPort: number) => ({
      properties: {
        frontendIPConfiguration: { id: `${lb}/frontendIPConfigurations/f` },
        ...{ protocol: "Tcp", frontendPort, backendPort },
      },
    });
    await arm.put(lb, {
      location: az.location,
      sku: { name: "Standard" },
      properties: {
        frontendIPConfigurations: [
          {
            name: "f",
            properties: { publicIPAddress: { id: network("publicIPAddresses", "doors") } },
          },
        ],
      },
    });
    await arm.put(`${lb}/inboundNatRules/a`, door(50001, 22));
    await arm.put(`${lb}/inboundNatRules/b`, door(50002, 22));
    const rules = ["a", "b"].map((name) => ({ id: `${lb}/inboundNatRules/${name}` }));
    const where = "properties.ipConfigurations.0.properties.loadBalancerInboundNatRules";
    const clash = await codes(arm.put(az.workNic, changed(good.workNic(), where, rules)));
    assert.deepEqual(clash, ["RulesUseSameBackendPortProtocolAndIPConfig"]);
    await arm.put(`${lb}/inboundNatRules/b`, door(50002, 443));
    await arm.put(az.workNic, changed(good.workNic(), where, rules));
  });

  test("a machine's disk is made from its image when nothing is said of it", async () => {
    const id = az.nva.replace(/nva$/, "diskless");
    await arm.put(az.spareNic, good.spareNic());
    const nic = "properties.networkProfile.networkInterfaces.0.id";
    const body = changed(good.nva(), nic, az.spareNic);
    const noOffer = changed(body, "properties.storageProfile.imageReference.offer", "a b");
    assert.equal((await codes(arm.put(id, noOffer)))[0], "InvalidParameter");
    const made = await arm.put(id, changed(body, "properties.storageProfile.osDisk", undefined));
    assert.equal(at(made, "properties.storageProfile.osDisk.createOption"), "FromImage");
  });

  test("a subnet of a new API version is private unless the request says otherwise", async () => {
    const write = async (name: string, apiVersion: string, more: Body = {}) => {
      const id = `${az.consumerVnet}/subnets/${name}`;
      const third = name === "old" ? 21 : name === "new" ? 22 : 23;
      const properties = { addressPrefix: `10.8.${third}.0/24`, ...more };
      const { resource } = await arm.write(id, () => ({ properties }), { apiVersion });
      return resource.properties.defaultOutboundAccess;
    };
    assert.equal(await write("old", "2024-05-01"), undefined);
    assert.equal(await write("new", "2026-03-01"), false);
    assert.equal(await write("said", "2026-03-01", { defaultOutboundAccess: true }), true);
  });

  test("delegations and roles have the service's own form", async () => {
    const subnet = `${az.consumerVnet}/subnets/delegated`;
    const made = await arm.put(subnet, {
      properties: {
        addressPrefix: "10.8.30.0/24",
        delegations: [{ name: "d", properties: { serviceName: "Microsoft.Web/serverFarms" } }],
      },
    });
    const [delegation] = at(made, "properties.delegations") as Body[];
    assert.equal(delegation?.id, `${subnet}/delegations/d`);
    assert.equal(at(delegation, "properties.serviceName"), "Microsoft.Web/serverFarms");
    const guid = "77777777-7777-7777-7777-777777777777";
    const id = `/subscriptions/${az.subscription}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
    const role = await arm.put(id, {
      properties: { roleName: "r", type: "customRole", assignableScopes: [az.group] },
    });
    assert.equal(role.properties.type, "CustomRole");
  });

  test("a role is given to whom the directory knows, or to a type that the request says", async () => {
    const contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c";
    const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${contributor}`;
    const give = (guid: string, principalId: string, more: Body = {}) =>
      arm.put(`${az.group}/providers/Microsoft.Authorization/roleAssignments/${guid}`, {
        properties: { roleDefinitionId, principalId, ...more },
      });
    const nobody = "12121212-3434-5656-7878-909090909090";
    const first = "11111111-0000-0000-0000-000000000001";
    assert.deepEqual(await codes(give(first, nobody)), ["PrincipalNotFound"]);
    await give(first, nobody, { principalType: "User" });
    const identity = `${az.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mi1`;
    const { properties } = await arm.put(identity, { location: az.location });
    const given = await give(
      "11111111-0000-0000-0000-000000000002",
      String(properties.principalId),
    );
    assert.equal(given.properties.principalType, "ServicePrincipal");
    assert.ok(az.subscription === DEFAULT_SUBSCRIPTION);
  });

  test("NAT pools of a load balancer are kept and shown at their frontend", async () => {
    const frontend = { id: `${az.publicLb}/frontendIPConfigurations/fe` };
    const pool = {
      name: "n",
      properties: {
        frontendIPConfiguration: frontend,
        ...{ frontendPortRangeStart: 50000, frontendPortRangeEnd: 50100, backendPort: 22 },
      },
    };
    const made = await arm.put(
      az.publicLb,
      changed(good.publicLb(), "properties.inboundNatPools", [pool]),
    );
    const shown = "properties.frontendIPConfigurations.0.properties.inboundNatPools.0.id";
    assert.equal(at(made, shown), `${az.publicLb}/inboundNatPools/n`);
    assert.equal(at(made, "properties.inboundNatPools.0.properties.protocol"), "Tcp");
  });
});
