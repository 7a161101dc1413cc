import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { IlpipConsumer, type IlpipConsumerArgs } from "../../../components/index";
import { resolved, settle, startMocks } from "../../support/mocks";

const NETWORK = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network";
/** A gateway of another subscription. */
const FRONTEND =
  "/subscriptions/other/resourceGroups/hub/providers/Microsoft.Network/loadBalancers/gw/frontendIPConfigurations/f";

async function deploy(args: Partial<IlpipConsumerArgs> = {}, preview = false) {
  const engine = startMocks(preview);
  const consumer = new IlpipConsumer("web", {
    resourceGroupName: "rg",
    subnetId: `${NETWORK}/virtualNetworks/n/subnets/s`,
    gatewayFrontendId: FRONTEND,
    ...args,
  });
  await settle(consumer);
  return { engine, consumer };
}

for (const preview of [false, true]) {
  describe(`IlpipConsumer, preview ${preview}`, () => {
    test("declares an address, a group and a NIC; the machine stays the user's", async () => {
      const { engine } = await deploy({}, preview);
      assert.deepEqual(engine.names(), [
        "azure-native:network:NetworkInterface web-nic",
        "azure-native:network:NetworkSecurityGroup web-nsg",
        "azure-native:network:PublicIPAddress web-address",
      ]);
    });

    test("settings for display make no other logical name", async () => {
      const plain = await deploy({}, preview);
      const { engine } = await deploy(
        {
          tags: { owner: "web" },
          publicAddressZones: ["1"],
          privateIPAddress: "10.20.0.9",
          allow: [{ name: "web", protocol: "tcp", ports: ["80"] }],
        },
        preview,
      );
      assert.deepEqual(engine.names(), plain.engine.names());
    });

    test("the address is one that can be chained", async () => {
      const { engine } = await deploy({}, preview);
      const { inputs } = engine.find("network:PublicIPAddress");
      assert.deepEqual(inputs.sku, { name: "Standard", tier: "Regional" });
      assert.equal(inputs.publicIPAllocationMethod, "Static");
    });
  });
}

describe("IlpipConsumer", () => {
  const given = `${NETWORK}/publicIPAddresses/known`;

  test("chains an existing address, and makes none", async () => {
    const { engine, consumer } = await deploy({ publicAddressId: pulumi.output(given) });
    assert.deepEqual(engine.names(), [
      "azure-native:network:NetworkInterface web-nic",
      "azure-native:network:NetworkSecurityGroup web-nsg",
    ]);
    const [configuration] = engine.find("network:NetworkInterface").inputs
      .ipConfigurations as Record<string, unknown>[];
    assert.deepEqual(configuration?.publicIPAddress, { id: given });
    assert.equal(await resolved(consumer.publicAddressId), given);
    assert.equal(await resolved(consumer.publicAddress), "203.0.113.250");
  });

  test("takes a new address out of a prefix, by a name of its own", async () => {
    const prefix = `${NETWORK}/publicIPPrefixes/range`;
    const nameOf = async (args: Partial<IlpipConsumerArgs>) => {
      const { inputs } = (await deploy(args)).engine.find("network:PublicIPAddress");
      assert.deepEqual(
        inputs.publicIPPrefix,
        args.publicIPPrefixId === undefined ? undefined : { id: prefix },
      );
      return inputs.publicIpAddressName;
    };
    assert.equal(await nameOf({}), "web-address");
    const zonal = { publicIPPrefixId: pulumi.output(prefix), publicAddressZones: ["2", "1"] };
    assert.match(String(await nameOf(zonal)), /^web-address-zones-1-2-prefix-[0-9a-f]{4}$/);
    const bad = deploy({ publicIPPrefixId: given, publicAddressId: given });
    await assert.rejects(bad, ({ errors }: { errors: { propertyPath: string }[] }) => {
      const paths = errors.map(({ propertyPath }) => propertyPath);
      assert.deepEqual(paths, ["publicIPPrefixId", "publicIPPrefixId"]);
      return true;
    });
  });

  test("refuses what is no address, and what is about a new one", async () => {
    const bad = deploy({
      ...{ publicAddressId: FRONTEND, publicAddressZones: ["1"], idleTimeoutMinutes: 5 },
    });
    await assert.rejects(bad, ({ errors }: { errors: { propertyPath: string }[] }) => {
      assert.deepEqual(errors.map(({ propertyPath }) => propertyPath).sort(), [
        "idleTimeoutMinutes",
        "publicAddressId",
        "publicAddressZones",
      ]);
      return true;
    });
  });

  test("chains the configuration that has the public address", async () => {
    const { engine, consumer } = await deploy({ gatewayFrontendId: pulumi.output(FRONTEND) });
    const [configuration] = engine.find("network:NetworkInterface").inputs
      .ipConfigurations as Record<string, unknown>[];
    assert.deepEqual(configuration?.gatewayLoadBalancer, { id: FRONTEND });
    assert.deepEqual(configuration?.publicIPAddress, {
      id: await resolved(consumer.publicAddressId),
    });
    assert.equal(await resolved(consumer.gatewayFrontendId), FRONTEND);
  });

  test("opens what is allowed, with sources that come late", async () => {
    const { engine } = await deploy({
      allow: [
        { name: "ssh", protocol: "tcp", ports: ["22"], sources: [pulumi.output("203.0.113.9")] },
        { name: "ping", protocol: "icmp" },
      ],
    });
    const rules = engine.find("network:NetworkSecurityGroup").inputs.securityRules as Record<
      string,
      unknown
    >[];
    assert.deepEqual(
      rules.map((rule) => [rule.protocol, rule.sourceAddressPrefix, rule.destinationPortRange]),
      [
        ["Tcp", "203.0.113.9", "22"],
        ["Icmp", "Internet", "*"],
      ],
    );
  });

  test("gives out what a machine and a report need", async () => {
    const { consumer } = await deploy();
    for (const output of [
      consumer.networkInterfaceId,
      consumer.publicAddress,
      consumer.privateAddress,
      consumer.securityGroupId,
    ]) {
      assert.match((await resolved(output)) ?? "", /./);
    }
  });
});
