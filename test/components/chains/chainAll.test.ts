import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { isRpcSecret, unwrapRpcSecret } from "@pulumi/pulumi/runtime/rpc";
import { chainTransform } from "../../../components/chains/chainAll";
import { type ChainFinding, ChainOutcome } from "../../../components/index";
import { resolved, startMocks } from "../../support/mocks";

const gateway =
  "/subscriptions/s/resourceGroups/hub/providers/Microsoft.Network/loadBalancers/g/frontendIPConfigurations/fe";
const LB = "azure-native:network:LoadBalancer";

/** A resource as the engine hands it to a transform. */
const given = (type: string, props: Record<string, unknown>): pulumi.ResourceTransformArgs => ({
  ...{ type, props, name: "web", custom: true },
  opts: { dependsOn: [], protect: false, deleteBeforeReplace: false } as pulumi.ResourceOptions,
});
const web = (more: object = {}) => ({
  sku: { name: "Standard" },
  frontendIPConfigurations: [{ name: "fe", publicIPAddress: { id: "/ip" } }],
  ...more,
});

describe("chainAll", () => {
  startMocks(false);

  test("adds the chain and touches nothing else", async () => {
    const found: ChainFinding[] = [];
    const report = (findings: ChainFinding[]) => void found.push(...findings);
    const result = await chainTransform(gateway, { report })(given(LB, web({ tags: { a: "b" } })));
    assert.deepEqual(await resolved(pulumi.output(result?.props)), {
      ...web({ tags: { a: "b" } }),
      frontendIPConfigurations: [
        { name: "fe", publicIPAddress: { id: "/ip" }, gatewayLoadBalancer: { id: gateway } },
      ],
    });
    assert.equal(result?.opts, undefined, "options that nobody set would be set");
    assert.deepEqual(
      found.map(({ resource, entry, outcome }) => [resource, entry, outcome]),
      [["web", "fe", ChainOutcome.Chained]],
    );
  });

  test("leaves what it has no business with as it is", async () => {
    const transform = chainTransform(gateway, { report: () => assert.fail("reported") });
    for (const type of ["azure-native:network:VirtualNetwork", "random:index:RandomId"]) {
      assert.equal(await transform(given(type, {})), undefined);
    }
    assert.equal(await transform(given(LB, { ...web(), sku: { name: "Gateway" } })), undefined);
  });

  test("waits for a list that is an output, and keeps it secret", async () => {
    const list = pulumi.secret(web().frontendIPConfigurations);
    const transform = chainTransform(gateway, { report: () => undefined });
    const result = await transform(given(LB, web({ frontendIPConfigurations: list })));
    const changed = result?.props.frontendIPConfigurations;
    assert.ok(isRpcSecret(changed));
    assert.deepEqual(unwrapRpcSecret(changed), [
      { name: "fe", publicIPAddress: { id: "/ip" }, gatewayLoadBalancer: { id: gateway } },
    ]);
  });

  test("knows the IP version of addresses that were declared before", async () => {
    const found: ChainFinding[] = [];
    const transform = chainTransform(gateway, { report: (all) => void found.push(...all) });
    const names = { resourceGroupName: "rg", publicIpAddressName: "six" };
    const address = { ...names, publicIPAddressVersion: "IPv6" };
    await transform(given("azure-native:network:PublicIPAddress", address));
    const id =
      "/subscriptions/s/resourceGroups/RG/providers/Microsoft.Network/publicIPAddresses/six";
    const configurations = [{ name: "v6", publicIPAddress: { id } }];
    const nic = given("azure-native:network:NetworkInterface", {
      ipConfigurations: configurations,
    });
    assert.equal(await transform(nic), undefined);
    assert.deepEqual(
      found.map(({ outcome }) => outcome),
      [ChainOutcome.Open],
    );
  });

  for (const { name, make } of [
    {
      name: "the load balancer's id",
      make: () => chainTransform(gateway.replace(/\/front.*/, "")),
    },
    { name: "an empty tag", make: () => chainTransform(gateway, { exemptionTag: "" }) },
    { name: "no length", make: () => chainTransform(gateway, { minimumReasonLength: 0 }) },
  ]) {
    test(`refuses ${name}`, () => assert.throws(make, pulumi.InputPropertiesError));
  }
});
