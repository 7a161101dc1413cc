import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Arm } from "../../../lab/arm/arm";
import type { ArmError } from "../../../lab/arm/errors";
import type { Body } from "../../../lab/arm/resource";
import * as az from "./fixture";

const { good, at } = az;
const state = "properties.provisioningState";
const address = az.network("publicIPAddresses", "new");
const balancer = az.network("loadBalancers", "new");

/** The reference layout, with writes that take so long. */
async function slowAzure(writeMs: number) {
  const { store, arm } = await az.referenceAzure();
  return { arm, slow: new Arm(store, { writeMs }) };
}

/** A load balancer with the new address. */
const withAddress = (): Body => {
  const where = "properties.frontendIPConfigurations.0.properties.publicIPAddress";
  const body = az.changed(good.publicLb(), where, { id: address });
  return JSON.parse(JSON.stringify(body).replaceAll(az.publicLb, balancer)) as Body;
};

const codes = (error: ArmError) => [error.status, error.code, error.details[0]?.code];
const refusal = (work: Promise<unknown>): Promise<unknown[]> =>
  work.then(
    () => ["taken"],
    (error: ArmError) => codes(error),
  );

describe("a write under way", () => {
  test("shows Updating, with its parts, and Succeeded when it is done", async () => {
    const { slow } = await slowAzure(1500);
    const tagged = (vnet: object | undefined) => ({ ...vnet, tags: { a: "b" } });
    const { resource } = await slow.write(az.vnet, tagged);
    assert.equal(at(resource, state), "Updating");
    assert.equal(at(resource, `properties.subnets.0.${state}`), "Updating");
    assert.equal(at(await slow.get(az.nvaSubnet), state), "Updating");
    assert.equal(at(resource, "underWay"), undefined);
    await slow.settled(az.vnet);
    assert.equal(at(await slow.get(az.vnet), state), "Succeeded");
  });

  test("refuses what names it, what writes it, and what deletes it", async () => {
    const { slow } = await slowAzure(60_000);
    await slow.write(address, () => good.publicIp());
    assert.deepEqual(await refusal(slow.write(balancer, withAddress)), [
      ...[429, "RetryableError", "ReferencedResourceNotProvisioned"],
    ]);
    const tagged = { ...good.publicIp(), tags: { a: "b" } };
    assert.deepEqual(await refusal(slow.write(address, () => tagged)), [
      ...[429, "RetryableError", "RetryableErrorDueToAnotherOperation"],
    ]);
    assert.deepEqual(await refusal(slow.beginDelete(address)), [
      ...[409, "AnotherOperationInProgress", undefined],
    ]);
  });

  test("of one part is in the way of the others", async () => {
    const { slow } = await slowAzure(60_000);
    const subnet = (prefix: string) => () => ({ properties: { addressPrefix: prefix } });
    await slow.write(`${az.vnet}/subnets/one`, subnet("10.7.9.0/28"));
    const beside = slow.write(`${az.vnet}/subnets/two`, subnet("10.7.9.16/28"));
    assert.deepEqual((await refusal(beside)).at(-1), "RetryableErrorDueToAnotherOperation");
  });

  test("is waited for by who puts, as often as azure-native asks", async () => {
    const { slow } = await slowAzure(30);
    await slow.write(address, () => good.publicIp());
    const made = await slow.put(balancer, withAddress());
    assert.equal(at(made, state), "Succeeded");
    const tags = (own: number) => ({ ...good.publicIp(), tags: { own: String(own) } });
    const few = await Promise.allSettled([0, 1, 2].map((own) => slow.put(address, tags(own))));
    assert.deepEqual(
      few.map(({ status }) => status),
      ["fulfilled", "fulfilled", "fulfilled"],
    );
  });

  test("that changes nothing begins none", async () => {
    const { slow } = await slowAzure(60_000);
    await slow.write(az.vnet, (vnet) => ({ ...vnet }));
    assert.equal(slow.underWay(az.vnet), 0);
  });

  test("of a chain does not hold the gateway", async () => {
    const { slow } = await slowAzure(60_000);
    const where = "properties.frontendIPConfigurations.0.properties.gatewayLoadBalancer";
    await slow.write(az.publicLb, () => az.changed(good.publicLb(), where, undefined));
    assert.equal(slow.underWay(az.gateway), 0);
  });
});
