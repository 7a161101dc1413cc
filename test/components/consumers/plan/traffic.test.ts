import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type AllowedTraffic,
  portsReason,
  probeRule,
  sourceReason,
  TRAFFIC_MAX,
  TrafficProtocol,
  trafficProblems,
  trafficRules,
} from "../../../../components/consumers/plan/traffic";

const ssh: AllowedTraffic = { name: "ssh", protocol: "tcp", ports: ["22"] };
const paths = (...list: AllowedTraffic[]) => trafficProblems(list).map((p) => p.propertyPath);

describe("trafficProblems", () => {
  for (const { name, list, want } of [
    { name: "nothing for ssh", list: [ssh], want: [] },
    { name: "nothing for a ping", list: [{ name: "ping", protocol: "icmp" } as const], want: [] },
    {
      name: "tcp without ports",
      list: [{ name: "a", protocol: "tcp" } as const],
      want: ["[0].ports"],
    },
    { name: "icmp with ports", list: [{ ...ssh, protocol: "icmp" } as const], want: ["[0].ports"] },
    {
      name: "an unknown protocol",
      list: [{ ...ssh, protocol: "TCP" as "tcp" }],
      want: ["[0].protocol"],
    },
    {
      name: "one name twice, in another case",
      list: [ssh, { ...ssh, name: "SSH" }],
      want: ["[1].name"],
    },
    { name: "a bad name", list: [{ ...ssh, name: "a b" }], want: ["[0].name"] },
    {
      name: "a reversed range",
      list: [{ ...ssh, ports: ["22", "90-80"] }],
      want: ["[0].ports[1]"],
    },
    { name: "no sources at all", list: [{ ...ssh, sources: [] }], want: ["[0].sources"] },
    {
      name: "an IPv6 source",
      list: [{ ...ssh, sources: ["2001:db8::/32"] }],
      want: ["[0].sources[0]"],
    },
  ]) {
    test(name, () => assert.deepEqual(paths(...list), want));
  }
  test("too many for one group", () => {
    const list = Array.from({ length: TRAFFIC_MAX + 1 }, (_, i) => ({ ...ssh, name: `r${i}` }));
    assert.deepEqual(paths(...list), [""]);
  });
});

test("ports: single ones and ranges within 16 bits", () => {
  for (const good of ["0", "22", "65535", "8000-8100", "5-5"])
    assert.equal(portsReason(good), undefined);
  for (const bad of ["", "ssh", "65536", "-1", "1-", "1-2-3", "9-1", " 22", "22,80"]) {
    assert.notEqual(portsReason(bad), undefined, bad);
  }
});

test("sources: addresses, networks, service tags", () => {
  for (const good of ["8.8.8.8", "203.0.113.0/24", "Internet", "Storage.WestEurope", "*"]) {
    assert.equal(sourceReason(good), undefined);
  }
  for (const bad of ["", "host", "8.8.8", "8.8.8.8/33", "any one"]) {
    assert.notEqual(sourceReason(bad), undefined, bad);
  }
});

describe("trafficRules", () => {
  test("say the whole rule, from the internet unless told otherwise", () => {
    const [rule] = trafficRules([ssh], [["Internet"]]);
    assert.deepEqual(
      [
        rule?.name,
        rule?.protocol,
        rule?.sourceAddressPrefix,
        rule?.destinationPortRange,
        rule?.access,
      ],
      ["ssh", "Tcp", "Internet", "22", "Allow"],
    );
  });

  test("of any list keep order and meaning, and never take two priorities", () => {
    const ports = fc.array(fc.integer({ min: 0, max: 65535 }).map(String), {
      minLength: 1,
      maxLength: 4,
    });
    const sources = fc.array(fc.ipV4(), { minLength: 1, maxLength: 4 });
    const lists = fc.array(fc.record({ ports, sources }), { maxLength: 30 });
    fc.assert(
      fc.property(lists, (entries) => {
        const list = entries.map((entry, i) => ({
          name: `r${i}`,
          protocol: TrafficProtocol.Tcp,
          ...entry,
        }));
        const rules = trafficRules(
          list,
          entries.map((entry) => entry.sources),
        );
        assert.equal(new Set(rules.map((rule) => rule.priority)).size, rules.length);
        for (const [i, rule] of rules.entries()) {
          const to = rule.destinationPortRanges ?? [rule.destinationPortRange];
          const from = rule.sourceAddressPrefixes ?? [rule.sourceAddressPrefix];
          assert.deepEqual([to, from], [entries[i]?.ports, entries[i]?.sources]);
          assert.ok(rule.priority > probeRule(80).priority);
        }
      }),
    );
  });
});
