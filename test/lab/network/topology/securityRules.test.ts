import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Direction, type SecurityGroup, type SecurityRule } from "../../../../lab/network/model";
import { planGroup, SourceView } from "../../../../lab/network/topology/securityRules";

const rule = (more: Partial<SecurityRule>): SecurityRule => ({
  name: "r",
  priority: 100,
  direction: Direction.Inbound,
  allow: true,
  protocol: "*",
  sources: ["*"],
  destinations: ["*"],
  sourcePorts: ["*"],
  destinationPorts: ["*"],
  ...more,
});
const group = (...rules: SecurityRule[]): SecurityGroup => ({ id: "/g", name: "g", rules });
const first = (more: Partial<SecurityRule>) =>
  planGroup(group(rule(more)), Direction.Inbound).rules[0];

describe("planGroup", () => {
  test("ends with Azure's default rules, inbound", () => {
    const { rules } = planGroup(group(), Direction.Inbound);
    assert.deepEqual(rules.slice(0, 2), [
      "ip saddr @space ip daddr @space return",
      "ip saddr 168.63.129.16 return",
    ]);
    assert.match(rules[2] ?? "", /^counter name "nsg_g_\w+_inbound" drop$/);
  });

  test("ends with Azure's default rules, outbound", () => {
    const { rules } = planGroup(group(), Direction.Outbound);
    assert.deepEqual(rules.slice(0, 2), [
      "ip saddr @space ip daddr @space return",
      "ip daddr != @inside return",
    ]);
  });

  for (const [more, want] of [
    [{}, "return"],
    [
      { protocol: "tcp", destinationPorts: ["22", "8000-8100"] },
      "meta l4proto tcp th dport { 22, 8000-8100 } return",
    ],
    [{ destinationPorts: ["53"] }, "meta l4proto { tcp, udp } th dport { 53 } return"],
    [{ protocol: "icmp", destinationPorts: ["*"] }, "meta l4proto icmp return"],
    [{ sources: ["8.8.8.8/32"] }, "ip saddr 8.8.8.8/32 return"],
    [{ sources: ["0.0.0.0/0"] }, "return"],
    [{ sources: ["Internet"] }, "ip saddr != @inside return"],
    [
      { sources: ["virtualnetwork"], sourcePorts: ["68"], protocol: "udp" },
      "ip saddr @space meta l4proto udp th sport { 68 } return",
    ],
  ] as const) {
    test(`${JSON.stringify(more)} → ${want}`, () => {
      assert.equal(first(more as Partial<SecurityRule>), want);
    });
  }

  test("a rule of the other direction is not in the chain", () => {
    const { rules } = planGroup(group(rule({ direction: Direction.Outbound })), Direction.Inbound);
    assert.equal(rules.length, 3);
  });

  test("what matches nothing makes no rule, also beside what does", () => {
    const { rules } = planGroup(group(rule({ sources: ["Sql", "8.8.8.8"] })), Direction.Inbound);
    assert.equal(rules.filter((text) => text.includes("8.8.8.8")).length, 1);
    assert.equal(rules.length, 4);
  });

  for (const [source, network, loadBalancer] of [
    ["VirtualNetwork", true, false],
    ["AzureLoadBalancer", false, true],
    ["Internet", false, false],
    ["*", true, true],
    ["10.7.0.0/24", true, true],
    ["10.8.0.0/24", false, false],
  ] as const) {
    test(`a gateway's packets and ${source}`, () => {
      const rules = (view: SourceView) =>
        planGroup(
          group(rule({ allow: false, sources: [source] })),
          Direction.Inbound,
          view,
          "10.7.0.4",
        ).rules;
      const hit = (view: SourceView) => rules(view)[0]?.startsWith("counter") === true;
      assert.deepEqual(
        [hit(SourceView.Network), hit(SourceView.LoadBalancer)],
        [network, loadBalancer],
      );
    });
  }
});
