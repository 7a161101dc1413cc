import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Type } from "../../../policy-pack/rule";
import { publicEntryIsChained as rule } from "../../../policy-pack/rules/publicEntryIsChained";
import { UNKNOWN, type Value } from "../../../policy-pack/values";
import { messages, resource } from "./check";

const address = { publicIPAddress: { id: "/ip" } };
const chain: { gatewayLoadBalancer: Value } = { gatewayLoadBalancer: { id: UNKNOWN } };
const frontends = (...frontendIPConfigurations: Value[]) => ({
  sku: { name: "Standard" },
  frontendIPConfigurations,
});
const template = {
  networkProfile: {
    networkInterfaceConfigurations: [
      { ipConfigurations: [{ publicIPAddressConfiguration: { name: "ip" } }] },
    ],
  },
};
const count = (type: string, properties: Value) =>
  messages(rule, [resource(type, properties)]).length;

describe(rule.name, () => {
  for (const { name, type = Type.LoadBalancer, properties, want } of [
    { name: "a chained frontend", properties: frontends({ ...address, ...chain }), want: 0 },
    { name: "an open frontend", properties: frontends(address), want: 1 },
    { name: "an open prefix", properties: frontends({ publicIPPrefix: { id: "/p" } }), want: 1 },
    {
      name: "each of several",
      properties: frontends(address, { ...address, ...chain }, address),
      want: 2,
    },
    { name: "a private frontend", properties: frontends({ subnet: { id: "/s" } }), want: 0 },
    {
      name: "frontends that are not known",
      properties: { frontendIPConfigurations: UNKNOWN },
      want: 0,
    },
    {
      name: "an open interface of an older API version",
      type: "azure-native:network/v20230201:NetworkInterface",
      properties: { ipConfigurations: [address] },
      want: 1,
    },
    {
      name: "a scale set",
      type: Type.ScaleSet,
      properties: { virtualMachineProfile: template },
      want: 1,
    },
    { name: "a machine's template", type: Type.VirtualMachine, properties: template, want: 1 },
  ]) {
    test(`${name}: ${want} findings`, () => assert.equal(count(type, properties as Value), want));
  }

  for (const { tags, want } of [
    { tags: { "gwlb-exempt": "partner's probe, until 2027" }, want: 0 },
    { tags: { "gwlb-exempt": "true" }, want: 1 },
    { tags: { "gwlb-exempt": "" }, want: 1 },
    { tags: { other: "partner's probe, until 2027" }, want: 1 },
    { tags: UNKNOWN, want: 0 },
  ] as const) {
    test(`tags ${tags === UNKNOWN ? "not known yet" : JSON.stringify(tags)}: ${want} findings`, () => {
      assert.equal(count(Type.LoadBalancer, { ...frontends(address), tags }), want);
    });
  }

  test("takes the reason from the tag that is configured", () => {
    const exempt = resource(Type.LoadBalancer, {
      ...frontends(address),
      tags: { why: "see 4711" },
    });
    const settings = { exemptionTag: "why", minimumReasonLength: 8 };
    assert.deepEqual(messages(rule, [exempt], settings), []);
  });

  test("says of a template's address that it cannot be chained", () => {
    assert.match(messages(rule, [resource(Type.VirtualMachine, template)])[0] ?? "", /template/);
  });
});
