/** The differences between two policies as they are written, a line of Markdown each. Pure. */
import {
  describeRule,
  diffSettings,
  type FirewallPolicy,
  type FirewallRule,
  RuleAction,
} from "../../components/policy";
import { code } from "./escape";

/** Most entries of an address set's change that are spelt out. */
const SHOWN = 4;

/** Rules, address sets and settings that differ; all of the rules when there was no policy before. */
export function policyLines(before: FirewallPolicy | undefined, after: FirewallPolicy): string[] {
  if (before === undefined) {
    return ["First policy:", ...after.rules.map((rule) => `${code(rule.name)}: ${words(rule)}`)];
  }
  return [
    ...diffSettings(before, after).map(
      ({ setting, before: was, after: is }) =>
        `Setting ${code(setting)}: ${code(was)} becomes ${code(is)}`,
    ),
    ...ruleLines(before.rules, after.rules),
    ...setLines(before.addressSets ?? {}, after.addressSets ?? {}),
    ...(["defaultInbound", "defaultOutbound"] as const).flatMap((name) => {
      const [was, is] = [before, after].map((policy) => policy[name] ?? RuleAction.Drop);
      return was === is ? [] : [`Setting ${code(name)}: **${was}** becomes **${is}**`];
    }),
    ...((before.logDefaults ?? false) === (after.logDefaults ?? false)
      ? []
      : [`What the defaults drop is ${after.logDefaults ? "recorded" : "not recorded"} now.`]),
  ];
}

function ruleLines(before: readonly FirewallRule[], after: readonly FirewallRule[]): string[] {
  const old = new Map(before.map((rule) => [rule.name, rule]));
  const now = new Map(after.map((rule) => [rule.name, rule]));
  const kept = after.flatMap((rule) => {
    const was = old.get(rule.name);
    return was === undefined || words(was) === words(rule)
      ? []
      : [`Rule ${code(rule.name)}: ${words(was)} becomes ${words(rule)}`];
  });
  const order = (rules: readonly FirewallRule[]) =>
    rules.map(({ name }) => name).filter((name) => old.has(name) && now.has(name));
  const moved = order(before).join() !== order(after).join();
  return [
    ...before
      .filter(({ name }) => !now.has(name))
      .map((rule) => `Rule ${code(rule.name)} goes: it was ${words(rule)}`),
    ...after
      .filter(({ name }) => !old.has(name))
      .map((rule) => `Rule ${code(rule.name)} is new: ${words(rule)}`),
    ...kept,
    ...(moved
      ? [`The order of rules is now ${after.map(({ name }) => code(name)).join(", ")}`]
      : []),
  ];
}

function setLines(
  before: Readonly<Record<string, string[]>>,
  after: Readonly<Record<string, string[]>>,
): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((name) => {
    const [old, now] = [before, after].map((sets) => new Set(sets[name]));
    if (old === undefined || now === undefined) return [];
    const added = [...now].filter((entry) => !old.has(entry));
    const removed = [...old].filter((entry) => !now.has(entry));
    const changes = [
      ...(added.length > 0 ? [`${some(added)} come in`] : []),
      ...(removed.length > 0 ? [`${some(removed)} go out`] : []),
    ];
    const sizes = `${old.size} entries, now ${now.size}`;
    return changes.length === 0
      ? []
      : [`Address set ${code(name)} (${sizes}): ${changes.join(", ")}`];
  });
}

function some(entries: readonly string[]): string {
  const shown = entries.slice(0, SHOWN).map(code).join(", ");
  const more = entries.length - SHOWN;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

const words = (rule: FirewallRule) => code(describeRule(rule));
