import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { AzureStack, consumer, gatewayFrontend, provider } from "../support/azureStack";

const web = gatewayFrontend
  .split("/")
  .slice(0, -2)
  .join("/")
  .replace("/rg/", "/web/")
  .replace(/gwlb$/, "web");

describe("a consumer in a stack of its own", () => {
  const provides = new AzureStack("provider");
  const consumes = new AzureStack("consumer", provides.lab);
  after(() => {
    provides.remove();
    consumes.remove();
  });

  test("keeps the gateway from being destroyed, until it is gone itself", async () => {
    await provides.init();
    const made = await provides.up(provider);
    assert.equal(made.code, 0, made.stdout + made.stderr);
    await consumes.init();
    const { code, stdout, stderr } = await consumes.up(consumer(gatewayFrontend));
    assert.equal(code, 0, stdout + stderr);
    const refused = await provides.destroy();
    assert.notEqual(refused.code, 0);
    assert.match(
      refused.stdout + refused.stderr,
      /Status=400 Code="GatewayLoadBalancerInUseByChain"/,
    );
    assert.ok(await provides.arm.get(web));
    assert.equal((await consumes.destroy()).code, 0);
    assert.equal((await provides.destroy()).code, 0);
    assert.deepEqual(await provides.arm.list(), []);
  });
});
