import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Listed } from "../../../lab/arm/rules";
import { ruleProblems, rulesOf, rulesPage } from "../../../tools/reference/azureRules";
import { root } from "../../support/sources";

const rule = (more: Partial<Listed> = {}): Listed => ({
  subject: "Pools",
  code: "TooMany",
  http: 400,
  says: "A pool has at most two tunnels.",
  status: "documented",
  source: "https://learn.microsoft.com/azure/load-balancer/gateway-overview",
  ...more,
});

describe("a rule of Azure's that cannot be published", () => {
  const bad: [name: string, list: Listed[], problem: RegExp][] = [
    ["has no source", [rule({ source: " " })], /Pools: TooMany: .* is documented without a source/],
    ["is assumed without a reason", [rule({ status: "assumed", source: "" })], /assumed without/],
    ["is assumed for no sentence", [rule({ status: "assumed", source: "unknown" })], /why/],
    ["is documented nowhere", [rule({ source: "the documentation" })], /names no page/],
    ["is no sentence", [rule({ says: "tunnels" })], /is no sentence/],
    ["is declared twice", [rule(), rule()], /is declared twice/],
  ];
  for (const [name, list, problem] of bad) {
    test(name, () => assert.match(ruleProblems(list).join("\n"), problem));
  }
  test("is none of the embedded Azure's", () => {
    const list = rulesOf(root);
    assert.ok(list.length > 250, `${list.length} rules`);
    assert.deepEqual(ruleProblems(list), []);
  });
});

test("the page counts rules by status, and lists the assumed ones first", () => {
  const page = rulesPage([
    rule(),
    rule({ code: "Ours", ours: true, http: 409, status: "assumed", source: "No source shows it." }),
    rule({ code: undefined, says: "A pool is empty at first.", status: "recorded", source: "GET" }),
  ]);
  for (const line of [
    "| assumed | 1 | no source shows it; the lab takes the stricter behaviour, and says why |",
    "| all | 3 |  |",
    "| Pools | `Ours`† (409) | A pool has at most two tunnels. | No source shows it. |",
    "| `Ours`† (409) | A pool has at most two tunnels. | assumed | above |",
    "|  | A pool is empty at first. | recorded | GET |",
    "| `TooMany` | A pool has at most two tunnels. | documented | [load-balancer/gateway-overview](https://learn.microsoft.com/azure/load-balancer/gateway-overview) |",
  ]) {
    assert.ok(page.split("\n").includes(line), `${line}\nis not in\n${page}`);
  }
});
