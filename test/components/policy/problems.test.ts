import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { type FirewallPolicy, policyProblems } from "../../../components/policy";

const rule = { name: "web", action: "allow", direction: "inbound" };
const withRule = (fields: object, policy: object = {}) => ({
  rules: [{ ...rule, ...fields }],
  ...policy,
});
const tcp = (fields: object) => withRule({ protocol: "tcp", ...fields });
const icmp = (...icmpTypes: unknown[]) => withRule({ protocol: "icmp", icmpTypes });
const sets = (addressSets: unknown) => ({ rules: [], addressSets });
/** Networks without a pattern that a compression could use (a linear congruential generator). */
const random = (count: number) => {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16).toString(16);
  };
  return Array.from({ length: count }, () => `2001:${next()}:${next()}:${next()}::/64`);
};

/** What is wrong, where it must be reported, and a word of the way out. */
const cases: [title: string, policy: unknown, path: string, says: RegExp][] = [
  ["no policy", null, "", /mapping/],
  ["a list for a policy", [], "", /mapping/],
  ["no rules", {}, "rules", /rules: \[\]/],
  ["a misspelt field", { rules: [], defaultinbound: "drop" }, "defaultinbound", /defaultInbound/],
  ["a rule that is a text", { rules: ["drop"] }, "rules[0]", /mapping/],
  ["a misspelt field of a rule", withRule({ source: ["8.8.8.8"] }), "rules[0].source", /sources/],
  ["no name", withRule({ name: undefined }), "rules[0].name", /letter/],
  ["a name with capitals", withRule({ name: "Web" }), "rules[0].name", /lower-case/],
  ["a name with a space", withRule({ name: "a b" }), "rules[0].name", /lower-case/],
  ["a name past the kernel's", withRule({ name: "a".repeat(29) }), "rules[0].name", /28.*by 1/],
  ["a default's name", withRule({ name: "default-inbound" }), "rules[0].name", /another/],
  ["one name twice", { rules: [rule, rule] }, "rules[1].name", /rules\[0\]/],
  ["no action", withRule({ action: undefined }), "rules[0].action", /allow, drop/],
  ["an unknown action", withRule({ action: "reject" }), "rules[0].action", /"reject"/],
  ["an unknown direction", withRule({ direction: "in" }), "rules[0].direction", /inbound/],
  ["an unknown protocol", withRule({ protocol: "gre" }), "rules[0].protocol", /tcp/],
  ["host bits", withRule({ sources: ["10.0.0.1/8"] }), "rules[0].sources[0]", /10\.0\.0\.0\/8/],
  [
    "IPv6 host bits",
    withRule({ sources: ["2001:db8::1/32"] }),
    "rules[0].sources[0]",
    /2001:db8::\/32/,
  ],
  [
    "an address out of range",
    withRule({ sources: ["10.0.0.256"] }),
    "rules[0].sources[0]",
    /address/,
  ],
  [
    "a prefix out of range",
    withRule({ destinations: ["10.0.0.0/33"] }),
    "rules[0].destinations[0]",
    /network/,
  ],
  ["a number for an address", withRule({ sources: [8] }), "rules[0].sources[0]", /got 8/],
  ["a text for a list", withRule({ sources: "8.8.8.8" }), "rules[0].sources", /list/],
  ["an empty list", withRule({ sources: [] }), "rules[0].sources", /leave it out/],
  [
    "an unknown set",
    withRule({ sources: ["bad"] }),
    "rules[0].sources[0]",
    /sets of this policy.*none/,
  ],
  [
    "an inherited name for a set",
    withRule({ sources: ["constructor"] }),
    "rules[0].sources[0]",
    /set/,
  ],
  [
    "families mixed in a list",
    withRule({ sources: ["8.8.8.8", "2001:db8::1"] }),
    "rules[0].sources[1]",
    /each family/,
  ],
  [
    "families mixed in a rule",
    withRule({ sources: ["8.8.8.8"], destinations: ["::1"] }),
    "rules[0]",
    /each family/,
  ],
  [
    "a set of the other family",
    withRule({ sources: ["six"], destinations: ["8.8.8.8"] }, { addressSets: { six: ["::/8"] } }),
    "rules[0]",
    /family/,
  ],
  ["ports on ICMP", withRule({ protocol: "icmp", ports: ["22"] }), "rules[0].ports", /icmpTypes/],
  [
    "source ports on ICMP",
    withRule({ protocol: "icmp", sourcePorts: ["1"] }),
    "rules[0].sourcePorts",
    /tcp or udp/,
  ],
  [
    "a source port past the last",
    tcp({ sourcePorts: ["65536"] }),
    "rules[0].sourcePorts[0]",
    /65535/,
  ],
  ["flags on UDP", withRule({ protocol: "udp", tcpFlags: ["syn"] }), "rules[0].tcpFlags", /tcp/],
  ["an unknown class of flags", tcp({ tcpFlags: ["psh"] }), "rules[0].tcpFlags[0]", /syn-ack/],
  ["an unknown DSCP", withRule({ dscp: ["ef", "64"] }), "rules[0].dscp[1]", /af11/],
  ["ports without protocol", withRule({ ports: ["22"] }), "rules[0].ports", /tcp or udp/],
  ["a reversed range", tcp({ ports: ["90-80"] }), "rules[0].ports[0]", /80-90/],
  ["port 0", tcp({ ports: ["0"] }), "rules[0].ports[0]", /between 1/],
  ["a port past the last", tcp({ ports: ["22", "65536"] }), "rules[0].ports[1]", /65535/],
  ["a number for a port", tcp({ ports: [22] }), "rules[0].ports[0]", /text/],
  ["a service's name", tcp({ ports: ["ssh"] }), "rules[0].ports[0]", /"ssh"/],
  ["no port in the list", tcp({ ports: [] }), "rules[0].ports", /every port/],
  [
    "ICMP types on TCP",
    tcp({ icmpTypes: ["echo-request"] }),
    "rules[0].icmpTypes",
    /protocol icmp/,
  ],
  ["an unknown ICMP type", icmp("ping"), "rules[0].icmpTypes[0]", /echo-request/],
  ["an ICMP number out of range", icmp("256"), "rules[0].icmpTypes[0]", /255/],
  ["an ICMP number for both families", icmp("8"), "rules[0].icmpTypes[0]", /name/],
  [
    "an ICMP type of the other family",
    withRule({ protocol: "icmp", sources: ["::/8"], icmpTypes: ["timestamp-request"] }),
    "rules[0].icmpTypes[0]",
    /IPv4 only/,
  ],
  ["a text for log", withRule({ log: "yes" }), "rules[0].log", /true or false/],
  [
    "a limit on drop",
    withRule({ action: "drop", rateLimit: { perSecond: 1 } }),
    "rules[0].rateLimit",
    /allow/,
  ],
  ["no rate", withRule({ rateLimit: {} }), "rules[0].rateLimit.perSecond", /whole number/],
  [
    "a rate past the kernel's",
    withRule({ rateLimit: { perSecond: 10_001 } }),
    "rules[0].rateLimit.perSecond",
    /10000/,
  ],
  [
    "half a flow",
    withRule({ rateLimit: { perSecond: 0.5 } }),
    "rules[0].rateLimit.perSecond",
    /whole/,
  ],
  [
    "no burst",
    withRule({ rateLimit: { perSecond: 1, burst: 0 } }),
    "rules[0].rateLimit.burst",
    /from 1/,
  ],
  [
    "a misspelt limit",
    withRule({ rateLimit: { perSecond: 1, perMinute: 1 } }),
    "rules[0].rateLimit.perMinute",
    /perSource/,
  ],
  [
    "trial without records",
    withRule({ action: "drop", log: false }, { mode: "trial" }),
    "rules[0].log",
    /trial/,
  ],
  [
    "trial without default records",
    { rules: [], mode: "trial", logDefaults: false },
    "logDefaults",
    /trial/,
  ],
  ["an unknown mode", { rules: [], mode: "dry" }, "mode", /enforce, trial/],
  ["an unknown default", { rules: [], defaultOutbound: "deny" }, "defaultOutbound", /allow, drop/],
  ["a text for stateful", { rules: [], stateful: "no" }, "stateful", /quotes/],
  [
    "ends of flows without flows",
    { rules: [], stateful: false, endForbiddenFlows: true },
    "endForbiddenFlows",
    /stateful/,
  ],
  ["a list for sets", sets([]), "addressSets", /mapping/],
  ["an empty set", sets({ bad: [] }), "addressSets.bad", /fill it/],
  [
    "a set's long name",
    sets({ ["b".repeat(40)]: ["10.0.0.0/8"] }),
    `addressSets.${"b".repeat(40)}`,
    /by 12/,
  ],
  [
    "host bits in a set",
    sets({ bad: ["10.0.0.0/8", "10.1.1.1/16"] }),
    "addressSets.bad[1]",
    /10\.1\.0\.0\/16/,
  ],
  ["a set in a set", sets({ a: ["10.0.0.0/8"], b: ["a"] }), "addressSets.b[0]", /network/],
  [
    "too many rules",
    { rules: Array.from({ length: 1001 }, (_, n) => ({ ...rule, name: `r${n}` })) },
    "rules",
    /1000/,
  ],
  [
    "too many long lists",
    {
      rules: Array.from({ length: 25 }, (_, n) => ({
        ...rule,
        name: `r${n}`,
        sources: Array.from({ length: 5 }, (_x, k) => `10.${n}.${2 * k}.0/24`),
      })),
    },
    "rules",
    /share/,
  ],
  [
    "a bundle over Azure's limit",
    withRule({ sources: ["big"] }, { addressSets: { big: random(14_000) } }),
    "rules",
    /65536 bytes.*userData/,
  ],
];

