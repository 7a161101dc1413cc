/** Rules as lines for people. */
import { FIELD_LIST } from "./fields/index";
import type { FirewallRule } from "./policy";

/** One rule as a sentence: `drop inbound tcp from 8.8.8.8 to any port 22`. */
export function describeRule(rule: FirewallRule): string {
  const { rateLimit } = rule;
  return [
    rule.action,
    rule.direction,
    ...FIELD_LIST.map(([name, { words }]) => {
      const written = rule[name];
      return words(written === undefined ? undefined : [written].flat());
    }),
    rateLimit === undefined
      ? ""
      : `at most ${rateLimit.perSecond} flows a second${rateLimit.perSource ? " each" : ""}`,
    rule.log ? "log" : "",
  ]
    .filter((part) => part !== "")
    .join(" ");
}
