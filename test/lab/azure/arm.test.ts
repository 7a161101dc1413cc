import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as az from "./fixture";

describe("Arm", () => {
  test("takes the reference layout, shows it, and takes it away in reverse", async () => {
    const { arm } = await az.referenceAzure();
    const lb = await arm.get(az.gateway);
    assert.equal(az.at(lb, "properties.provisioningState"), "Succeeded");
    assert.deepEqual(
      az.at(lb, "properties.backendAddressPools.0.properties.backendIPConfigurations"),
      [{ id: `${az.nvaNic}/ipConfigurations/ip` }],
    );
    for (const [id] of [...az.layout].reverse()) await arm.delete(id);
    assert.deepEqual(await arm.list(), []);
  });
});
