import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import type { Arm } from "../../../../lab/arm/arm";
import { asBody, type Body, type StoredResource } from "../../../../lab/arm/resource";
import type { Store } from "../../../../lab/arm/store";
import { isLatest } from "../../../../lab/compute/scaleSets/instances";
import * as az from "../../arm/fixture";

describe("a scale set", () => {
  let arm: Arm;
  let store: Store;
  beforeEach(async () => {
    ({ arm, store } = await az.referenceAzure());
    await arm.put(az.fleet, az.goodFleet(3));
  });

  const instances = async () =>
    (await arm.list("Microsoft.Compute/virtualMachines")).filter(({ name }) => name !== "nva");
  const names = async () => (await instances()).map(({ name }) => name).sort();
  const pool = async () => {
    const part = (await arm.get(az.gatewayPool)) as { properties: Body };
    return (part.properties.backendIPConfigurations as { id: string }[]).length;
  };
  const stored = (id: string) => {
    const found = store.snapshot().resources.get(id.toLowerCase());
    assert.ok(found, id);
    return found;
  };

  test("makes machines and NICs in the pool, spread over its zones", async () => {
    const made = await instances();
    assert.deepEqual(made.map(({ zones }) => zones?.[0]).sort(), ["1", "1", "2"]);
    for (const vm of made) {
      assert.match(vm.name, /^fleet_[0-9a-f]{8}$/);
      assert.match(String(az.at(vm, "properties.osProfile.computerName")), /^nva[0-9A-Z]{6}$/);
      assert.deepEqual(vm.properties.virtualMachineScaleSet, { id: az.fleet });
      const nic = await arm.get(
        String(az.at(vm, "properties.networkProfile.networkInterfaces.0.id")),
      );
      assert.match(String(az.at(nic, `${ipProperties}.privateIPAddress`)), /^10\.7\.1\./);
    }
    assert.equal(await pool(), 4);
  });

  test("grows and shrinks with its capacity, newest first, zones balanced", async () => {
    const before = await names();
    await arm.put(az.fleet, az.goodFleet(4));
    assert.deepEqual((await instances()).map(({ zones }) => zones?.[0]).sort(), [
      "1",
      "1",
      "2",
      "2",
    ]);
    await arm.put(az.fleet, az.goodFleet(3));
    assert.deepEqual((await names()).length, 3);
    await arm.put(az.fleet, az.goodFleet(0));
    assert.deepEqual(await names(), []);
    assert.equal(await pool(), 1);
    assert.equal(before.length, 3);
  });

  test("a write that says no capacity keeps it", async () => {
    await arm.put(az.fleet, az.changed(az.goodFleet(), "sku.capacity", undefined));
    assert.equal((await names()).length, 3);
  });

  test("goes with all its instances, and leaves nothing", async () => {
    await arm.delete(az.fleet);
    assert.deepEqual(await names(), []);
    const left = (await arm.list("Microsoft.Network/networkInterfaces")).map(({ name }) => name);
    assert.deepEqual(left.sort(), ["nva-nic", "work-nic"]);
  });

  test("an instance that somebody deletes lowers the capacity", async () => {
    const [first] = await instances();
    await arm.delete(first?.id ?? "");
    assert.equal((await names()).length, 2);
    assert.equal(az.at(await arm.get(az.fleet), "sku.capacity"), 2);
  });

  test("a newer model leaves instances as they are, and new ones have it", async () => {
    const where = "properties.virtualMachineProfile.userData";
    const set = az.changed(az.goodFleet(4), where, "bmV3");
    await arm.put(az.fleet, az.changed(set, "properties.upgradePolicy", { mode: "Manual" }));
    const data = (await instances()).map(({ id }) => stored(id).properties.userData);
    assert.equal(data.filter((text) => text === "bmV3").length, 1);
    const latest = (await instances()).filter(({ id }) => isLatest(stored(az.fleet), stored(id)));
    assert.equal(latest.length, 1);
  });

  test("capacity, tags and policies are no newer model", async () => {
    const version = () => stored(az.fleet).properties.modelVersion;
    const before = version();
    const set = az.changed(az.goodFleet(2), "tags", { owner: "net" });
    await arm.put(az.fleet, az.changed(set, "properties.upgradePolicy", { mode: "Manual" }));
    assert.equal(version(), before);
    await arm.put(az.fleet, az.changed(set, "sku.name", "Standard_D2s_v5"));
    assert.notEqual(version(), before);
  });

  test("shows neither userData, customData nor what it keeps for itself", async () => {
    const texts = [await arm.get(az.fleet), ...(await instances())].map((r) => JSON.stringify(r));
    for (const text of texts) {
      for (const word of ["userData", "customData", "modelVersion", "scaleSetInstance"]) {
        assert.ok(!text.includes(word), word);
      }
    }
  });

  test("a write without userData and customData keeps both", async () => {
    const shown = (await arm.get(az.fleet)) as StoredResource;
    await arm.put(az.fleet, { ...shown, sku: { ...shown.sku, capacity: 2 } });
    const profile = asBody(stored(az.fleet).properties.virtualMachineProfile) ?? {};
    assert.ok(profile.userData);
    assert.ok(asBody(profile.osProfile)?.customData);
  });

  for (const [what, id, code] of [
    ["its load balancer", az.gateway, "GatewayLoadBalancerInUseByChain"],
    ["its subnet, also while it has no instance", az.nvaSubnet, "InUseSubnetCannotBeDeleted"],
  ] as const) {
    test(`holds ${what}`, async () => {
      await arm.put(az.fleet, az.goodFleet(0));
      await arm.delete(az.nva);
      await arm.delete(az.nvaNic);
      await assert.rejects(arm.delete(id), { code });
    });
  }

  test("holds the load balancer of its pool by a code of its own", async () => {
    await arm.delete(az.publicLb);
    await arm.delete(az.workNic);
    await assert.rejects(arm.delete(az.gateway), {
      code: "LoadBalancerInUseByVirtualMachineScaleSet",
    });
  });
});

const ipProperties = "properties.ipConfigurations.0.properties";
