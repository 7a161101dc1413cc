import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Arm } from "../../../../lab/arm/arm";
import { asBody } from "../../../../lab/arm/resource";
import * as az from "../fixture";
import { codeOf, type Reply, type RestAzure, restAzure } from "./client";

const WRITE_MS = 1500;
const address = az.network("publicIPAddresses", "slow");
const stateOf = ({ body }: Reply) => asBody(body.properties)?.provisioningState;

describe("a write that takes time, over the interface", () => {
  let azure: RestAzure;
  before(async () => {
    const { store } = await az.referenceAzure();
    azure = await restAzure(store, {
      armFor: (caller) => new Arm(store, { caller, writeMs: WRITE_MS }),
    });
  });
  after(() => azure.close());

  test("is answered at once, and says where to look until it is done", async () => {
    const put = () => azure.send("PUT", address, { body: az.good.publicIp() });
    const begun = await put();
    assert.deepEqual([begun.status, stateOf(begun)], [201, "Updating"]);
    const again = await azure.send("PUT", address, {
      body: { ...az.good.publicIp(), tags: { a: "b" } },
    });
    assert.deepEqual([again.status, codeOf(again)], [429, "RetryableError"]);
    assert.ok(Number(again.headers["retry-after"]) >= 1);
    const where = String(begun.headers["azure-asyncoperation"]).slice(azure.server.endpoint.length);
    const look = () => azure.send("GET", where, { version: null });
    const first = await look();
    assert.deepEqual([first.body.status, first.headers["retry-after"]], ["InProgress", "1"]);
    await new Arm(azure.store).settled(address);
    assert.equal((await look()).body.status, "Succeeded");
    assert.equal(stateOf(await azure.send("GET", address)), "Succeeded");
  });

  test("that is over soon is answered when it is done", async () => {
    const { store } = await az.referenceAzure();
    const quick = await restAzure(store, {
      armFor: (caller) => new Arm(store, { caller, writeMs: 50 }),
    });
    try {
      const done = await quick.send("PUT", address, { body: az.good.publicIp() });
      assert.deepEqual([done.status, stateOf(done)], [201, "Succeeded"]);
      assert.equal(done.headers["azure-asyncoperation"], undefined);
    } finally {
      await quick.close();
    }
  });
});
