import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { contains, parseNetwork } from "../../../components/azure/addresses";
import type { Body } from "../../../lab/arm/resource";
import * as az from "./fixture";

const { good, at } = az;
const prefix = az.network("publicIPPrefixes", "p");
const row = (prefixLength = 31): Body => ({
  ...{ location: az.location, sku: { name: "Standard" } },
  properties: { prefixLength },
});
const address = (name: string) => az.network("publicIPAddresses", name);
const ofPrefix = (id = prefix) => az.changed(good.publicIp(), "properties.publicIPPrefix", { id });

describe("a prefix of public addresses", () => {
  test("gives its addresses, shows them, and is empty after the last", async () => {
    const { arm } = await az.referenceAzure();
    const made = await arm.put(prefix, row());
    const network = parseNetwork(String(at(made, "properties.ipPrefix")));
    assert.ok(network);
    const taken = [];
    for (const name of ["a", "b"]) taken.push(await arm.put(address(name), ofPrefix()));
    const ips = taken.map((one) => parseNetwork(`${at(one, "properties.ipAddress")}/32`));
    assert.ok(ips.every((ip) => ip !== undefined && contains(network, ip)));
    assert.deepEqual(at(await arm.get(prefix), "properties.publicIPAddresses"), [
      { id: address("a") },
      { id: address("b") },
    ]);
    await assert.rejects(arm.put(address("c"), ofPrefix()), {
      code: "PublicIPPrefixHasNoFreeAddress",
    });
    await assert.rejects(arm.delete(prefix), { code: "InUsePublicIpPrefixCannotBeDeleted" });
    for (const name of ["a", "b"]) await arm.delete(address(name));
    await arm.delete(prefix);
  });

  test("does not meet another one, nor an address of its own", async () => {
    const { arm } = await az.referenceAzure();
    const networks = [];
    for (let i = 0; i < 20; i++) {
      const made = await arm.put(az.network("publicIPPrefixes", `p${i}`), row(28));
      networks.push(parseNetwork(String(at(made, "properties.ipPrefix"))));
    }
    for (const [i, one] of networks.entries()) {
      assert.ok(one);
      for (const other of networks.slice(i + 1)) {
        assert.ok(other && (one.last < other.first || other.last < one.first));
      }
    }
  });

  test("is fixed in length, zones and SKU, and so is the prefix of an address", async () => {
    const { arm } = await az.referenceAzure();
    await arm.put(prefix, row());
    await assert.rejects(arm.put(prefix, row(30)), { code: "PublicIpPrefixLengthCannotBeChanged" });
    await assert.rejects(arm.put(prefix, { ...row(), zones: ["1"] }), {
      code: "ResourceAvailabilityZonesCannotBeModified",
    });
    await arm.put(address("a"), ofPrefix());
    await assert.rejects(arm.put(address("a"), good.publicIp()), {
      code: "PublicIPPrefixCannotBeChanged",
    });
    const none = az.network("publicIPPrefixes", "none");
    await assert.rejects(arm.put(address("b"), ofPrefix(none)), {
      code: "InvalidResourceReference",
    });
    await assert.rejects(arm.put(prefix, row(20)), { code: "InvalidRequestFormat" });
  });
});
