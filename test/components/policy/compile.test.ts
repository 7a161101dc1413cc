import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import {
  compilePolicy,
  type FirewallPolicy,
  type FirewallRule,
  planPolicy,
} from "../../../components/policy";
import { setsNeeded } from "../../../components/policy/compile";

const compile = (policy: FirewallPolicy) => compilePolicy(planPolicy(policy));
const rule = (fields: Partial<FirewallRule>): FirewallRule => ({
  name: "r",
  action: "drop",
  direction: "inbound",
  ...fields,
});
const lines = (fields: Partial<FirewallRule>, policy: Partial<FirewallPolicy> = {}) =>
  compile({ rules: [rule(fields)], stateful: false, ...policy }).filter4.split("\n");
const long = Array.from({ length: 9 }, (_, n) => `10.${2 * n}.0.0/16`);

describe("compilePolicy", () => {
  test("the reference rule reads as it does in iptables -S", () => {
    const golden = readFileSync(path.join(__dirname, "golden", "reference.rules"), "utf8");
    const policy: FirewallPolicy = {
      rules: [
        rule({
          name: "no-ssh-from-8-8-8-8",
          sources: ["8.8.8.8"],
          protocol: "tcp",
          ports: ["22"],
          log: true,
        }),
      ],
      defaultInbound: "allow",
      defaultOutbound: "allow",
    };
    assert.equal(compile(policy).filter4, golden);
  });

  test("a rule with addresses is compiled for their family only", () => {
    const { filter4, filter6 } = compile({ rules: [rule({ sources: ["2001:db8::/32"] })] });
    assert.doesNotMatch(filter4, /--comment r /);
    assert.match(filter6, /-A @-IN -s 2001:db8::\/32 .*--comment r -j DROP/);
  });

  test("a rule without addresses is compiled for both", () => {
    const { filter4, filter6 } = compile({
      rules: [rule({ protocol: "icmp", icmpTypes: ["echo-request"] })],
    });
    assert.match(filter4, /-p icmp .*--icmp-type 8 /);
    assert.match(filter6, /-p ipv6-icmp .*--icmpv6-type 128 /);
  });

  test("long lists become sets, short ones stay readable", () => {
    const { filter4, sets } = compile({
      rules: [rule({ sources: long }), rule({ name: "s", sources: ["9.9.9.9", "9.9.9.12"] })],
    });
    assert.deepEqual(
      sets.map(({ family, side, bit }) => ({ family, side, bit })),
      [{ family: 4, side: "source", bit: 0 }],
    );
    assert.match(filter4, /-m mark --mark 0x1\/0x1 -m comment --comment r -j DROP/);
    assert.match(filter4, /-A @-IN -s 9\.9\.9\.12\/32 .* -g @-IN-1\n/);
  });

  test("rules share the bit of an equal list; each side has its own", () => {
    const rules = [
      rule({ sources: long }),
      rule({ name: "s", sources: [...long].reverse() }),
      rule({ name: "d", destinations: long }),
    ];
    assert.equal(setsNeeded(compile({ rules })), 2);
  });

  test("the size of the rules does not grow with the size of a set", () => {
    const many = Array.from({ length: 5000 }, (_, n) => `10.${n >> 7}.${(2 * n) & 255}.0/24`);
    assert.equal(
      compile({ rules: [rule({ sources: many })] }).filter4,
      compile({ rules: [rule({ sources: long })] }).filter4,
    );
  });

  test("more ports than a line takes go into several, with one verdict", () => {
    const ports = Array.from({ length: 20 }, (_, n) => `${100 + 2 * n}`);
    const found = lines({ protocol: "tcp", ports });
    assert.equal(found.filter((line) => /--dports .* -g @-IN-0/.test(line)).length, 2);
    assert.equal(found.filter((line) => /--comment r -j DROP/.test(line)).length, 1);
  });

  test("answers are read with ends, ports and tunnel exchanged", () => {
    const { filter4 } = compile({
      rules: [rule({ sources: ["8.8.8.8"], protocol: "tcp", ports: ["22"] })],
    });
    assert.match(
      filter4,
      /-A @-IN-R -d 8\.8\.8\.8\/32 -p tcp .*--physdev-in vxlan-in -m tcp --sport 22 .*-j DROP/,
    );
  });

  test("trial mode drops nothing and records what it would drop", () => {
    const { filter4 } = compile({ rules: [rule({})], mode: "trial" });
    assert.doesNotMatch(filter4, /-j DROP/);
    assert.match(filter4, /--nflog-prefix trial:r/);
    assert.match(filter4, /--nflog-prefix trial:default-inbound/);
  });

  test("a limit drops what is over it, but no flow that runs", () => {
    const found = compile({
      rules: [rule({ action: "allow", rateLimit: { perSecond: 7 } })],
    }).filter4.split("\n");
    const own = found.filter((line) => line.startsWith("-A @-IN-0"));
    assert.match(own[0] ?? "", /--mark 0x2000000\/0x2000000 .*-g @-OK/);
    assert.match(own[1] ?? "", /--limit 7\/second --limit-burst 7 .*-g @-OK/);
    assert.match(own[2] ?? "", /--comment over:r -j DROP/);
  });

  test("without state there are no flows to take and no answers to read", () => {
    assert.doesNotMatch(lines({}).join("\n"), /@-OK|-R/);
  });
});
