import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type GatewayPlanArgs,
  gatewayProblems,
  inExistingSubnets,
  planGateway,
} from "../../../../components/provider/plan/gatewayPlan";

const paths = (args: GatewayPlanArgs, name = "hub") =>
  gatewayProblems(name, args).map((p) => p.propertyPath);

describe("gatewayProblems", () => {
  test("has none of no arguments", () => assert.deepEqual(paths({}), []));

  test("names all problems in the order of the arguments", () => {
    const args = {
      addressSpace: "10.7.0.1/16",
      frontendAddress: "10.7.0.1",
      frontendZones: ["4"],
      internal: { vni: 1 },
      probe: { port: 25 },
      idleTimeoutMinutes: 3,
      nva: { mtu: 1500 },
      tags: { "a/b": "" },
    };
    assert.deepEqual(paths(args, "a_b"), [
      "name",
      "addressSpace",
      "frontendAddress",
      "frontendZones[0]",
      "internal.vni",
      "probe.port",
      "idleTimeoutMinutes",
      "nva.mtu",
      'tags["a/b"]',
    ]);
  });

  for (const { name, args, want } of [
    {
      name: "one existing subnet of two",
      args: { gatewaySubnetId: "/s", frontendAddress: "10.1.0.9" },
      want: ["nvaSubnetId"],
    },
    {
      name: "the other one",
      args: { nvaSubnetId: "/s", frontendAddress: "10.1.0.9" },
      want: ["gatewaySubnetId"],
    },
    {
      name: "a NAT gateway on a subnet that is not the provider's",
      args: {
        gatewaySubnetId: "/s",
        nvaSubnetId: "/s",
        frontendAddress: "10.1.0.9",
        natGateway: true,
      },
      want: ["natGateway"],
    },
    { name: "a probe on a tunnel port", args: { probe: { port: 10800 } }, want: ["probe.port"] },
  ]) {
    test(name, () => assert.deepEqual(paths(args), want));
  }
});

test("planGateway gives the same plan again, and does not touch its arguments", () => {
  const args = { frontendZones: ["3", "1"], internal: { vni: 900 } };
  const before = structuredClone(args);
  assert.deepEqual(planGateway("hub", args), planGateway("hub", args));
  assert.deepEqual(args, before);
});

test("existing subnets are known by either id", () => {
  assert.ok(!inExistingSubnets({}));
  assert.ok(inExistingSubnets({ nvaSubnetId: "/s" }));
});
