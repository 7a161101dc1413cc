import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { manyRules } from "../../../bench/policies";
import { planPolicy, policyProblems } from "../../../components/policy";
import { bundlePolicy } from "../../../components/policy/bundle";
import {
  dispatchTree,
  LEAF_RULES,
  type Test,
  type Tree,
} from "../../../components/policy/dispatch";
import { mismatch } from "../../../components/policy/evaluate";
import type { Packet } from "../../../components/policy/packet";
import { openers, policies } from "../../support/policies";

const valid = policies.filter((policy) => policyProblems(policy).length === 0);

function passes({ protocol, last, block, field }: Test, packet: Packet): boolean {
  if (block !== undefined) {
    const width = packet.family === 4 ? 32 : 128;
    const shift = BigInt(width - block.prefix);
    return packet[field as "source" | "destination"] >> shift === block.first >> shift;
  }
  if (packet.protocol !== protocol) return false;
  return last === undefined || (packet.ports?.destination ?? 0) <= last;
}

function leafOf(tree: Tree, packet: Packet, depth = 0): { rules: number[]; depth: number } {
  if (tree.branches === undefined) return { rules: tree.rules, depth };
  const found = tree.branches.find(({ test: one }) => passes(one, packet));
  return leafOf(found?.tree ?? tree.rest, packet, depth + 1);
}

describe("dispatchTree", () => {
  test("the first rule that matches in a packet's leaf is the first that matches at all", () => {
    fc.assert(
      fc.property(valid, openers, fc.constantFrom(1, 2, 4), (policy, packet, size) => {
        const rules = planPolicy(policy).rules[packet.direction][packet.family];
        const leaf = leafOf(dispatchTree(rules, packet.family, size), packet).rules;
        const matching = (place: number) => {
          const rule = rules[place];
          return rule !== undefined && mismatch(rule, packet) === undefined;
        };
        assert.equal(
          leaf.find(matching),
          rules.findIndex((_, place) => matching(place)),
        );
        assert.deepEqual(
          leaf,
          [...leaf].sort((a, b) => a - b),
        );
      }),
      { numRuns: 80 },
    );
  });

  test("500 rules: a packet meets a few, within the kernel's depth, and the bundle stays small", () => {
    const policy = { rules: manyRules(500) };
    const rules = planPolicy(policy).rules.inbound[4];
    const tree = dispatchTree(rules, 4);
    for (const port of [1, 1000, 1250, 1499, 65535]) {
      const packet: Packet = {
        ...{ family: 4, direction: "inbound", protocol: "tcp", source: 1n, destination: 2n },
        ports: { source: 1, destination: port },
      };
      const { rules: leaf, depth } = leafOf(tree, packet);
      assert.ok(leaf.length <= LEAF_RULES && depth <= 8, `${leaf.length} rules at ${depth}`);
    }
    assert.ok(bundlePolicy(policy).bytes < 24_000);
  });

  test("rules that no test separates stay a list", () => {
    const rule = { action: "drop", direction: "inbound", protocol: "tcp" } as const;
    const rules = Array.from({ length: 40 }, (_, n) => ({ name: `r${n}`, ...rule, ports: ["22"] }));
    const found = leafOf(dispatchTree(planPolicy({ rules }).rules.inbound[4], 4), {
      ...{ family: 4, direction: "inbound", protocol: "tcp", source: 1n, destination: 2n },
      ports: { source: 1, destination: 22 },
    });
    assert.equal(found.rules.length, 41);
  });
});