describe("policyProblems", () => {
  for (const [title, policy, path, says] of cases) {
    test(`${title}: ${path}`, () => {
      const problems = policyProblems(policy as FirewallPolicy);
      assert.deepEqual(
        problems.map((problem) => problem.propertyPath),
        [path],
      );
      assert.match(problems[0]?.reason ?? "", says);
    });
  }

  test("an Output in a policy is named by its path, and its value shown nowhere", () => {
    const later = pulumi.secret("203.0.113.77");
    const rule = { name: "web", action: "allow", direction: "inbound" };
    const policy = {
      rules: [
        { ...rule, sources: [later] },
        { ...rule, name: later },
      ],
    };
    const problems = policyProblems(policy as unknown as FirewallPolicy, "policy");
    assert.deepEqual(
      problems.map(({ propertyPath }) => propertyPath),
      ["policy.rules[0].sources[0]", "policy.rules[1].name"],
    );
    for (const { reason } of problems) {
      assert.match(reason, /known only later \(an Output\)/);
      assert.doesNotMatch(reason, /toJSON|203\.0\.113\.77/);
    }
  });

  test("all problems come at once, in reading order, below the policy's path", () => {
    const policy = {
      rules: [
        { ...rule, protocol: "x", log: 1 },
        { ...rule, ports: ["1"] },
      ],
      mode: "y",
    };
    assert.deepEqual(
      policyProblems(policy as unknown as FirewallPolicy, "policy").map((p) => p.propertyPath),
      [
        ...["policy.mode", "policy.rules[0].protocol", "policy.rules[0].log"],
        ...["policy.rules[1].ports", "policy.rules[1].name"],
      ],
    );
  });

  test("a policy that uses everything has none", () => {
    const policy: FirewallPolicy = {
      rules: [
        { name: "a", action: "drop", direction: "inbound", sources: ["bad", "8.8.8.8"], log: true },
        {
          name: "b",
          action: "allow",
          direction: "outbound",
          protocol: "udp",
          ports: ["53", "1-9"],
        },
        {
          name: "c",
          action: "allow",
          direction: "inbound",
          protocol: "icmp",
          icmpTypes: ["echo-request"],
        },
        {
          name: "d",
          action: "allow",
          direction: "inbound",
          rateLimit: { perSecond: 9, perSource: true },
        },
        {
          name: "e",
          action: "allow",
          direction: "inbound",
          protocol: "icmp",
          sources: ["::/8"],
          icmpTypes: ["128/0"],
        },
      ],
      addressSets: { bad: ["10.0.0.0/8", "2001:db8::/32"] },
      defaultInbound: "drop",
      defaultOutbound: "allow",
      logDefaults: true,
      mode: "enforce",
      endForbiddenFlows: false,
    };
    assert.deepEqual(policyProblems(policy), []);
  });
});
