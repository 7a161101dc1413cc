/** adminState of a pool's member: the administrator's word goes before the probe's. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Body } from "../../../../lab/arm/resource";
import { translations } from "../../../../lab/network/topology/translation";
import { AzureFixture, FRONTEND_ADDRESS } from "../../../support/azureFixtures";
import { viewOf } from "../../../support/fabricView";

interface Options {
  /** VMs whose probe fails; default none. */
  sick?: string[];
  /** Whether the rules have a probe; default true. */
  probed?: boolean;
}
type Child = { id: string; properties: Body };

/** Addresses to which new flows to the web port go: of two members, with words on them. */
function targets(words: Record<string, string>, { sick = [], probed = true }: Options) {
  const fixture = new AzureFixture({ webs: 2 });
  fixture.change("weblb", (properties) => {
    const [pool] = properties.backendAddressPools as Child[];
    const rules = properties.loadBalancingRules as Child[];
    const id = `${pool?.id.split("/backendAddressPools/")[0]}/probes/p`;
    const probe = { protocol: "Tcp", port: 8080, intervalInSeconds: 5 };
    properties.probes = [{ id, name: "p", properties: probe }];
    if (probed) for (const rule of rules) rule.properties.probe = { id };
    Object.assign(pool?.properties ?? {}, {
      loadBalancerBackendAddresses: Object.entries(words).map(([ipAddress, adminState]) => ({
        name: ipAddress,
        properties: {
          ...{ ipAddress, adminState },
          virtualNetwork: { id: fixture.idOf("web-net") },
        },
      })),
    });
  });
  const view = viewOf(fixture, { sick });
  const rules = translations(view, fixture.idOf("web-net").toLowerCase());
  const web = rules.find((rule) => rule.startsWith(`ip daddr ${FRONTEND_ADDRESS} tcp dport 80 `));
  return web?.match(/10\.1\.0\.\d+/g) ?? [];
}

describe("adminState", () => {
  const [one, two] = ["10.1.0.4", "10.1.0.5"];
  const cases: [string, Record<string, string>, Options, string[]][] = [
    ["None leaves it to the probe", { [one]: "None" }, { sick: ["web2"] }, [one]],
    ["Down takes no new flow, whatever the probe says", { [one]: "Down" }, {}, [two]],
    [
      "Up takes new flows, whatever the probe says",
      { [two]: "Up" },
      { sick: ["web2"] },
      [one, two],
    ],
    ["counts for nothing without a probe", { [one]: "Down" }, { probed: false }, [one, two]],
    ["Down of all leaves nobody", { [one]: "Down", [two]: "Down" }, {}, []],
  ];
  for (const [name, words, options, want] of cases) {
    test(name, () => assert.deepEqual(targets(words, options), want));
  }
});
