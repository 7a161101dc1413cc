import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FirewallPolicy, FirewallRule } from "../../../components/policy";
import { VERDICTS_SHOWN, verdictLines } from "../../../tools/preview/verdicts";

const rule = (name: string, more: Partial<FirewallRule> = {}): FirewallRule => ({
  name,
  action: "drop",
  direction: "inbound",
  ...more,
});
const open = (rules: FirewallRule[], more: Partial<FirewallPolicy> = {}): FirewallPolicy => ({
  rules,
  defaultInbound: "allow",
  defaultOutbound: "allow",
  ...more,
});
const ssh = rule("ssh", { sources: ["8.8.8.8"], protocol: "tcp", ports: ["22"] });

describe("verdictLines", () => {
  for (const { name, before, after, want } of [
    { name: "nothing of the same policy", before: open([ssh]), after: open([ssh]), want: [] },
    {
      name: "nothing of a record",
      before: open([ssh]),
      after: open([{ ...ssh, log: true }]),
      want: [],
    },
    {
      name: "what a rule lets go",
      before: open([ssh]),
      after: open([]),
      want: [
        /inbound `from 8\.8\.8\.8 to any, tcp port 22` \*\*passes\*\* now by `default-inbound`, before by `ssh`/,
      ],
    },
    {
      name: "only what an earlier rule leaves",
      before: open([ssh]),
      after: open([ssh, rule("all", { sources: ["8.8.8.8"], protocol: "tcp", ports: ["22-23"] })]),
      want: [/tcp port 23` is \*\*dropped\*\* now by `all`/],
    },
    {
      name: "a default for both families and every protocol in one line",
      before: open([]),
      after: open([], { defaultOutbound: "drop" }),
      want: [
        /^outbound `from any to any, any protocol` is \*\*dropped\*\* now by `default-outbound`$/,
      ],
    },
    {
      name: "the family where the rule is about one",
      before: open([]),
      after: open([rule("six", { sources: ["::/0"] })]),
      want: [/^inbound `IPv6 from any to any, any protocol`/],
    },
    {
      name: "an ICMP type",
      before: open([]),
      after: open([rule("ping", { protocol: "icmp", icmpTypes: ["8"], sources: ["10.0.0.0/8"] })]),
      want: [/icmp type 8` is \*\*dropped\*\*/],
    },
    {
      name: "an ICMP type with its code",
      before: open([]),
      after: open([rule("mtu", { protocol: "icmp", icmpTypes: ["3/4"], sources: ["10.0.0.0/8"] })]),
      want: [/icmp type 3\/4` is/],
    },
    {
      name: "what passes before what is dropped",
      before: open([ssh]),
      after: open([rule("telnet", { protocol: "tcp", ports: ["23"] })]),
      want: [/\*\*passes\*\*/, /\*\*dropped\*\*/],
    },
  ]) {
    test(`tells ${name}`, () => {
      const lines = verdictLines(before, after);
      assert.equal(lines.length, want.length, lines.join("\n"));
      for (const [index, pattern] of want.entries()) assert.match(lines[index] ?? "", pattern);
    });
  }

  test("shows a few of many, of networks and of lines", () => {
    const networks = Array.from({ length: 40 }, (_, i) => `198.51.100.${2 * i}/32`);
    const [line = ""] = verdictLines(open([]), open([rule("many", { sources: networks })]));
    assert.match(line, /and 36 more to any/);
    const rules = networks.map((network, i) => rule(`r${i}`, { sources: [network] }));
    const lines = verdictLines(open([]), open(rules));
    assert.equal(lines.length, VERDICTS_SHOWN + 1);
    assert.match(lines.at(-1) ?? "", /and 20 more/);
  });
});
