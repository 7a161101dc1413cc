import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import * as pulumi from "@pulumi/pulumi";
import { GatewayProvider, type GatewayProviderArgs } from "../../../components/index";
import {
  type MockEngine,
  resolved,
  SECRET_SEED,
  SUBSCRIPTION,
  settle,
  startMocks,
} from "../../support/mocks";

const NETWORK = `/subscriptions/${SUBSCRIPTION}/resourceGroups/other/providers/Microsoft.Network/virtualNetworks/old`;

interface Deployed {
  engine: MockEngine;
  provider: GatewayProvider;
}

async function deploy(
  args: Partial<GatewayProviderArgs> = {},
  preview = false,
  name = "hub",
): Promise<Deployed> {
  const engine = startMocks(preview);
  const provider = new GatewayProvider(name, { resourceGroupName: "rg", ...args });
  await settle(provider);
  return { engine, provider };
}

const REFERENCE = [
  "azure-native:compute:VirtualMachine hub-nva",
  "azure-native:network:LoadBalancer hub-gateway",
  "azure-native:network:NetworkInterface hub-nva-nic",
  "azure-native:network:NetworkSecurityGroup hub-nva-nsg",
  "azure-native:network:Subnet hub-gateway-subnet",
  "azure-native:network:Subnet hub-nva-subnet",
  "azure-native:network:VirtualNetwork hub-network",
  "random:index/randomBytes:RandomBytes hub-nva-key",
];

for (const preview of [false, true]) {
  describe(`GatewayProvider, preview ${preview}`, () => {
    test("declares the reference layout from a resource group alone", async () => {
      const { engine, provider } = await deploy({}, preview);
      assert.deepEqual(engine.names(), REFERENCE);
      assert.equal(await resolved(provider.gatewayFrontendAddress), "10.7.0.4");
      assert.equal(engine.find("network:LoadBalancer").inputs.loadBalancerName, "hub-gateway");
    });

    test("settings for display, size or policy make no other logical name", async () => {
      const { engine } = await deploy(
        {
          tags: { owner: "net" },
          nva: { size: "Standard_D4s_v5", zone: "2", mtu: 1600, address: "10.7.1.77" },
          frontendZones: ["1", "2"],
          policy: { rules: [] },
          internal: { vni: 900 },
        },
        preview,
      );
      assert.deepEqual(engine.names(), REFERENCE);
    });

    test("makes every subnet private", async () => {
      const { engine } = await deploy({ natGateway: true }, preview);
      const subnets = engine.registrations.filter((r) => r.type.endsWith(":Subnet"));
      assert.equal(subnets.length, 2);
      for (const { inputs } of subnets) assert.equal(inputs.defaultOutboundAccess, false);
    });

    test("a NAT gateway serves the NVA subnet only", async () => {
      const { engine } = await deploy({ natGateway: true }, preview);
      engine.find("network:NatGateway");
      assert.ok("natGateway" in engine.find("network:Subnet", "hub-nva-subnet").inputs);
      assert.ok(!("natGateway" in engine.find("network:Subnet", "hub-gateway-subnet").inputs));
    });

    test("stands in existing subnets without a network of its own", async () => {
      const { engine } = await deploy(
        {
          gatewaySubnetId: pulumi.output(`${NETWORK}/subnets/a`),
          nvaSubnetId: `${NETWORK}/subnets/b`,
          frontendAddress: "10.1.0.9",
        },
        preview,
      );
      assert.deepEqual(
        engine.names(),
        REFERENCE.filter((name) => !/Subnet|VirtualNetwork/.test(name)),
      );
    });

    test("the machine: no login by password, no public address, trusted launch", async () => {
      const { engine } = await deploy({}, preview);
      const { inputs } = engine.find("compute:VirtualMachine");
      const os = inputs.osProfile as Record<string, Record<string, unknown>>;
      assert.equal(os.linuxConfiguration?.disablePasswordAuthentication, true);
      assert.ok(!("adminPassword" in os));
      assert.equal(
        (inputs.securityProfile as Record<string, unknown>).securityType,
        "TrustedLaunch",
      );
      const nic = JSON.stringify(engine.find("network:NetworkInterface").inputs);
      assert.ok(!nic.includes("publicIPAddress"));
    });

    test("the same arguments give the same bodies again", async () => {
      const first = await deploy({ policy: { rules: [] } }, preview);
      const second = await deploy({ policy: { rules: [] } }, preview);
      const bodies = ({ engine }: Deployed) =>
        [...engine.registrations].sort((a, b) => (a.name < b.name ? -1 : 1));
      assert.deepEqual(bodies(second), bodies(first));
    });
  });
}

