/** Which packets another policy judges differently: as ranges, not as changed text. */

import { PROTOCOLS } from "./packet";
import {
  DIRECTIONS,
  FAMILIES,
  type PlannedRule,
  type PolicyPlan,
  planPolicy,
  type RuleList,
} from "./plan";
import type { FirewallPolicy } from "./policy";
import { common, everything, matchedPart, type Region, without } from "./regions";

/** Packets whose verdict changes, and the rules that decide before and after. */
export interface VerdictChange {
  region: Region;
  before: Decision;
  after: Decision;
}

export interface Decision {
  passes: boolean;
  rule: string;
}

/** Settings that change how every packet or flow is treated. */
export interface SettingChange {
  setting: "mode" | "stateful" | "endForbiddenFlows";
  before: string;
  after: string;
}

/**
 * The flows that one policy lets start and the other does not. Together the regions hold each such
 * flow's opener once. Rate limits are left out: they depend on time.
 */
export function diffPolicies(before: FirewallPolicy, after: FirewallPolicy): VerdictChange[] {
  const [old, next] = [planPolicy(before), planPolicy(after)];
  return DIRECTIONS.flatMap((direction) =>
    FAMILIES.flatMap((family) =>
      PROTOCOLS.flatMap((protocol) => {
        const lists = [old, next].map((plan) => ({ plan, rules: plan.rules[direction][family] }));
        const [a, b] = lists;
        if (a === undefined || b === undefined) return [];
        return suspects(a, b, everything(direction, family, protocol)).flatMap((region) =>
          compare(region, a, b),
        );
      }),
    ),
  );
}

/** Settings of the whole policy that differ. */
export function diffSettings(before: FirewallPolicy, after: FirewallPolicy): SettingChange[] {
  const [old, next] = [planPolicy(before), planPolicy(after)];
  const settings: [SettingChange["setting"], (plan: PolicyPlan) => string][] = [
    ["mode", (plan) => (plan.trial ? "trial" : "enforce")],
    ["stateful", (plan) => `${plan.stateful}`],
    ["endForbiddenFlows", (plan) => `${plan.endForbiddenFlows}`],
  ];
  return settings
    .map(([setting, of]) => ({ setting, before: of(old), after: of(next) }))
    .filter(({ before: was, after: is }) => was !== is);
}

interface Side {
  plan: PolicyPlan;
  rules: RuleList;
}

/**
 * Where verdicts can differ: what the rules match that only one list has, disjoint. A rule that
 * both have, in the same order among the common ones, changes nothing.
 */
function suspects(a: Side, b: Side, whole: Region): Region[] {
  if (a.plan.trial !== b.plan.trial) return [whole];
  const shared = commonRules(a.rules, b.rules);
  const changed = [...a.rules, ...b.rules].filter((rule) => !shared.has(key(rule)));
  const found: Region[] = [];
  for (const rule of changed) {
    let parts = [matchedPart(whole, rule)].flatMap((part) => part ?? []);
    for (const known of found) {
      parts = parts.flatMap((part) => {
        const twice = common(part, known);
        return twice === undefined ? [part] : without(part, twice);
      });
    }
    found.push(...parts);
  }
  return found;
}

/** Keys of rules that both lists hold in the same order: the longest such sequence, greedily. */
function commonRules(a: RuleList, b: RuleList): Set<string> {
  const places = new Map(b.map((rule, place) => [key(rule), place]));
  const shared = new Set<string>();
  let last = -1;
  for (const rule of a) {
    const place = places.get(key(rule));
    if (place === undefined || place <= last) continue;
    shared.add(key(rule));
    last = place;
  }
  return shared;
}

const key = (rule: PlannedRule): string =>
  JSON.stringify({ ...rule, log: false }, (_, value: unknown) =>
    typeof value === "bigint" ? value.toString(16) : value,
  );

/** Splits a region until each part has one deciding rule on either side. */
function compare(region: Region, a: Side, b: Side): VerdictChange[] {
  return split(region, a.rules).flatMap(([part, before]) =>
    split(part, b.rules).flatMap(([piece, after]) => {
      const decisions = [
        { passes: a.plan.trial || before.action === "allow", rule: before.name },
        { passes: b.plan.trial || after.action === "allow", rule: after.name },
      ] as const;
      if (decisions[0].passes === decisions[1].passes) return [];
      return [{ region: piece, before: decisions[0], after: decisions[1] }];
    }),
  );
}

/** The region in parts, each with the rule that decides it. */
function split(region: Region, rules: RuleList): [Region, PlannedRule][] {
  const found: [Region, PlannedRule][] = [];
  let rest = [region];
  for (const rule of rules) {
    rest = rest.flatMap((part) => {
      const taken = matchedPart(part, rule);
      if (taken === undefined) return [part];
      found.push([taken, rule]);
      return without(part, taken);
    });
    if (rest.length === 0) break;
  }
  return found;
}
