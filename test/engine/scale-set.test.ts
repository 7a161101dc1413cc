/** A scale set's life by the real engine: made, scaled, given a newer model, refused, taken down. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isLatest } from "../../lab/compute/scaleSets/instances";
import { AzureStack, laidOver, provider } from "../support/azureStack";
import type { Declared } from "../support/stackOfData";

const id =
  "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/fleet";

const profile = (userData: string, zones = ["1", "2"]) => ({
  zones,
  virtualMachineProfile: {
    storageProfile: {
      imageReference: {
        publisher: "Canonical",
        offer: "ubuntu-24_04-lts",
        sku: "server",
        version: "latest",
      },
      osDisk: { createOption: "FromImage", deleteOption: "Delete" },
    },
    osProfile: {
      computerNamePrefix: "nva",
      adminUsername: "azureuser",
      adminPassword: "Only-in-the-lab-1",
      customData: "I2Nsb3VkLWNvbmZpZw==",
    },
    userData,
    extensionProfile: {
      extensions: [
        {
          name: "health",
          publisher: "Microsoft.ManagedServices",
          type: "ApplicationHealthLinux",
          typeHandlerVersion: "2.0",
          settings: { protocol: "http", port: 8080, requestPath: "/health/application" },
        },
      ],
    },
    networkProfile: {
      networkApiVersion: "2022-11-01",
      networkInterfaceConfigurations: [
        {
          name: "nic",
          primary: true,
          ipConfigurations: [
            {
              name: "ip",
              subnet: { id: "@subnet" },
              loadBalancerBackendAddressPools: [{ id: "@gwlb/backendAddressPools/nvas" }],
            },
          ],
        },
      ],
    },
  },
});

/** A gateway with a scale set of NVAs in place of its one. */
const fleet: readonly Declared[] = [
  ...provider.filter(({ name }) => name !== "nva" && name !== "nic"),
  {
    type: "azure-native:compute:VirtualMachineScaleSet",
    name: "fleet",
    properties: {
      resourceGroupName: "@group.name",
      vmScaleSetName: "fleet",
      orchestrationMode: "Flexible",
      platformFaultDomainCount: 1,
      sku: { name: "Standard_D2s_v5", tier: "Standard", capacity: 2 },
      upgradePolicy: { mode: "Rolling", rollingUpgradePolicy: { maxBatchInstancePercent: 20 } },
      automaticRepairsPolicy: { enabled: true, gracePeriod: "PT10M" },
      ...profile("b2xk"),
    },
  },
];
const scaled = (capacity: number) =>
  laidOver(fleet, "fleet", { sku: { name: "Standard_D2s_v5", tier: "Standard", capacity } });

describe("a scale set, by the real engine", () => {
  const stack = new AzureStack();
  before(async () => {
    await stack.init();
    await must(fleet);
  });
  after(() => stack.remove());

  async function must(resources: readonly Declared[]): Promise<void> {
    const { code, stdout, stderr } = await stack.up(resources);
    assert.equal(code, 0, stdout + stderr);
  }
  const instances = () => stack.arm.list("Microsoft.Compute/virtualMachines");

  test("is made with its instances; nothing is left to do, nor after a refresh", async () => {
    assert.equal((await instances()).length, 2);
    assert.deepEqual(await stack.plan(fleet), []);
    await stack.refresh("--expect-no-changes");
  });

  test("its capacity is an update that makes and removes instances", async () => {
    const plan = [{ op: "update", name: "fleet", paths: ["sku.capacity"] }];
    assert.deepEqual(await stack.plan(scaled(3)), plan);
    await must(scaled(3));
    assert.equal((await instances()).length, 3);
    await must(fleet);
    assert.equal((await instances()).length, 2);
  });

  test("a capacity that somebody changed is seen by a refresh", async () => {
    const [first] = await instances();
    await stack.arm.delete(first?.id ?? "");
    await stack.refresh();
    assert.deepEqual(
      (await stack.plan(fleet)).map(({ paths }) => paths),
      [["sku.capacity"]],
    );
    await must(fleet);
  });

  test("a newer model is an update, which waits for machines that run", async () => {
    const newer = laidOver(fleet, "fleet", profile("bmV3"));
    assert.deepEqual(await stack.plan(newer), [
      { op: "update", name: "fleet", paths: ["virtualMachineProfile.userData"] },
    ]);
    await must(newer);
    const { resources } = stack.store.snapshot();
    const set = resources.get(id.toLowerCase());
    assert.ok(set);
    const behind = (await instances()).filter((vm) => {
      const stored = resources.get(vm.id.toLowerCase());
      return stored !== undefined && !isLatest(set, stored);
    });
    assert.equal(behind.length, 2);
    const latest = await stack.arm.get(`${id}/rollingUpgrades/latest`);
    const status = latest?.properties.runningStatus as { code?: string } | undefined;
    assert.equal(status?.code, "RollingForward");
  });

  test("what never changes is planned as an update and refused", async () => {
    const fewer = laidOver(fleet, "fleet", profile("bmV3", ["1"]));
    const { code, stdout, stderr } = await stack.up(fewer);
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /Code="PropertyChangeNotAllowed".*Target="zones"/);
  });

  test("goes with its instances", async () => {
    const { code, stdout, stderr } = await stack.destroy();
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(await stack.arm.list(), []);
  });
});
