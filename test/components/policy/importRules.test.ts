import assert from "node:assert/strict";
import { test } from "node:test";
import { importRules, policyProblems } from "../../../components/policy";

const save = (...rules: string[]) =>
  [
    "*nat",
    "-A POSTROUTING -j MASQUERADE",
    "COMMIT",
    "*filter",
    ":FORWARD ACCEPT [0:0]",
    ...rules,
    "COMMIT",
  ].join("\n");
const bridged = "-m physdev --physdev-in vxlan-ex --physdev-is-bridged";

test("the reference rule", () => {
  const text = save(`-A FORWARD -s 8.8.8.8/32 -p tcp ${bridged} -m tcp --dport 22 -j DROP`);
  const { policy, left } = importRules(text);
  assert.deepEqual(left, []);
  assert.deepEqual(policyProblems(policy), []);
  assert.deepEqual(policy, {
    rules: [
      {
        name: "drop-tcp-22-1",
        direction: "inbound",
        action: "drop",
        sources: ["8.8.8.8"],
        protocol: "tcp",
        ports: ["22"],
      },
    ],
    defaultInbound: "allow",
    defaultOutbound: "allow",
    stateful: false,
  });
});

test("devices of other names, comments, lists of ports, both directions, state", () => {
  const { policy, left } = importRules(
    save(
      "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
      '[5:300] -A FORWARD -p udp -m physdev --physdev-out tun-e -m multiport --dports 53,100:200 -m comment --comment "DNS & more" -j ACCEPT',
      "-A FORWARD -d 2001:db8::/32 -j DROP",
    ),
    { inbound: "tun-e", outbound: "tun-i" },
  );
  assert.deepEqual(left, []);
  assert.deepEqual(policyProblems(policy), []);
  assert.equal(policy.stateful, true);
  assert.deepEqual(
    policy.rules.map(({ name, direction, ports }) => [name, direction, ports]),
    [
      ["dns-more-1", "outbound", ["53", "100-200"]],
      ["drop-2-in", "inbound", undefined],
      ["drop-2-out", "outbound", undefined],
    ],
  );
});

test("what a policy cannot say is left, with line and reason", () => {
  const { policy, left } = importRules(
    save(
      "-A FORWARD ! -s 8.8.8.8/32 -j DROP",
      "-A FORWARD -m string --string x -j DROP",
      "-A FORWARD -p gre -j ACCEPT",
      "-A FORWARD -m physdev --physdev-in eth9 -j DROP",
      "-A FORWARD -j LOG",
      "-A FORWARD -m conntrack --ctstate NEW -j ACCEPT",
    ),
  );
  assert.deepEqual(policy.rules, []);
  assert.deepEqual(
    left.map(({ line }) => line),
    [6, 7, 8, 9, 10, 11],
  );
  assert.match(
    left.map(({ reason }) => reason).join("; "),
    /negated.*--string.*gre.*eth9.*LOG.*NEW/,
  );
});
