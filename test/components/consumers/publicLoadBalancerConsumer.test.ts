import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  PublicLoadBalancerConsumer,
  type PublicLoadBalancerConsumerArgs,
} from "../../../components/index";
import { resolved, settle, startMocks } from "../../support/mocks";

const FRONTEND =
  "/subscriptions/other/resourceGroups/hub/providers/Microsoft.Network/loadBalancers/gw/frontendIPConfigurations/f";

async function deploy(args: Partial<PublicLoadBalancerConsumerArgs> = {}, preview = false) {
  const engine = startMocks(preview);
  const consumer = new PublicLoadBalancerConsumer("web", {
    resourceGroupName: "rg",
    gatewayFrontendId: FRONTEND,
    ports: [{ name: "http", protocol: "tcp", port: 80, backendPort: 8080 }],
    probe: { port: 8080, path: "/up" },
    ...args,
  });
  await settle(consumer);
  return { engine, consumer };
}

type Bodies = Record<string, unknown>[];

test("PublicLoadBalancerConsumer chains an existing address, whichever subscription's", async () => {
  const given =
    "/subscriptions/far/resourceGroups/a/providers/Microsoft.Network/publicIPAddresses/b";
  const { engine, consumer } = await deploy({ publicAddressId: given });
  const { inputs } = engine.find("network:LoadBalancer");
  const [inbound] = inputs.frontendIPConfigurations as Bodies;
  assert.deepEqual(inbound?.publicIPAddress, { id: given });
  engine.find("network:PublicIPAddress", "web-outbound-address");
  assert.equal(await resolved(consumer.publicAddress), "203.0.113.250");
  const [rule] = inputs.loadBalancingRules as { frontendIPConfiguration: { id: string } }[];
  assert.doesNotMatch(rule?.frontendIPConfiguration.id ?? "", /subscriptions\/far/);
  assert.match(rule?.frontendIPConfiguration.id ?? "", /web-lb\/frontendIPConfigurations/);
});

test("PublicLoadBalancerConsumer takes both addresses out of a prefix, or the outbound one", async () => {
  const network = "/subscriptions/s/resourceGroups/a/providers/Microsoft.Network";
  const publicIPPrefixId = `${network}/publicIPPrefixes/range`;
  const { engine } = await deploy({ publicIPPrefixId });
  for (const name of ["web-address", "web-outbound-address"]) {
    const { inputs } = engine.find("network:PublicIPAddress", name);
    assert.deepEqual(inputs.publicIPPrefix, { id: publicIPPrefixId }, name);
  }
  const given = { publicIPPrefixId, publicAddressId: `${network}/publicIPAddresses/b` };
  const mixed = await deploy(given);
  mixed.engine.find("network:PublicIPAddress", "web-outbound-address");
  await assert.rejects(deploy({ ...given, outbound: false }), /cannot be used/);
});

for (const preview of [false, true]) {
  describe(`PublicLoadBalancerConsumer, preview ${preview}`, () => {
    test("chains every frontend, the outbound one too", async () => {
      const { engine } = await deploy({}, preview);
      const { inputs } = engine.find("network:LoadBalancer");
      const frontends = inputs.frontendIPConfigurations as Bodies;
      assert.deepEqual(
        frontends.map(({ name, gatewayLoadBalancer }) => [name, gatewayLoadBalancer]),
        [
          ["inbound", { id: FRONTEND }],
          ["outbound", { id: FRONTEND }],
        ],
      );
      assert.equal(
        engine.registrations.filter((r) => r.type.endsWith(":PublicIPAddress")).length,
        2,
      );
    });

    test("outbound can share the address", async () => {
      const { engine } = await deploy({ outboundSettings: { separateAddress: false } }, preview);
      engine.find("network:PublicIPAddress", "web-address");
      assert.equal(
        (engine.find("network:LoadBalancer").inputs.frontendIPConfigurations as Bodies).length,
        1,
      );
    });

    test("settings for display make no other logical name", async () => {
      const plain = await deploy({}, preview);
      const { engine } = await deploy(
        { tags: { a: "b" }, publicAddressZones: ["1", "2"] },
        preview,
      );
      assert.deepEqual(engine.names(), plain.engine.names());
    });
  });
}

describe("PublicLoadBalancerConsumer", () => {
  test("without outbound there is no way out: no rule, no address", async () => {
    const { engine, consumer } = await deploy({ outbound: false });
    const { inputs } = engine.find("network:LoadBalancer");
    assert.equal(inputs.outboundRules, undefined);
    assert.equal((inputs.loadBalancingRules as Bodies)[0]?.disableOutboundSnat, true);
    assert.equal(await resolved(consumer.outboundAddress), "");
  });

  test("rules, pool and outbound rule name children of the load balancer itself", async () => {
    const { engine, consumer } = await deploy();
    const own = await resolved(consumer.loadBalancerId);
    const { inputs } = engine.find("network:LoadBalancer");
    const named = JSON.stringify([inputs.loadBalancingRules, inputs.outboundRules]).match(
      /"\/subscriptions[^"]+"/g,
    );
    assert.equal(named?.length, 5);
    for (const id of named ?? []) assert.ok(id.startsWith(`"${own}/`), id);
  });

  test("the group lets the probe in, and clients on the workload's port", async () => {
    const { engine } = await deploy({ allow: [{ name: "ping", protocol: "icmp" }] });
    const rules = engine.find("network:NetworkSecurityGroup").inputs.securityRules as Bodies;
    assert.deepEqual(
      rules.map((rule) => [rule.name, rule.sourceAddressPrefix, rule.destinationPortRange]),
      [
        ["load-balancer-probe", "AzureLoadBalancer", "8080"],
        ["http", "Internet", "8080"],
        ["ping", "Internet", "*"],
      ],
    );
  });
});
