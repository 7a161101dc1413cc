import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Rule, Type } from "../../../policy-pack/rule";
import { chainNamesAFrontend } from "../../../policy-pack/rules/chainNamesAFrontend";
import { gatewayChainLimit } from "../../../policy-pack/rules/gatewayChainLimit";
import { gatewayForwardsAllPorts } from "../../../policy-pack/rules/gatewayForwardsAllPorts";
import { gatewayHasTwoTunnels } from "../../../policy-pack/rules/gatewayHasTwoTunnels";
import { gatewayProbeIsHonest } from "../../../policy-pack/rules/gatewayProbeIsHonest";
import { UNKNOWN, type Value } from "../../../policy-pack/values";
import { messages, resource } from "./check";

const gateway = (properties: object) =>
  resource(Type.LoadBalancer, { sku: { name: "Gateway" }, ...properties } as Value);
const says = <S extends object>(rule: Rule<S>, properties: object, settings: Partial<S> = {}) =>
  messages(rule, [gateway(properties)], settings);

describe(gatewayHasTwoTunnels.name, () => {
  const internal = { identifier: 800, port: 10800, protocol: "VXLAN", type: "Internal" };
  const external = { identifier: 801, port: 10801, protocol: "VXLAN", type: "External" };
  const pool = (name: string, ...tunnelInterfaces: object[]) => ({ name, tunnelInterfaces });
  const lb = "/x/loadBalancers/g";
  const ruleFor = (...names: string[]) => ({
    backendAddressPools: names.map((name) => ({ id: `${lb}/backendAddressPools/${name}` })),
  });
  const one = (...tunnels: object[]) => ({ backendAddressPools: [pool("p", ...tunnels)] });

  for (const { name, properties, want } of [
    { name: "one pool with both", properties: one(internal, external), want: [] },
    {
      name: "two pools with one each",
      properties: {
        backendAddressPools: [pool("a", internal), pool("b", external)],
        loadBalancingRules: [ruleFor("a", "b")],
      },
      want: [],
    },
    {
      name: "a pair for each IP version",
      properties: {
        backendAddressPools: [pool("four", internal, external), pool("six", internal, external)],
        loadBalancingRules: [ruleFor("four"), ruleFor("six")],
      },
      want: [],
    },
    {
      name: "two pools with both in one",
      properties: {
        backendAddressPools: [pool("a", internal, external), pool("b")],
        loadBalancingRules: [ruleFor("a", "b")],
      },
      want: [/2 pools/],
    },
    { name: "one tunnel", properties: one(internal), want: [/1 Internal, 0 External/] },
    { name: "two Internal", properties: one(internal, internal), want: [/2 Internal/] },
    { name: "no pool", properties: { backendAddressPools: [] }, want: [/is empty/] },
    { name: "pools not known yet", properties: { backendAddressPools: UNKNOWN }, want: [] },
    {
      name: "tunnels not known yet",
      properties: { backendAddressPools: [{ tunnelInterfaces: UNKNOWN }] },
      want: [],
    },
    { name: "VNI 799", properties: one({ ...internal, identifier: 799 }, external), want: [/799/] },
    { name: "VNI 1000", properties: one({ ...internal, identifier: 1000 }, external), want: [] },
    {
      name: "VNI 1001",
      properties: one({ ...internal, identifier: 1001 }, external),
      want: [/1001/],
    },
    {
      name: "VXLAN's own port",
      properties: one({ ...internal, port: 4789 }, external),
      want: [/4789/],
    },
    {
      name: "the same pair twice",
      properties: one(internal, { ...internal, type: "External" }),
      want: [/must differ/],
    },
    {
      name: "one port with two VNIs",
      properties: one(internal, { ...external, port: 10800 }),
      want: [],
    },
    {
      name: "no port",
      properties: one({ ...internal, port: undefined }, external),
      want: [/port is absent/],
    },
    {
      name: "GRE",
      properties: one({ ...internal, protocol: "GRE" }, external),
      want: [/VXLAN, got GRE/],
    },
  ]) {
    test(`${name}: ${want.length} findings`, () => {
      const found = says(gatewayHasTwoTunnels, properties);
      assert.equal(found.length, want.length, found.join("\n"));
      for (const pattern of want) assert.match(found.join("\n"), pattern);
    });
  }

  test("looks at gateways only", () => {
    const web = resource(Type.LoadBalancer, { sku: { name: "Standard" }, backendAddressPools: [] });
    assert.deepEqual(messages(gatewayHasTwoTunnels, [web]), []);
  });
});

describe(gatewayForwardsAllPorts.name, () => {
  const good = { protocol: "All", frontendPort: 0, backendPort: 0, probe: { id: UNKNOWN } };
  for (const { name, change, want } of [
    { name: "all ports", change: {}, want: undefined },
    { name: "in capitals", change: { protocol: "ALL" }, want: undefined },
    { name: "no backend port", change: { backendPort: undefined }, want: undefined },
    { name: "no frontend port", change: { frontendPort: undefined }, want: /frontendPort/ },
    { name: "TCP", change: { protocol: "Tcp" }, want: /protocol/ },
    { name: "one port", change: { frontendPort: 80 }, want: /frontendPort/ },
    { name: "no probe", change: { probe: undefined }, want: /probe/ },
    { name: "a reset", change: { enableTcpReset: true }, want: /enableTcpReset/ },
  ]) {
    test(name, () => {
      const found = says(gatewayForwardsAllPorts, { loadBalancingRules: [{ ...good, ...change }] });
      assert.equal(found.length, want === undefined ? 0 : 1);
      if (want !== undefined) assert.match(found[0] ?? "", want);
    });
  }
  test("no rule at all", () => assert.equal(says(gatewayForwardsAllPorts, {}).length, 1));
  test("rules that are not known yet", () => {
    assert.deepEqual(says(gatewayForwardsAllPorts, { loadBalancingRules: UNKNOWN }), []);
  });
});

