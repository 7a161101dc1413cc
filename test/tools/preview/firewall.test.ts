import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FirewallPolicy, FirewallRule } from "../../../components/policy";
import { policyChanges } from "../../../tools/preview/firewall";
import { type Change, type ComponentChange, Kind } from "../../../tools/preview/plan";

const rule = (name: string, more: Partial<FirewallRule> = {}): FirewallRule => ({
  name,
  action: "drop",
  direction: "inbound",
  ...more,
});
const urn = (name: string) => `urn:pulumi:dev::p::azure-gwlb:index:GatewayProvider::${name}`;
const machine = (
  name: string,
  parent = "gateway",
  [before, after]: [unknown, unknown] = ["one", "two"],
): Change => ({
  kind: Kind.Update,
  urn: `urn::${name}`,
  type: "azure-native:compute:VirtualMachine",
  name,
  parent: urn(parent),
  before: { userData: before },
  after: { userData: after },
  paths: ["userData"],
  because: [],
});
const provider = (before?: unknown, after?: unknown, name = "gateway"): ComponentChange => {
  const inputs = (policy: unknown) => ({ resourceGroupName: "rg", policy });
  return { urn: urn(name), before: inputs(before), after: inputs(after) };
};
const policy = (more: Partial<FirewallPolicy> = {}): FirewallPolicy => ({ rules: [], ...more });
const lines = (before: Partial<FirewallPolicy>, after: Partial<FirewallPolicy>) =>
  policyChanges([machine("nva")], [provider(policy(before), policy(after))]).flatMap(
    (change) => change.lines,
  );

const cases: {
  name: string;
  before?: Partial<FirewallPolicy>;
  after?: Partial<FirewallPolicy>;
  want: RegExp;
}[] = [
  {
    name: "a new rule with what it matches",
    after: { rules: [rule("ssh", { sources: ["8.8.8.8"], protocol: "tcp", ports: ["22"] })] },
    want: /`ssh` is new: `drop inbound tcp from 8\.8\.8\.8 to any port 22`/,
  },
  { name: "a rule that goes", before: { rules: [rule("a")] }, want: /`a` goes/ },
  {
    name: "another action",
    before: { rules: [rule("a")] },
    after: { rules: [rule("a", { action: "allow" })] },
    want: /`drop .*` becomes `allow/,
  },
  {
    name: "another order",
    before: { rules: [rule("a", { ports: ["1"], protocol: "tcp" }), rule("b")] },
    after: { rules: [rule("b"), rule("a", { ports: ["1"], protocol: "tcp" })] },
    want: /order of rules is now `b`, `a`$/,
  },
  {
    name: "another default",
    after: { defaultOutbound: "allow" },
    want: /`defaultOutbound`: \*\*drop\*\* becomes \*\*allow\*\*/,
  },
  { name: "a trial", after: { mode: "trial" }, want: /`mode`: `enforce` becomes `trial`/ },
  {
    name: "a limit",
    before: { rules: [rule("a", { action: "allow" })] },
    after: { rules: [rule("a", { action: "allow", rateLimit: { perSecond: 5 } })] },
    want: /becomes `allow .*at most 5 flows a second/,
  },
  {
    name: "records of a rule",
    before: { rules: [rule("a")] },
    after: { rules: [rule("a", { log: true })] },
    want: /becomes `drop .* log`/,
  },
  { name: "records of the defaults", after: { logDefaults: true }, want: /is recorded now/ },
  {
    name: "stateless judging",
    after: { stateful: false },
    want: /`stateful`: `true` becomes `false`/,
  },
  {
    name: "what comes into an address set and goes out of it",
    before: { addressSets: { bad: ["192.0.2.1", "192.0.2.2"] } },
    after: { addressSets: { bad: ["192.0.2.2", "198.51.100.0/24"] } },
    want: /`bad` \(2 entries, now 2\): `198\.51\.100\.0\/24` come in, `192\.0\.2\.1` go out/,
  },
];

