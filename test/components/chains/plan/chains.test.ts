import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  ChainOutcome,
  type DeclaredResource,
  findingText,
  planChains,
} from "../../../../components/chains/plan/chains";

/** Stands for what only the deployment brings. */
const LATER = Symbol("later");
const isLater = (value: unknown) => value === LATER;
const exemptions = { tag: "gwlb-exempt", minimumLength: 10 };
const plan = (type: string, inputs: Record<string, unknown>, version?: string) => {
  const declared: DeclaredResource = { type: `azure-native:${type}`, name: "it", inputs };
  return planChains(declared, exemptions, isLater, () => version);
};
const said = (...given: Parameters<typeof plan>) => plan(...given)?.findings.map(findingText);
const places = (...given: Parameters<typeof plan>) => plan(...given)?.chain?.places;

const open = { name: "fe", publicIPAddress: { id: LATER } };
const standard = { sku: { name: "Standard" } };
const LB = "network:LoadBalancer";
const NIC = "network:NetworkInterface";

describe("what is chained", () => {
  const cases: {
    name: string;
    type?: string;
    inputs: Record<string, unknown>;
    places: number[];
  }[] = [
    {
      name: "public frontends among others",
      inputs: {
        ...standard,
        frontendIPConfigurations: [
          open,
          { name: "inside", subnet: { id: LATER } },
          { name: "prefix", publicIPPrefix: { id: LATER } },
        ],
      },
      places: [0, 2],
    },
    {
      name: "a SKU in another case",
      inputs: { sku: { name: "STANDARD", tier: "Regional" }, frontendIPConfigurations: [open] },
      places: [0],
    },
    {
      name: "IP configurations of an interface",
      type: NIC,
      inputs: { ipConfigurations: [{ name: "a", subnet: {} }, open] },
      places: [1],
    },
    {
      name: "a resource of a version that knows chains",
      type: "network/v20240501:LoadBalancer",
      inputs: { ...standard, frontendIPConfigurations: [open] },
      places: [0],
    },
    {
      name: "an exemption without a real reason",
      inputs: { ...standard, frontendIPConfigurations: [open], tags: { "gwlb-exempt": "yes" } },
      places: [0],
    },
    {
      name: "a tag that only the deployment brings",
      inputs: { ...standard, frontendIPConfigurations: [open], tags: { "gwlb-exempt": LATER } },
      places: [0],
    },
  ];
  for (const { name, type = LB, inputs, places: expected } of cases) {
    test(name, () => assert.deepEqual(places(type, inputs), expected));
  }

  test("with the token of a package of one version", () => {
    const type = "azure-native_network_v20240501:network:LoadBalancer";
    const inputs = { ...standard, frontendIPConfigurations: [open] };
    assert.deepEqual(planChains({ type, name: "it", inputs }, exemptions, isLater)?.chain, {
      input: "frontendIPConfigurations",
      places: [0],
    });
  });
});

describe("what is not, and why", () => {
  const frontends = (more: object, ...list: object[]) => ({
    ...standard,
    ...more,
    frontendIPConfigurations: list.length === 0 ? [open] : list,
  });
  const profile = {
    networkInterfaceConfigurations: [
      { ipConfigurations: [{ name: "a" }, { name: "b", publicIPAddressConfiguration: {} }] },
    ],
  };
  const cases: [string, string, Record<string, unknown>, RegExp, string?][] = [
    ["no SKU", LB, frontends({ sku: undefined }), /open: its SKU is Basic, the default/],
    ["Basic", LB, frontends({ sku: { name: "Basic" } }), /open: its SKU is Basic; /],
    ["Global", LB, frontends({ sku: { name: "Standard", tier: "Global" } }), /open: .*Global/],
    ["syncMode", LB, frontends({ backendAddressPools: [{ syncMode: "Automatic" }] }), /syncMode/],
    ["internal", LB, frontends({}, { name: "in", subnet: {} }), /\("in"\) internal: /],
    [
      "chained by the program",
      LB,
      frontends({}, { ...open, gatewayLoadBalancer: { id: "/g" } }),
      /chained by its program: left with \/g$/,
    ],
    [
      "exempt",
      LB,
      frontends({ tags: { "gwlb-exempt": "the status page" } }),
      /exempt: the status page$/,
    ],
    ["IPv6 by itself", LB, frontends({}, { ...open, privateIPAddressVersion: "IPv6" }), /IPv6/],
    ["IPv6 by its address", NIC, { ipConfigurations: [open] }, /open: it is IPv6/, "IPv6"],
    ["an old API", "network/v20201101:LoadBalancer", frontends({}), /open: API version 20201101/],
    ["a NAT gateway", "network:NatGateway", { publicIpAddresses: [{ id: LATER }] }, /^open: a NAT/],
    [
      "an application gateway",
      "network:ApplicationGateway",
      { frontendIPConfigurations: [{ publicIPAddress: { id: LATER } }] },
      /^open: an application gateway/,
    ],
    [
      "a scale set's instances",
      "compute:VirtualMachineScaleSet",
      { virtualMachineProfile: { networkProfile: profile } },
      /^virtualMachineProfile\.networkProfile\.\S+\[0\]\.ipConfigurations\[1\] \("b"\) open/,
    ],
    ["a VM's template", "compute:VirtualMachine", { networkProfile: profile }, /template/],
  ];
  for (const [name, type, inputs, text, version] of cases) {
    test(name, () => {
      const found = plan(type, inputs, version);
      assert.equal(found?.chain, undefined);
      assert.equal(found?.findings.length, 1);
      assert.match(said(type, inputs, version)?.join() ?? "", text);
    });
  }

  test("a gateway, a NAT gateway without addresses, and what has no entries say nothing", () => {
    assert.equal(plan(LB, frontends({ sku: { name: "Gateway" } })), undefined);
    assert.equal(plan("network:NatGateway", { publicIpAddresses: [] }), undefined);
    assert.equal(plan("network:VirtualNetwork", {}), undefined);
    assert.equal(plan("compute:VirtualMachine", { networkProfile: {} }), undefined);
  });

  test("what decides and is not known yet is named", () => {
    const late = plan(LB, { sku: LATER, frontendIPConfigurations: [open, LATER] });
    assert.deepEqual(late, { findings: [], waitsFor: ["sku", "frontendIPConfigurations"] });
  });

  test("every outcome has its own word", () => {
    assert.equal(new Set(Object.values(ChainOutcome)).size, Object.keys(ChainOutcome).length);
  });
});
