import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GatewayProvider, type GatewayProviderArgs } from "../../../components/index";
import {
  type MockEngine,
  type Registration,
  resolved,
  settle,
  startMocks,
} from "../../support/mocks";

async function deploy(args: Partial<GatewayProviderArgs>, preview = false) {
  const engine = startMocks(preview);
  const provider = new GatewayProvider("hub", {
    resourceGroupName: "rg",
    policy: { rules: [] },
    ...args,
  });
  await settle(provider);
  return { engine, provider };
}

const AROUND = [
  "azure-native:network:LoadBalancer hub-gateway",
  "azure-native:network:NetworkSecurityGroup hub-nva-nsg",
  "azure-native:network:Subnet hub-gateway-subnet",
  "azure-native:network:Subnet hub-nva-subnet",
  "azure-native:network:VirtualNetwork hub-network",
  "random:index/randomBytes:RandomBytes hub-nva-key",
];
const SCALE_SET = "azure-native:compute:VirtualMachineScaleSet hub-nvas";
const ALONE = [
  "azure-native:compute:VirtualMachine hub-nva",
  "azure-native:network:NetworkInterface hub-nva-nic",
];

const scaleSetOf = (engine: MockEngine) => engine.find("compute:VirtualMachineScaleSet").inputs;
const profileOf = (engine: MockEngine) =>
  scaleSetOf(engine).virtualMachineProfile as Record<string, Record<string, unknown>>;

for (const preview of [false, true]) {
  describe(`GatewayProvider with a fleet, preview ${preview}`, () => {
    test("has a scale set where the VM was, and the rest as it was", async () => {
      const { engine } = await deploy({ fleet: {} }, preview);
      assert.deepEqual(engine.names(), [SCALE_SET, ...AROUND].sort());
    });

    test("keeps the VM beside it on the way", async () => {
      const { engine } = await deploy(
        { fleet: { keepNva: true }, nva: { address: "10.7.1.200", zone: "1" } },
        preview,
      );
      assert.deepEqual(engine.names(), [SCALE_SET, ...ALONE, ...AROUND].sort());
      assert.ok("scheduledEventsProfile" in engine.find("compute:VirtualMachine").inputs);
    });

    test("has rules for its number only when asked", async () => {
      const { engine } = await deploy({ fleet: { autoscale: { maximum: 5 } } }, preview);
      const setting = "azure-native:monitor:AutoscaleSetting hub-nvas-autoscale";
      assert.deepEqual(engine.names(), [SCALE_SET, setting, ...AROUND].sort());
    });

    test("takes no password, boots trusted, has no public address", async () => {
      const { engine } = await deploy({ fleet: {} }, preview);
      const { osProfile, securityProfile, networkProfile } = profileOf(engine);
      const linux = osProfile?.linuxConfiguration as Record<string, unknown>;
      assert.equal(linux.disablePasswordAuthentication, true);
      assert.ok(!("adminPassword" in (osProfile ?? {})));
      assert.equal(securityProfile?.securityType, "TrustedLaunch");
      assert.ok(!JSON.stringify(networkProfile).includes("publicIP"));
    });
  });
}

describe("GatewayProvider with a fleet", () => {
  test("has the same model as the VM: one piece of code says both", async () => {
    const { engine } = await deploy({ fleet: { keepNva: true } });
    const vm = engine.find("compute:VirtualMachine").inputs as Record<string, object>;
    const profile = profileOf(engine);
    for (const key of ["securityProfile", "storageProfile", "userData", "diagnosticsProfile"]) {
      assert.deepEqual(profile[key], vm[key], key);
    }
    const { computerName, ...os } = vm.osProfile as Record<string, unknown>;
    const { computerNamePrefix, ...model } = profile.osProfile as Record<string, unknown>;
    assert.deepEqual(model, os);
    assert.deepEqual([computerName, computerNamePrefix], ["hub-nva", "hub-nva"]);
  });

  test("its NICs name the pool and the group that exist", async () => {
    const { engine, provider } = await deploy({ fleet: {} });
    const { networkProfile = {} } = profileOf(engine);
    const [nic] = networkProfile.networkInterfaceConfigurations as {
      networkSecurityGroup: { id: string };
      ipConfigurations: Record<string, unknown>[];
    }[];
    assert.deepEqual(nic?.ipConfigurations[0]?.loadBalancerBackendAddressPools, [
      { id: await resolved(provider.backendPoolId) },
    ]);
    assert.match(nic?.networkSecurityGroup.id ?? "", /hub-nva-nsg$/);
  });

  test("says its scale set, and no NVA by name", async () => {
    const { provider } = await deploy({ fleet: {} });
    assert.deepEqual(await resolved(provider.nvaNames), []);
    assert.deepEqual(await resolved(provider.nvaAddresses), []);
    assert.equal(await resolved(provider.scaleSetName), "hub-nvas");
    assert.match((await resolved(provider.scaleSetId)) ?? "", /virtualMachineScaleSets\/hub-nvas$/);
  });

  test("one VM says no scale set", async () => {
    const { provider } = await deploy({});
    assert.deepEqual(
      [await resolved(provider.scaleSetName), await resolved(provider.scaleSetId)],
      ["", ""],
    );
  });

  test("a scale set that replaces another one has a name of its own", async () => {
    const nameOf = async (args: Partial<GatewayProviderArgs>) =>
      scaleSetOf((await deploy(args)).engine).vmScaleSetName;
    const fixed: Partial<GatewayProviderArgs>[] = [
      { fleet: {} },
      { fleet: { zones: ["1", "2"] } },
      { fleet: { zones: ["1"] } },
      { fleet: {}, frontendZones: ["1"] },
      { fleet: {}, frontendAddress: "10.7.0.9" },
      { fleet: {}, nva: { acceleratedNetworking: false } },
      { fleet: {}, probe: { port: 9000 } },
      { fleet: {}, probe: { path: "/alive" } },
    ];
    const names = await Promise.all(fixed.map(nameOf));
    assert.equal(new Set(names).size, fixed.length, names.join());
    // What reaches its instances by an upgrade keeps it.
    const changes: Partial<GatewayProviderArgs>[] = [
      { fleet: { capacity: 9 }, nva: { size: "Standard_D4s_v5", mtu: 1600 } },
      { fleet: { upgrade: { surge: true } }, policy: { rules: [], logDefaults: true } },
      { fleet: { zones: [] }, internal: { vni: 900 }, tags: { owner: "net" } },
    ];
    for (const args of changes) assert.equal(await nameOf(args), "hub-nvas");
    assert.equal(await nameOf({ fleet: { zones: ["2", "1"] } }), names[1]);
  });

  test("host names fit Azure's 15 characters", async () => {
    const engine = startMocks(false);
    const provider = new GatewayProvider("inspection-of-everything", {
      resourceGroupName: "rg",
      fleet: {},
    });
    await settle(provider);
    const { computerNamePrefix } = profileOf(engine).osProfile as { computerNamePrefix: string };
    assert.equal(computerNamePrefix, "inspection--nva");
  });

  test("another policy changes the model's userData and nothing else", async () => {
    const bodies = async (logDefaults: boolean) => {
      const { engine } = await deploy({ fleet: {}, policy: { rules: [], logDefaults } });
      return [...engine.registrations].sort((a, b) => (a.name < b.name ? -1 : 1));
    };
    const blank = (all: Registration[]) =>
      JSON.stringify(all).replaceAll(/"userData":"[^"]*"/g, '"userData":""');
    const [one, other] = [await bodies(false), await bodies(true)];
    assert.notDeepEqual(one, other);
    assert.equal(blank(one), blank(other));
  });
});