describe("policyChanges", () => {
  for (const { name, before = {}, after = {}, want } of cases) {
    test(`tells ${name}`, () => assert.match(lines(before, after).join("\n"), want));
  }

  test("spells out a few entries of a long change of an address set", () => {
    const set = (count: number) => ({
      addressSets: { set: Array.from({ length: count }, (_, i) => `198.51.100.${2 * i}/32`) },
    });
    assert.match(lines(set(20), set(30)).join(), /20 entries, now 30\).* and 6 more come in/);
  });

  test("puts machines with the same change together, and no others", () => {
    const [before, after] = [policy(), policy({ rules: [rule("a")] })];
    const changes = policyChanges(
      [machine("c", "other"), machine("b"), machine("a"), machine("d", "third")],
      [provider(before, after), provider(before, after, "other"), provider(after, before, "third")],
    );
    assert.deepEqual(
      changes.map(({ machines }) => machines),
      [["a", "b", "c"], ["d"]],
    );
  });

  test("knows a scale set's model", () => {
    const fleet: Change = {
      ...machine("nvas"),
      type: "azure-native:compute:VirtualMachineScaleSet",
      before: { virtualMachineProfile: { userData: "one" } },
      after: { virtualMachineProfile: { userData: "two" } },
      paths: ["virtualMachineProfile.userData"],
    };
    const [change] = policyChanges([fleet], [provider(policy(), policy({ rules: [rule("a")] }))]);
    assert.deepEqual(change?.machines, ["nvas"]);
    assert.match(change?.lines.join() ?? "", /`a` is new/);
  });

  test("takes a provider without a policy for one that passes everything", () => {
    const [change] = policyChanges([machine("nva")], [provider(undefined, policy())]);
    assert.match(change?.lines.join("\n") ?? "", /defaultInbound`: \*\*allow\*\* becomes \*\*drop/);
  });

  test("lists the first policy, and warns when it is taken away", () => {
    const first = machine("nva", "gateway", [undefined, "one"]);
    const [told] = policyChanges([first], [provider(undefined, policy({ rules: [rule("a")] }))]);
    assert.match(told?.lines.join("\n") ?? "", /First policy.*\n`a`/);
    const last = machine("nva", "gateway", ["one", undefined]);
    const [gone] = policyChanges([last], [provider(policy(), undefined)]);
    assert.match(gone?.lines[0] ?? "", /taken away/);
  });

  const secret = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    ciphertext: "x",
  };
  for (const { name, after, want } of [
    {
      name: "is not known yet",
      after: { rules: ["04da6b54-80e4-46f7-96ec-b56ff0331ba9"] },
      want: /known only after/,
    },
    { name: "is a secret", after: { rules: [{ sources: secret }] }, want: /secret/ },
    { name: "is of another shape", after: { rule: [] }, want: /cannot be read/ },
  ]) {
    test(`says so when the policy ${name}`, () => {
      const changes = policyChanges([machine("nva")], [provider(policy(), after)]);
      assert.match(changes.flatMap((change) => change.lines).join(), want);
      assert.deepEqual(
        changes.flatMap((change) => change.verdicts),
        [],
      );
    });
  }

  test("says so when the plan lacks the component's inputs", () => {
    const bare = { urn: urn("gateway"), before: {}, after: provider(policy(), policy()).after };
    assert.match(policyChanges([machine("nva")], [bare])[0]?.lines[0] ?? "", /does not say/);
    assert.match(policyChanges([machine("nva")], [])[0]?.lines[0] ?? "", /does not say/);
  });

  test("leaves userData alone that is no gateway's", () => {
    const web = { ...machine("web"), parent: "urn:pulumi:dev::p::other:index:Web::web" };
    assert.deepEqual(policyChanges([web, { ...web, parent: undefined }], []), []);
  });
});