describe("GatewayProvider", () => {
  test("its rule, its NIC and its outputs name the same children", async () => {
    const { engine, provider } = await deploy();
    const balancer = await resolved(provider.loadBalancerId);
    const rules = engine.find("network:LoadBalancer").inputs.loadBalancingRules as Record<
      string,
      { id: string }
    >[];
    assert.equal(rules[0]?.frontendIPConfiguration?.id, await resolved(provider.gatewayFrontendId));
    assert.equal(
      await resolved(provider.gatewayFrontendId),
      `${balancer}/frontendIPConfigurations/frontend`,
    );
    const nic = engine.find("network:NetworkInterface").inputs.ipConfigurations as Record<
      string,
      unknown
    >[];
    assert.deepEqual(nic[0]?.loadBalancerBackendAddressPools, [
      { id: await resolved(provider.backendPoolId) },
    ]);
  });

  test("keeps the seed of the key secret, and shows it nowhere", async () => {
    const { engine, provider } = await deploy();
    const shown = await Promise.all(
      Object.values(provider)
        .filter((value) => pulumi.Output.isInstance(value))
        .map((value) => resolved(value as pulumi.Output<unknown>)),
    );
    const others = engine.registrations.filter((r) => !r.type.startsWith("random"));
    const text = JSON.stringify([shown, others]);
    assert.ok(!text.includes(SECRET_SEED));
    const [keys] = JSON.stringify(engine.find("compute:VirtualMachine").inputs).match(
      /ssh-ed25519 [A-Za-z0-9+/=]+/,
    ) ?? [undefined];
    assert.ok(keys);
  });

  test("takes the administrator's own key, and then makes no seed", async () => {
    const { engine: first } = await deploy();
    const key = /ssh-ed25519 [A-Za-z0-9+/=]+/.exec(JSON.stringify(first.registrations))?.[0] ?? "";
    const { engine } = await deploy({ nva: { adminSshPublicKey: pulumi.output(key) } });
    assert.deepEqual(
      engine.names().filter((name) => name.startsWith("random")),
      [],
    );
  });

  test("a policy changes userData and hash, and nothing that the machine boots from", async () => {
    const one = await deploy({ policy: { rules: [] } });
    const other = await deploy({ policy: { rules: [], logDefaults: true } });
    const machine = ({ engine }: Deployed) => engine.find("compute:VirtualMachine").inputs;
    assert.notEqual(machine(one).userData, machine(other).userData);
    assert.deepEqual(machine(one).osProfile, machine(other).osProfile);
    assert.notEqual(
      await resolved(one.provider.policyHash),
      await resolved(other.provider.policyHash),
    );
  });

  test("what the guest is told follows the plan", async () => {
    const { engine } = await deploy({
      addressSpace: "10.50.0.0/20",
      internal: { vni: 850, port: 2000 },
    });
    const { customData } = engine.find("compute:VirtualMachine").inputs.osProfile as {
      customData: string;
    };
    const text = gunzipSync(Buffer.from(customData, "base64")).toString();
    const reference = await deploy();
    assert.ok(text.startsWith("#cloud-config\n"));
    assert.notDeepEqual(
      reference.engine.find("compute:VirtualMachine").inputs.osProfile,
      engine.find("compute:VirtualMachine").inputs.osProfile,
    );
  });
});
