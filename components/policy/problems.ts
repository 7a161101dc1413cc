/** Every problem of a policy at once, each with its path, the value, the rule and a way out. */
import type { InputPropertyErrorDetails as Problem } from "@pulumi/pulumi";
import { LIMIT } from "../../nva-cloud-init/contract/contract";
import { Findings, isRecord } from "../check/findings";
import { compilePolicy } from "./compile";
import { checkNetwork } from "./fields/addresses";
import { planPolicy } from "./plan";
import { DEFAULT_RULES, type FirewallPolicy, PolicyMode, RULES_MAX, RuleAction } from "./policy";
import { RuleChecker } from "./ruleProblems";
import { checkSize } from "./sizeProblems";

const FIELDS = [
  ...["rules", "addressSets", "defaultInbound", "defaultOutbound", "logDefaults", "mode"],
  ...["stateful", "endForbiddenFlows"],
];

/**
 * The problems of a policy, in reading order; an empty list means that it can be compiled and
 * fits into userData. The value may come from a settings file: nothing about it is taken for
 * granted. `at` is the path of the policy among the component's arguments.
 */
export function policyProblems(policy: FirewallPolicy, at = ""): Problem[] {
  const findings = new Findings();
  checkPolicy(policy, at, findings);
  if (findings.problems.length === 0) checkSize(compilePolicy(planPolicy(policy)), at, findings);
  return findings.problems;
}

function checkPolicy(policy: unknown, at: string, findings: Findings): void {
  if (!findings.record(policy, at, FIELDS)) return;
  const path = (field: string) => (at === "" ? field : `${at}.${field}`);
  const sets = policy.addressSets ?? {};
  if (findings.record(sets, path("addressSets"))) checkSets(sets, path("addressSets"), findings);
  for (const field of ["defaultInbound", "defaultOutbound"]) {
    findings.choice(policy[field], path(field), RuleAction);
  }
  findings.choice(policy.mode, path("mode"), PolicyMode);
  for (const field of ["logDefaults", "stateful", "endForbiddenFlows"]) {
    findings.boolean(policy[field], path(field));
  }
  if (policy.stateful === false && policy.endForbiddenFlows !== undefined) {
    findings.add(
      path("endForbiddenFlows"),
      policy.endForbiddenFlows,
      "has no meaning with stateful: false, which knows no flows",
      "leave one of them out",
    );
  }
  if (policy.mode === "trial" && policy.logDefaults === false) {
    findings.add(
      path("logDefaults"),
      false,
      "contradicts mode: trial, which records every packet that would be dropped",
      "leave logDefaults out, or set the mode to enforce",
    );
  }
  checkRules(policy, path("rules"), isRecord(sets) ? sets : {}, findings);
}

function checkSets(sets: Record<string, unknown>, at: string, findings: Findings): void {
  for (const [name, entries] of Object.entries(sets)) {
    const path = `${at}.${name}`;
    findings.name(name, path, LIMIT.name);
    if (!findings.list(entries, path, "an empty set matches nothing; remove it, or fill it")) {
      continue;
    }
    entries.forEach((entry, index) => {
      checkNetwork(entry, `${path}[${index}]`, findings);
    });
  }
}

function checkRules(
  policy: Record<string, unknown>,
  at: string,
  sets: Record<string, unknown>,
  findings: Findings,
): void {
  const { rules } = policy;
  if (!Array.isArray(rules)) {
    findings.add(at, rules, "must be a list of rules", "write rules: [] for the defaults alone");
    return;
  }
  if (rules.length > RULES_MAX) {
    findings.add(
      at,
      `${rules.length} rules`,
      `must be at most ${RULES_MAX} rules`,
      "join rules that differ only in addresses or ports",
    );
  }
  const checker = new RuleChecker(sets, policy.mode === "trial", findings);
  const first = new Map<unknown, number>();
  rules.forEach((rule: unknown, index) => {
    const path = `${at}[${index}]`;
    checker.check(rule, path);
    if (!isRecord(rule) || typeof rule.name !== "string") return;
    const before = first.get(rule.name);
    if (before !== undefined) {
      findings.add(
        `${path}.name`,
        rule.name,
        `is the name of ${at}[${before}] too`,
        "records and counters go by name: give each rule its own",
      );
    } else if (Object.values<string>(DEFAULT_RULES).includes(rule.name)) {
      findings.add(
        `${path}.name`,
        rule.name,
        "is the name that counters use for a default action",
        "choose another",
      );
    }
    first.set(rule.name, before ?? index);
  });
}
