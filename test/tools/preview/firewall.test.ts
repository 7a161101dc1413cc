import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bundlePolicy, type FirewallPolicy, type FirewallRule } from "../../../components/policy";
import { policyChanges } from "../../../tools/preview/firewall";
import { type Change, Kind } from "../../../tools/preview/plan";
import { deliveredPolicy } from "../../../tools/preview/rules";

const rule = (name: string, more: Partial<FirewallRule> = {}): FirewallRule => ({
  name,
  action: "drop",
  direction: "inbound",
  ...more,
});
const bundle = (policy: Partial<FirewallPolicy>) => bundlePolicy({ rules: [], ...policy }).userData;
const machine = (name: string, before?: string, after?: string): Change => ({
  kind: Kind.Update,
  urn: `urn::${name}`,
  type: "azure-native:compute:VirtualMachine",
  name,
  before: { userData: before },
  after: { userData: after },
  paths: ["userData"],
  because: [],
});
const lines = (before: Partial<FirewallPolicy>, after: Partial<FirewallPolicy>) =>
  policyChanges([machine("nva", bundle(before), bundle(after))]).flatMap((change) => change.lines);

describe("policyChanges", () => {
  for (const { name, before, after, want } of [
    {
      name: "a new rule with what it matches",
      before: {},
      after: { rules: [rule("ssh", { sources: ["8.8.8.8"], protocol: "tcp", ports: ["22"] })] },
      want: [/`ssh` is new: \*\*drop\*\* inbound `8\.8\.8\.8\/32 → any, tcp 22`/],
    } as const,
    { name: "a rule that goes", before: { rules: [rule("a")] }, after: {}, want: [/`a` goes/] },
    {
      name: "another action",
      before: { rules: [rule("a")] },
      after: { rules: [rule("a", { action: "allow" })] },
      want: [/\*\*drop\*\* .* becomes \*\*allow\*\*/],
    } as const,
    {
      name: "another order",
      before: { rules: [rule("a", { ports: ["1"], protocol: "tcp" }), rule("b")] },
      after: { rules: [rule("b"), rule("a", { ports: ["1"], protocol: "tcp" })] },
      want: [/order of rules is now `b`, `a`, `default-inbound`/],
    } as const,
    {
      name: "another default",
      before: { defaultOutbound: "drop" },
      after: { defaultOutbound: "allow" },
      want: [/`default-outbound`.*\*\*drop\*\*.*\*\*allow\*\*/],
    } as const,
    {
      name: "a trial",
      before: { rules: [rule("a")] },
      after: { rules: [rule("a")], mode: "trial" },
      want: [/`a`.* becomes \*\*drop on trial\*\*/],
    } as const,
    {
      name: "a limit",
      before: { rules: [rule("a", { action: "allow" })] },
      after: { rules: [rule("a", { action: "allow", rateLimit: { perSecond: 5 } })] },
      want: [/becomes \*\*allow up to 5\/second\*\*/],
    } as const,
    {
      name: "records",
      before: { rules: [rule("a")] },
      after: { rules: [rule("a", { log: true })] },
      want: [/becomes \*\*drop and record\*\*/],
    } as const,
    {
      name: "stateless judging",
      before: {},
      after: { stateful: false },
      want: [/packet by packet/],
    },
  ] as const) {
    test(`tells ${name}`, () => {
      const found = lines(before as Partial<FirewallPolicy>, after as Partial<FirewallPolicy>);
      for (const pattern of want)
        assert.ok(
          found.some((line) => pattern.test(line)),
          found.join("\n"),
        );
    });
  }

  test("tells a change of a long address set by its size", () => {
    const set = (count: number) => ({
      rules: [rule("a", { sources: ["set"] })],
      addressSets: { set: Array.from({ length: count }, (_, i) => `198.51.100.${2 * i}/32`) },
    });
    assert.match(lines(set(20), set(30))[0] ?? "", /set of 20 addresses.*set of 30 addresses/);
  });

  test("puts machines with the same change together", () => {
    const [before, after] = [bundle({}), bundle({ rules: [rule("a")] })];
    const changes = policyChanges([machine("b", before, after), machine("a", before, after)]);
    assert.deepEqual(
      changes.map(({ machines }) => machines),
      [["a", "b"]],
    );
  });

  test("reads the policy in a scale set's model", () => {
    const fleet = (name: string, userData: string): Change => ({
      ...machine(name),
      type: "azure-native:compute:VirtualMachineScaleSet",
      before: { virtualMachineProfile: { userData: bundle({}) } },
      after: { virtualMachineProfile: { userData } },
      paths: ["virtualMachineProfile.userData"],
    });
    const now = bundle({ rules: [rule("a")] });
    const changes = policyChanges([fleet("nvas", now), machine("nva", bundle({}), now)]);
    assert.deepEqual(
      changes.map(({ machines }) => machines),
      [["nva", "nvas"]],
    );
    assert.match(changes[0]?.lines.join() ?? "", /`a` is new/);
  });

  test("lists the first policy, and warns when it is taken away", () => {
    const [first] = policyChanges([machine("nva", undefined, bundle({ rules: [rule("a")] }))]);
    assert.match(first?.lines.join("\n") ?? "", /First policy.*\n`a`/);
    const [gone] = policyChanges([machine("nva", bundle({}), undefined)]);
    assert.match(gone?.lines[0] ?? "", /taken away/);
  });

  test("says so when a policy cannot be read or is not known yet", () => {
    const broken = bundle({}).slice(0, -8);
    assert.match(
      policyChanges([machine("nva", bundle({}), broken)])[0]?.lines[0] ?? "",
      /cannot be read/,
    );
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    assert.match(policyChanges([machine("nva", bundle({}), unknown)])[0]?.lines[0] ?? "", /known/);
  });

  test("leaves userData alone that is no policy", () => {
    const text = Buffer.from("#!/bin/sh").toString("base64");
    assert.deepEqual(policyChanges([machine("web", text, `${text}AAAA`)]), []);
    assert.equal(deliveredPolicy(text), undefined);
  });
});