describe(gatewayProbeIsHonest.name, () => {
  const good = { protocol: "Http", port: 8080, requestPath: "/", intervalInSeconds: 5 };
  for (const { name, change, want } of [
    { name: "HTTP each 5 s", change: {}, want: undefined },
    { name: "the default interval", change: { intervalInSeconds: undefined }, want: undefined },
    { name: "each 4 s", change: { intervalInSeconds: 4 }, want: /intervalInSeconds.*got 4/ },
    { name: "each 15 s", change: { intervalInSeconds: 15 }, want: undefined },
    { name: "each 16 s", change: { intervalInSeconds: 16 }, want: /got 16/ },
    { name: "TCP", change: { protocol: "Tcp", requestPath: undefined }, want: /protocol/ },
    { name: "HTTPS on the login port", change: { protocol: "Https", port: 22 }, want: /port/ },
    { name: "HTTP where Azure refuses it", change: { port: 110 }, want: /port/ },
    { name: "HTTPS there", change: { protocol: "Https", port: 110 }, want: undefined },
    { name: "no path", change: { requestPath: undefined }, want: /requestPath/ },
    {
      name: "failing open",
      change: { noHealthyBackendsBehavior: "AllProbedUp" },
      want: /AllProbedUp/,
    },
    { name: "a field without effect", change: { numberOfProbes: 2 }, want: /probeThreshold/ },
    { name: "both fields", change: { numberOfProbes: 2, probeThreshold: 2 }, want: undefined },
    { name: "a port not known yet", change: { port: UNKNOWN }, want: undefined },
  ]) {
    test(name, () => {
      const found = says(gatewayProbeIsHonest, { probes: [{ ...good, ...change }] });
      assert.equal(found.length, want === undefined ? 0 : 1, found.join("\n"));
      if (want !== undefined) assert.match(found[0] ?? "", want);
    });
  }
  test("the default interval counts against a shorter limit", () => {
    const probes = [{ ...good, intervalInSeconds: undefined }];
    assert.equal(says(gatewayProbeIsHonest, { probes }, { longestInterval: 10 }).length, 1);
  });
});

describe(chainNamesAFrontend.name, () => {
  const frontendId =
    "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/loadBalancers/g/frontendIPConfigurations/f";
  const chained = { gatewayLoadBalancer: { id: frontendId } };
  const nic = (id: Value, more: object = { publicIPAddress: { id: UNKNOWN } }) =>
    resource(Type.NetworkInterface, {
      ipConfigurations: [{ gatewayLoadBalancer: { id }, ...more }],
    });
  for (const { name, of, want } of [
    { name: "a frontend", of: nic(frontendId), want: 0 },
    { name: "an id in other letters", of: nic(frontendId.toUpperCase()), want: 0 },
    { name: "an id not known yet", of: nic(UNKNOWN), want: 0 },
    { name: "a load balancer", of: nic(frontendId.replace(/\/frontend.*/, "")), want: 1 },
    {
      name: "another child",
      of: nic(frontendId.replace("frontendIPConfigurations", "probes")),
      want: 1,
    },
    { name: "a chain without a public address", of: nic(frontendId, {}), want: 1 },
    {
      name: "an instance of a scale set",
      of: resource(Type.ScaleSet, {
        virtualMachineProfile: {
          networkProfile: { networkInterfaceConfigurations: [{ ipConfigurations: [chained] }] },
        },
      }),
      want: 1,
    },
    {
      name: "an interface made with its machine",
      of: resource(Type.VirtualMachine, {
        networkProfile: { networkInterfaceConfigurations: [{ ipConfigurations: [chained] }] },
      }),
      want: 1,
    },
    {
      name: "a chained gateway",
      of: gateway({ frontendIPConfigurations: [{ gatewayLoadBalancer: { id: frontendId } }] }),
      want: 1,
    },
  ]) {
    test(`${name}: ${want} findings`, () => {
      assert.equal(messages(chainNamesAFrontend, [of]).length, want);
    });
  }
});

describe(gatewayChainLimit.name, () => {
  const chained = (count: number, id: (index: number) => Value) =>
    Array.from({ length: count }, (_, index) =>
      resource(Type.NetworkInterface, {
        ipConfigurations: [{ gatewayLoadBalancer: { id: id(index) } }],
      }),
    );
  const same = () => "/lb/f";
  for (const { name, stack, settings, want } of [
    { name: "100 chains", stack: chained(100, same), settings: {}, want: 0 },
    { name: "101 chains", stack: chained(101, same), settings: {}, want: 1 },
    {
      name: "101 on two gateways",
      stack: chained(101, (i) => `/lb/${i % 2}`),
      settings: {},
      want: 0,
    },
    {
      name: "one in capitals",
      stack: chained(2, (i) => (i ? "/LB/F" : "/lb/f")),
      settings: { limit: 1 },
      want: 1,
    },
    {
      name: "one here, 100 elsewhere",
      stack: chained(1, same),
      settings: { elsewhere: 100 },
      want: 1,
    },
    { name: "101 to a gateway to come", stack: chained(101, () => UNKNOWN), settings: {}, want: 1 },
  ]) {
    test(`${name}: ${want} findings`, () => {
      assert.equal(messages(gatewayChainLimit, stack, settings).length, want);
    });
  }
});
