/** A valid policy with its names resolved: what is compiled, evaluated, explained and compared. */
import type { Family } from "../azure/addresses";
import { FIELD_LIST, type PlannedFields } from "./fields/index";
import {
  DEFAULT_RULES,
  type FirewallPolicy,
  type FirewallRule,
  type RateLimit,
  type RuleAction,
  type RuleDirection,
} from "./policy";
import { mergeRanges, type Range, rangesOf } from "./ranges";

export const FAMILIES: readonly Family[] = [4, 6];
export const DIRECTIONS: readonly RuleDirection[] = ["inbound", "outbound"];

/** A rule as one family sees it; an undefined field matches everything. */
export interface PlannedRule extends PlannedFields {
  name: string;
  action: RuleAction;
  log: boolean;
  rateLimit?: Required<RateLimit>;
}

/** The rules of one direction and one family, in order; the last one matches everything. */
export type RuleList = readonly PlannedRule[];

/** A policy with every default filled in. */
export interface PolicyPlan {
  stateful: boolean;
  endForbiddenFlows: boolean;
  trial: boolean;
  rules: Record<RuleDirection, Record<Family, RuleList>>;
}

/** The plan of a policy without problems; rules that cannot match in a family are left out there. */
export function planPolicy(policy: FirewallPolicy): PolicyPlan {
  const addresses = addressReader(policy.addressSets ?? {});
  const list = (direction: RuleDirection, family: Family): RuleList => [
    ...policy.rules
      .filter((rule) => rule.direction === direction)
      .flatMap((rule) => planRule(rule, family, addresses) ?? []),
    {
      name: DEFAULT_RULES[direction],
      action: policy[direction === "inbound" ? "defaultInbound" : "defaultOutbound"] ?? "drop",
      log: policy.logDefaults ?? false,
    },
  ];
  const both = (direction: RuleDirection) => ({ 4: list(direction, 4), 6: list(direction, 6) });
  return {
    stateful: policy.stateful ?? true,
    endForbiddenFlows: policy.endForbiddenFlows ?? true,
    trial: policy.mode === "trial",
    rules: { inbound: both("inbound"), outbound: both("outbound") },
  };
}

type AddressReader = (texts: readonly string[], family: Family) => readonly Range[];

/** Reads lists of addresses and names of sets; each set is parsed once. */
function addressReader(sets: Record<string, string[]>): AddressReader {
  const known = new Map<string, readonly Range[]>();
  const ofSet = (name: string, family: Family) => {
    const key = `${family} ${name}`;
    const ranges = known.get(key) ?? rangesOf(sets[name] ?? [], family);
    known.set(key, ranges);
    return ranges;
  };
  return (texts, family) =>
    mergeRanges(
      texts.flatMap((text) =>
        Object.hasOwn(sets, text) ? ofSet(text, family) : rangesOf([text], family),
      ),
    );
}

function planRule(
  rule: FirewallRule,
  family: Family,
  addresses: AddressReader,
): PlannedRule | undefined {
  const fields: Record<string, unknown> = {};
  for (const [name, field] of FIELD_LIST) {
    const written = rule[name];
    if (written === undefined) continue;
    const scope = { family, addresses: (texts: readonly string[]) => addresses(texts, family) };
    fields[name] = field.plan(written, scope);
    if (fields[name] === undefined) return undefined;
  }
  const { name, action, log = false, rateLimit } = rule;
  return {
    ...{ name, action, log, ...fields },
    rateLimit: rateLimit && {
      perSecond: rateLimit.perSecond,
      burst: rateLimit.burst ?? rateLimit.perSecond,
      perSource: rateLimit.perSource ?? false,
    },
  };
}
