import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type FirewallRule, policyWarnings } from "../../../components/policy";

const rule = (name: string, fields: Partial<FirewallRule>): FirewallRule => ({
  name,
  action: "allow",
  direction: "inbound",
  ...fields,
});
const addressSets = { ten: ["10.0.0.0/9", "10.128.0.0/9"], both: ["10.1.0.0/16", "2001:db8::/32"] };
const warnings = (...rules: FirewallRule[]) =>
  policyWarnings({ rules, addressSets: { ...addressSets } }, "policy").filter(
    (warning) => !warning.propertyPath.includes("addressSets"),
  );

describe("rules that never match", () => {
  for (const { title, front, later } of [
    { title: "anything", front: {}, later: { protocol: "tcp", ports: ["22"] } },
    {
      title: "a set that makes up the network",
      front: { sources: ["ten"] },
      later: { sources: ["10.0.0.0/8"] },
    },
    {
      title: "a wider range",
      front: { protocol: "tcp", ports: ["20-30"] },
      later: { protocol: "tcp", ports: ["22", "25-30"] },
    },
    {
      title: "every type",
      front: { protocol: "icmp" },
      later: { protocol: "icmp", icmpTypes: ["echo-reply"] },
    },
  ] satisfies { title: string; front: Partial<FirewallRule>; later: Partial<FirewallRule> }[]) {
    test(`behind ${title}: named with the rule in front`, () => {
      const found = warnings(rule("front", front), rule("later", later));
      assert.deepEqual(
        found.map((w) => w.propertyPath),
        ["policy.rules[1]"],
      );
      assert.match(found[0]?.reason ?? "", /front/);
    });
  }
  for (const { title, front, later } of [
    { title: "the other direction", front: { direction: "outbound" }, later: {} },
    { title: "another protocol", front: { protocol: "tcp" }, later: { protocol: "udp" } },
    {
      title: "a narrower range",
      front: { protocol: "tcp", ports: ["22"] },
      later: { protocol: "tcp", ports: ["22-23"] },
    },
    {
      title: "one family of two",
      front: { sources: ["10.0.0.0/8"] },
      later: { sources: ["both"] },
    },
  ] satisfies { title: string; front: Partial<FirewallRule>; later: Partial<FirewallRule> }[]) {
    test(`behind ${title}: no warning`, () => {
      assert.deepEqual(warnings(rule("front", front), rule("later", later)), []);
    });
  }
  test("a set that no rule names", () => {
    const found = policyWarnings({ rules: [], addressSets: { idle: ["10.0.0.0/8"] } });
    assert.deepEqual(
      found.map((w) => w.propertyPath),
      ["addressSets.idle"],
    );
  });
});
