import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { planTwin } from "../../../lab/proof/twinPlan";
import { at, nva, referenceAzure } from "../arm/fixture";

describe("planTwin", () => {
  test("is taken by the embedded Azure, and one deletion removes it", async () => {
    const { store, arm } = await referenceAzure();
    const before = store.snapshot().resources;
    const vm = before.get(nva.toLowerCase());
    assert.ok(vm);
    const { requests, groupId, publicAddressId } = planTwin(vm, 80);
    for (const { id, body } of requests) await arm.put(id, body);
    const address = at(await arm.get(publicAddressId), "properties.ipAddress");
    assert.match(String(address), /^\d+\.\d+\.\d+\.\d+$/);
    const twin = store.snapshot().resources.get(requests.at(-1)?.id.toLowerCase() ?? "");
    const customData = "properties.osProfile.customData";
    assert.equal(at(twin, customData), at(vm, customData));
    assert.ok(requests.every(({ id }) => id === groupId || id.startsWith(`${groupId}/`)));
    assert.doesNotMatch(JSON.stringify(requests), /gatewayLoadBalancer/);
    await arm.delete(groupId);
    assert.deepEqual(store.snapshot().resources, before);
  });
});
