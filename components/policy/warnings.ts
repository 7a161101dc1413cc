/**
 * Parts of a policy that are allowed but hardly meant: rules that never match, sets that nobody
 * names.
 */
import type { InputPropertyErrorDetails as Problem } from "@pulumi/pulumi";
import { FAMILIES, type PolicyPlan, planPolicy } from "./plan";
import type { FirewallPolicy } from "./policy";
import { coversRule } from "./regions";

/** The warnings of a policy without problems, in reading order. `at` is the policy's path. */
export function policyWarnings(policy: FirewallPolicy, at = ""): Problem[] {
  const path = (field: string) => (at === "" ? field : `${at}.${field}`);
  const plan = planPolicy(policy);
  const shadowed = policy.rules.flatMap((rule, index) => {
    const front = shadowOf(plan, policy, index);
    if (front === undefined) return [];
    const reason =
      `${rule.name} never matches: ${front} in front of it takes all of its packets; ` +
      "move it before that rule, or remove it";
    return [{ propertyPath: path(`rules[${index}]`), reason }];
  });
  const used = new Set(
    policy.rules.flatMap((r) => [...(r.sources ?? []), ...(r.destinations ?? [])]),
  );
  const unused = Object.keys(policy.addressSets ?? {})
    .filter((name) => !used.has(name))
    .map((name) => ({
      propertyPath: path(`addressSets.${name}`),
      reason: "no rule names this set",
    }));
  return [...shadowed, ...unused];
}

/** Names of the rules in front that take, per family, everything that the rule would match. */
function shadowOf(plan: PolicyPlan, policy: FirewallPolicy, index: number): string | undefined {
  const rule = policy.rules[index];
  if (rule === undefined) return undefined;
  const fronts = new Set<string>();
  for (const family of FAMILIES) {
    const list = plan.rules[rule.direction][family];
    const place = list.findIndex(({ name }) => name === rule.name);
    const own = list[place];
    if (own === undefined) continue;
    const front = list.slice(0, place).find((earlier) => coversRule(earlier, own));
    if (front === undefined) return undefined;
    fronts.add(front.name);
  }
  return fronts.size === 0 ? undefined : [...fronts].join(" and ");
}
