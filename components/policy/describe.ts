/** Rules and verdicts as lines for people. */
import type { FirewallRule } from "./policy";

/** One rule as a sentence: `drop inbound tcp from 8.8.8.8 to any port 22`. */
export function describeRule(rule: FirewallRule): string {
  const { rateLimit } = rule;
  return [
    rule.action,
    rule.direction,
    ...(rule.protocol && rule.protocol !== "any" ? [rule.protocol] : []),
    `from ${rule.sources?.join(", ") ?? "any"}`,
    `to ${rule.destinations?.join(", ") ?? "any"}`,
    ...(rule.ports ? [`port ${rule.ports.join(", ")}`] : []),
    ...(rule.icmpTypes ? [`type ${rule.icmpTypes.join(", ")}`] : []),
    ...(rateLimit
      ? [`at most ${rateLimit.perSecond} flows a second${rateLimit.perSource ? " each" : ""}`]
      : []),
    ...(rule.log ? ["log"] : []),
  ].join(" ");
}
