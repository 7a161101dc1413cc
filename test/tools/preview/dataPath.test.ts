import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { impactsOf } from "../../../tools/preview/dataPath";
import { type Change, Kind } from "../../../tools/preview/plan";

const change = (kind: Kind, type: string, before?: object, after?: object): Change => ({
  kind,
  urn: `urn::${type}::x`,
  type: `azure-native:${type}`,
  name: "x",
  before: { ...before },
  after: { ...after },
  paths: [],
  because: [],
});
const texts = (...changes: Change[]) => impactsOf(changes).map(({ text }) => text);
const loadBalancer = "network:LoadBalancer";
const gateway = { sku: { name: "Gateway" } };
const frontend = (id?: string) => ({
  frontendIPConfigurations: [{ name: "public", gatewayLoadBalancer: id && { id } }],
});
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("impactsOf", () => {
  for (const type of [
    ...["LoadBalancer", "LoadBalancerBackendAddressPool", "NatGateway", "NetworkInterface"],
    ...["NetworkSecurityGroup", "PublicIPAddress", "Subnet", "VirtualNetwork"],
  ]) {
    test(`a ${type} that goes or is replaced is in the data path`, () => {
      assert.equal(texts(change(Kind.Delete, `network:${type}`)).length, 1);
      assert.equal(texts(change(Kind.Replace, `network:${type}`)).length, 1);
      assert.deepEqual(texts(change(Kind.Update, `network:${type}`)), []);
    });
  }

  test("a diagnostic setting is not", () => {
    assert.deepEqual(texts(change(Kind.Replace, "monitor:DiagnosticSetting")), []);
  });

  test("a gateway is told from other load balancers, by what it was as by what it will be", () => {
    const [own] = texts(change(Kind.Replace, loadBalancer, gateway, {}));
    assert.match(own ?? "", /chained/);
    assert.match(texts(change(Kind.Delete, loadBalancer, gateway))[0] ?? "", /chain/);
    assert.doesNotMatch(texts(change(Kind.Replace, loadBalancer))[0] ?? "", /chain/);
  });

  for (const { name, before, after, want } of [
    { name: "a chain that goes", before: "/G/f", after: undefined, want: /around the firewall/ },
    { name: "a chain that moves", before: "/G/f", after: "/H/f", want: /another gateway/ },
    { name: "a chain in other letters", before: "/G/f", after: "/g/F", want: undefined },
    { name: "a chain that comes", before: undefined, after: "/G/f", want: undefined },
    { name: "a chain to what is made anew", before: "/G/f", after: unknown, want: undefined },
  ]) {
    for (const kind of [Kind.Update, Kind.Drift]) {
      test(`${name}, ${kind}`, () => {
        const found = texts(change(kind, loadBalancer, frontend(before), frontend(after)));
        assert.equal(found.length, want === undefined ? 0 : 1);
        if (want !== undefined) assert.match(found[0] ?? "", want);
      });
    }
  }

  test("a frontend that goes as a whole takes its chain with it", () => {
    assert.deepEqual(texts(change(Kind.Update, loadBalancer, frontend("/G/f"), {})), []);
  });

  const scaleSet = "compute:VirtualMachineScaleSet";
  const rolling = { upgradePolicy: { mode: "Rolling", rollingUpgradePolicy: {} } };
  const surge = { upgradePolicy: { mode: "Rolling", rollingUpgradePolicy: { maxSurge: true } } };
  const image = "virtualMachineProfile.storageProfile.imageReference.version";
  const userData = "virtualMachineProfile.userData";
  for (const { name, after, paths, want } of [
    { name: "an image", after: rolling, paths: [image], want: [/rolling.*20 %.*restarted/] },
    { name: "a size", after: rolling, paths: ["sku.name"], want: [/rolling.*restarted/] },
    { name: "a policy", after: rolling, paths: [userData], want: [/while they run/] },
    { name: "both", after: rolling, paths: [image, userData], want: [/restarted/] },
    { name: "a policy by surge", after: surge, paths: [userData], want: [/replaced/] },
    {
      name: "an image by hand",
      after: { upgradePolicy: { mode: "Manual" } },
      paths: [image],
      want: [/somebody upgrades/],
    },
    {
      name: "an image at once",
      after: { upgradePolicy: { mode: "Automatic" } },
      paths: [image],
      want: [/nothing passes/],
    },
    {
      name: "fewer machines",
      after: { ...rolling, sku: { capacity: 2 } },
      paths: ["sku.capacity"],
      want: [/3 of 5 machines/],
    },
    { name: "more machines", after: { sku: { capacity: 9 } }, paths: ["sku.capacity"], want: [] },
    { name: "tags", after: rolling, paths: ["tags.owner"], want: [] },
    { name: "the upgrades themselves", after: rolling, paths: ["upgradePolicy.mode"], want: [] },
  ]) {
    test(`a scale set takes ${name}`, () => {
      const update = change(Kind.Update, scaleSet, { sku: { capacity: 5 } }, after);
      const found = texts({ ...update, paths });
      assert.equal(found.length, want.length, found.join());
      for (const [i, pattern] of want.entries()) assert.match(found[i] ?? "", pattern);
    });
  }
});
