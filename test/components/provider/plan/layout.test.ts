import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  contains,
  overlaps,
  parseAddress,
  parseNetwork,
} from "../../../../components/azure/addresses";
import {
  type LayoutArgs,
  layoutProblems,
  placeReason,
  planLayout,
} from "../../../../components/provider/plan/layout";

const own = (args: Partial<LayoutArgs> = {}): LayoutArgs => ({ existing: false, ...args });
const paths = (args: LayoutArgs) => layoutProblems(args).map((p) => p.propertyPath);
const network = (text: string) => parseNetwork(text) ?? assert.fail(text);
const address = (text: string | undefined) => parseAddress(text ?? "") ?? assert.fail(text);

describe("planLayout", () => {
  test("is the reference layout when nothing is said", () => {
    assert.deepEqual(planLayout(own()), {
      own: {
        addressSpace: "10.7.0.0/16",
        gatewaySubnetPrefix: "10.7.0.0/24",
        nvaSubnetPrefix: "10.7.1.0/24",
      },
      frontendAddress: "10.7.0.4",
      nvaAddress: "10.7.1.5",
    });
  });

  test("halves a network that has no room for two /24", () => {
    const plan = planLayout(own({ addressSpace: "10.9.8.32/28" }));
    assert.equal(plan.own?.gatewaySubnetPrefix, "10.9.8.32/29");
    assert.equal(plan.own?.nvaSubnetPrefix, "10.9.8.40/29");
    assert.equal(plan.nvaAddress, "10.9.8.45");
  });

  test("leaves the NVA's address to Azure in an existing subnet", () => {
    const plan = planLayout({ existing: true, frontendAddress: "10.1.2.3" });
    assert.deepEqual(plan, { own: undefined, frontendAddress: "10.1.2.3", nvaAddress: undefined });
  });

  test("of any private network: subnets apart and inside, addresses that Azure gives out", () => {
    const spaces = fc
      .tuple(fc.integer({ min: 8, max: 28 }), fc.integer({ min: 0, max: 2 ** 24 - 1 }))
      .map(([prefix, host]) => {
        const first = ((0x0a000000 + host) & (-1 << (32 - prefix))) >>> 0;
        const bytes = [24, 16, 8, 0].map((shift) => (first >>> shift) & 255);
        return `${bytes.join(".")}/${prefix}`;
      });
    fc.assert(
      fc.property(spaces, (addressSpace) => {
        assert.deepEqual(layoutProblems(own({ addressSpace })), []);
        const plan = planLayout(own({ addressSpace }));
        const gateway = network(plan.own?.gatewaySubnetPrefix ?? "");
        const nva = network(plan.own?.nvaSubnetPrefix ?? "");
        assert.ok(contains(network(addressSpace), gateway));
        assert.ok(contains(network(addressSpace), nva));
        assert.ok(!overlaps(gateway, nva));
        assert.equal(
          placeReason(plan.frontendAddress, plan.own?.gatewaySubnetPrefix ?? ""),
          undefined,
        );
        assert.equal(
          placeReason(plan.nvaAddress ?? "", plan.own?.nvaSubnetPrefix ?? ""),
          undefined,
        );
        assert.ok(contains(gateway, address(plan.frontendAddress)));
      }),
    );
  });
});

describe("placeReason", () => {
  for (const [at, free] of [
    ["10.7.0.0", false],
    ["10.7.0.1", false],
    ["10.7.0.2", false],
    ["10.7.0.3", false],
    ["10.7.0.4", true],
    ["10.7.0.254", true],
    ["10.7.0.255", false],
    ["10.7.1.4", false],
  ] as const) {
    test(`${at} in 10.7.0.0/24 is ${free ? "free" : "not"} for use`, () => {
      assert.equal(placeReason(at, "10.7.0.0/24") === undefined, free);
    });
  }
});

describe("layoutProblems", () => {
  for (const { name, args, want } of [
    { name: "nothing for the reference", args: own(), want: [] },
    {
      name: "a network with host bits",
      args: own({ addressSpace: "10.7.0.1/16" }),
      want: ["addressSpace"],
    },
    {
      name: "a single address as network",
      args: own({ addressSpace: "10.7.0.0" }),
      want: ["addressSpace"],
    },
    {
      name: "a network that is too small",
      args: own({ addressSpace: "10.7.0.0/29" }),
      want: ["addressSpace"],
    },
    { name: "multicast", args: own({ addressSpace: "224.0.0.0/16" }), want: ["addressSpace"] },
    {
      name: "the metadata service's network",
      args: own({ addressSpace: "169.254.0.0/16" }),
      want: ["addressSpace"],
    },
    { name: "IPv6", args: own({ addressSpace: "fd00::/48" }), want: ["addressSpace"] },
    {
      name: "a subnet outside",
      args: own({ nvaSubnetPrefix: "10.8.0.0/24" }),
      want: ["nvaSubnetPrefix"],
    },
    {
      name: "subnets that overlap",
      args: own({ gatewaySubnetPrefix: "10.7.0.0/23" }),
      want: ["nvaSubnetPrefix"],
    },
    {
      name: "a subnet below Azure's smallest",
      args: own({ gatewaySubnetPrefix: "10.7.0.0/30" }),
      want: ["gatewaySubnetPrefix"],
    },
    {
      name: "an address elsewhere",
      args: own({ frontendAddress: "10.7.1.9" }),
      want: ["frontendAddress"],
    },
    { name: "a broken address", args: own({ nvaAddress: "10.7.1.05" }), want: ["nva.address"] },
    {
      name: "one address for both",
      args: { existing: true, frontendAddress: "10.1.0.9", nvaAddress: "10.1.0.9" },
      want: ["nva.address"],
    },
    {
      name: "an existing subnet without address",
      args: { existing: true },
      want: ["frontendAddress"],
    },
    {
      name: "an existing subnet and a network",
      args: { existing: true, frontendAddress: "10.1.0.9", addressSpace: "10.1.0.0/16" },
      want: ["addressSpace"],
    },
    {
      name: "an address that is not in the existing subnet",
      args: { existing: true, frontendAddress: "10.1.0.9", gatewaySubnetPrefix: "10.2.0.0/24" },
      want: ["frontendAddress"],
    },
  ]) {
    test(name, () => assert.deepEqual(paths(args), want));
  }
});
