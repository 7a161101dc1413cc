import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { chainTarget } from "../../../components/chains/chainTarget";
import { IlpipConsumer, PublicLoadBalancerConsumer } from "../../../components/index";
import { resolved, settle, startMocks } from "../../support/mocks";

const GROUP = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network";
const FRONTEND = `${GROUP}/loadBalancers/gw/frontendIPConfigurations/f`;

/** Reasons against so many chains more, of which each may be to an Output of its own. */
const reasons = (chains: number, id: pulumi.Input<string>) =>
  chainTarget("web", id, chains).problems.map(({ reason }) => reason);

function refused(error: unknown): true {
  assert.ok(pulumi.InputPropertiesError.isInstance(error));
  const [problem] = error.errors;
  assert.equal(problem?.propertyPath, "gatewayFrontendId");
  assert.match(problem?.reason ?? "", /101 chains.*assignGateway/);
  return true;
}

for (const preview of [true, false]) {
  for (const { what, id } of [
    { what: "by its id", id: () => FRONTEND },
    { what: "by one Output", id: () => pulumi.output(FRONTEND) },
  ]) {
    test(`the 101st chain ${what} is refused at once, preview ${preview}`, async () => {
      const engine = startMocks(preview);
      const gateway = id();
      assert.deepEqual(reasons(100, gateway), []);
      const one = () =>
        new IlpipConsumer("web", {
          resourceGroupName: "rg",
          subnetId: `${GROUP}/virtualNetworks/n/subnets/s`,
          gatewayFrontendId: gateway,
        });
      assert.throws(one, refused);
      await settle();
      assert.deepEqual(engine.registrations, []);
    });
  }
}

describe("chains", () => {
  test("are counted by the id where many Outputs hold the same one", async () => {
    startMocks(false);
    const chain = () => pulumi.output(chainTarget("c", pulumi.output(FRONTEND), 1).value);
    for (let i = 0; i < 100; i++) assert.equal(await resolved(chain()), FRONTEND);
    await assert.rejects(resolved(chain()), refused);
  });

  for (const { separateAddress, chains } of [
    { separateAddress: true, chains: 2 },
    { separateAddress: false, chains: 1 },
  ]) {
    test(`are ${chains} of a load balancer, separate outbound ${separateAddress}`, () => {
      startMocks(true);
      reasons(101 - chains, FRONTEND);
      const balancer = () =>
        new PublicLoadBalancerConsumer("web", {
          resourceGroupName: "rg",
          gatewayFrontendId: FRONTEND,
          ports: [{ name: "web", protocol: "tcp", port: 80 }],
          probe: { port: 80 },
          outboundSettings: { separateAddress },
        });
      assert.throws(balancer, refused);
    });
  }

  test("of another program are not counted", () => {
    startMocks(true);
    assert.deepEqual(reasons(100, FRONTEND), []);
    startMocks(true);
    assert.deepEqual(reasons(100, FRONTEND), []);
  });

  test("to what is no frontend are not counted, but refused for that", () => {
    startMocks(true);
    const wrong = `${GROUP}/loadBalancers/gw`;
    assert.match(reasons(101, wrong).join(), /itself/);
    assert.deepEqual(reasons(100, FRONTEND), []);
  });
});
