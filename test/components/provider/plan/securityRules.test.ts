import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { planProbe } from "../../../../components/provider/plan/probe";
import { nvaSecurityRules } from "../../../../components/provider/plan/securityRules";
import { planTunnels } from "../../../../components/provider/plan/tunnels";

const rules = nvaSecurityRules(
  planTunnels({ port: 2000 }, { port: 2001 }),
  planProbe({ port: 81 }),
);
const allowed = rules.filter((rule) => rule.access === "Allow");

describe("nvaSecurityRules", () => {
  test("let tunnels in from both tags that outer packets may carry", () => {
    const tunnels = allowed.filter((rule) => rule.protocol === "Udp");
    assert.deepEqual(
      tunnels.map((rule) => rule.sourceAddressPrefix),
      ["VirtualNetwork", "AzureLoadBalancer"],
    );
    for (const rule of tunnels) assert.deepEqual(rule.destinationPortRanges, ["2000", "2001"]);
  });

  test("let the probe in from the load balancer", () => {
    const probes = allowed.filter((rule) => rule.protocol === "Tcp");
    assert.deepEqual(
      probes.map((rule) => [rule.sourceAddressPrefix, rule.destinationPortRange]),
      [["AzureLoadBalancer", "81"]],
    );
  });

  test("let nothing in from the internet, and end with a denial of everything", () => {
    for (const { sourceAddressPrefix } of allowed) {
      assert.ok(!["*", "Internet", "0.0.0.0/0"].includes(sourceAddressPrefix ?? "*"));
    }
    const last = rules.at(-1);
    assert.deepEqual(
      [last?.access, last?.protocol, last?.sourceAddressPrefix, last?.destinationPortRange],
      ["Deny", "*", "*", "*"],
    );
    assert.ok(rules.slice(0, -1).every((rule) => rule.priority < (last?.priority ?? 0)));
  });

  test("have names and priorities of their own", () => {
    assert.equal(new Set(rules.map((rule) => rule.name)).size, rules.length);
    assert.equal(new Set(rules.map((rule) => rule.priority)).size, rules.length);
  });
});
