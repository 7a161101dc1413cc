/** A valid policy with its names resolved: what is compiled, evaluated, explained and compared. */
import type { Family } from "../azure/addresses";
import { type IcmpType, mergePorts, type PortRange, parseIcmpType, parsePorts } from "./fields";
import {
  DEFAULT_RULES,
  type FirewallPolicy,
  type FirewallRule,
  type RateLimit,
  type RuleAction,
  type RuleDirection,
  type RuleProtocol,
} from "./policy";
import { mergeRanges, type Range, rangesOf } from "./ranges";

export const FAMILIES: readonly Family[] = [4, 6];
export const DIRECTIONS: readonly RuleDirection[] = ["inbound", "outbound"];

/** A rule as one family sees it; an undefined field matches everything. */
export interface PlannedRule {
  name: string;
  action: RuleAction;
  protocol: RuleProtocol;
  sources?: readonly Range[];
  destinations?: readonly Range[];
  ports?: readonly PortRange[];
  icmpTypes?: readonly IcmpType[];
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
      protocol: "any",
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
  const sources = rule.sources && addresses(rule.sources, family);
  const destinations = rule.destinations && addresses(rule.destinations, family);
  const icmpTypes = rule.icmpTypes?.flatMap((text) => parseIcmpType(text, family) ?? []);
  if ([sources, destinations, icmpTypes].some((list) => list?.length === 0)) return undefined;
  const { rateLimit } = rule;
  return {
    name: rule.name,
    action: rule.action,
    protocol: rule.protocol ?? "any",
    sources,
    destinations,
    ports: rule.ports && mergePorts(rule.ports.flatMap((text) => parsePorts(text) ?? [])),
    icmpTypes,
    log: rule.log ?? false,
    rateLimit: rateLimit && {
      perSecond: rateLimit.perSecond,
      burst: rateLimit.burst ?? rateLimit.perSecond,
      perSource: rateLimit.perSource ?? false,
    },
  };
}
