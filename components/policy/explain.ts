/**
 * Why a packet passes or not: the deciding rule, and the rules in front of it that do not match.
 */
import { describeRule } from "./describe";
import { judge, mismatch } from "./evaluate";
import type { Packet } from "./packet";
import { planPolicy } from "./plan";
import type { FirewallPolicy } from "./policy";

export interface Explanation {
  passes: boolean;
  /** Name of the deciding rule. */
  rule: string;
  /** Each rule looked at, in order, and what about it did not match; the last one decides. */
  path: { rule: string; text: string; because: string }[];
}

/** The verdict of the policy on a flow that this packet opens. */
export function explainPacket(policy: FirewallPolicy, packet: Packet): Explanation {
  const plan = planPolicy(policy);
  const { passes, rule } = judge(plan, packet);
  const list = plan.rules[packet.direction][packet.family];
  const written = new Map(policy.rules.map((own) => [own.name, describeRule(own)]));
  const looked = list.slice(0, list.indexOf(rule) + 1);
  return {
    passes,
    rule: rule.name,
    path: looked.map((own) => ({
      rule: own.name,
      text: written.get(own.name) ?? `${own.action} what no rule matches`,
      because:
        own === rule
          ? verdictOf(own.action, plan.trial, own.rateLimit?.perSecond)
          : (mismatch(own, packet) ?? ""),
    })),
  };
}

function verdictOf(action: string, trial: boolean, limit: number | undefined): string {
  if (action === "drop")
    return trial ? "would drop it; the mode is trial, so it passes" : "drops it";
  return limit === undefined ? "allows it" : `allows it, up to ${limit} flows a second`;
}
