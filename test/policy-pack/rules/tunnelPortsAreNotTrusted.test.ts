import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Type } from "../../../policy-pack/rule";
import { tunnelPortsAreNotTrusted as rule } from "../../../policy-pack/rules/tunnelPortsAreNotTrusted";
import { UNKNOWN, type Value } from "../../../policy-pack/values";
import { messages, resource } from "./check";

const open = {
  direction: "Inbound",
  access: "Allow",
  protocol: "Udp",
  priority: 200,
  sourceAddressPrefix: "Internet",
  destinationPortRange: "10800-10801",
};
const group = (...securityRules: object[]) =>
  resource(Type.NetworkSecurityGroup, { securityRules } as Value);
const count = (...rules: object[]) => messages(rule, [group(...rules)]).length;

describe(rule.name, () => {
  for (const { name, change, want } of [
    { name: "the internet", change: {}, want: 1 },
    { name: "everybody", change: { sourceAddressPrefix: "*" }, want: 1 },
    {
      name: "all protocols and ports",
      change: { protocol: "*", destinationPortRange: "*" },
      want: 1,
    },
    { name: "a public network", change: { sourceAddressPrefix: "203.0.113.0/24" }, want: 1 },
    { name: "an unknown tag", change: { sourceAddressPrefix: "AzureCloud" }, want: 1 },
    {
      name: "one of several sources",
      change: { sourceAddressPrefix: undefined, sourceAddressPrefixes: ["10.0.0.0/8", "::/0"] },
      want: 1,
    },
    {
      name: "one port of a list",
      change: { destinationPortRange: undefined, destinationPortRanges: ["53", "10801"] },
      want: 1,
    },
    { name: "the virtual network", change: { sourceAddressPrefix: "VirtualNetwork" }, want: 0 },
    { name: "the platform", change: { sourceAddressPrefix: "AzureLoadBalancer" }, want: 0 },
    { name: "private addresses", change: { sourceAddressPrefix: "10.7.0.0/16" }, want: 0 },
    { name: "more than private ones", change: { sourceAddressPrefix: "10.0.0.0/7" }, want: 1 },
    { name: "the port below", change: { destinationPortRange: "1-10799" }, want: 0 },
    { name: "the port above", change: { destinationPortRange: "10802-65535" }, want: 0 },
    { name: "TCP", change: { protocol: "Tcp" }, want: 0 },
    { name: "a denial", change: { access: "Deny" }, want: 0 },
    { name: "the way out", change: { direction: "Outbound" }, want: 0 },
    { name: "sources not known yet", change: { sourceAddressPrefix: UNKNOWN }, want: 0 },
  ]) {
    test(`${name}: ${want} findings`, () => assert.equal(count({ ...open, ...change }), want));
  }

  const deny = { ...open, access: "Deny", sourceAddressPrefix: "*", destinationPortRange: "*" };
  for (const { name, priority, want } of [
    { name: "a denial in front closes it", priority: 100, want: 0 },
    { name: "a denial behind does not", priority: 300, want: 1 },
  ]) {
    test(name, () => assert.equal(count(open, { ...deny, priority }), want));
  }

  test("a denial for one network, or one port, leaves the rest open", () => {
    const first = { ...deny, priority: 100 };
    assert.equal(count(open, { ...first, sourceAddressPrefix: "198.51.100.0/24" }), 1);
    assert.equal(count(open, { ...first, destinationPortRange: "10800" }), 1);
  });

  test("a rule that is a resource of its own is looked at too", () => {
    assert.equal(messages(rule, [resource(Type.SecurityRule, open)]).length, 1);
  });

  test("the tunnels' ports are configured", () => {
    const settings = { tunnelPorts: [2000, 2001] };
    assert.deepEqual(messages(rule, [group(open)], settings), []);
    const moved = group({ ...open, destinationPortRange: "2001" });
    assert.equal(messages(rule, [moved], settings).length, 1);
  });
});
