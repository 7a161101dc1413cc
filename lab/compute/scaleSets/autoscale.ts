/** The capacity that a scale set's load asks for. Pure. */
import { durationSeconds } from "../../arm/durations";
import { asBodies, asBody, asNumber, asText, type StoredResource } from "../../arm/resource";
import { behavesSo } from "../../arm/rules";
import { docs } from "../../arm/sources";

behavesSo("Microsoft.Insights/autoscaleSettings", {
  says: "A setting scales out if one rule says so, and in if all do.",
  documented: docs.autoscale,
});

/** A rule of an autoscale setting; durations in milliseconds of the lab's own time. */
export interface ScaleRule {
  metric: string;
  /** How the instances' values of one time are put together. */
  statistic: string;
  /** How these are put together over the window. */
  aggregation: string;
  operator: string;
  threshold: number;
  windowMs: number;
  perInstance: boolean;
  grow: boolean;
  /** By how many, by how much of a hundred, or to how many. */
  change: "ChangeCount" | "PercentChangeCount" | "ExactCount";
  value: number;
  cooldownMs: number;
}

export interface ScaleProfile {
  minimum: number;
  maximum: number;
  /** Taken if nothing could be measured and there are fewer. */
  usual: number;
  rules: ScaleRule[];
}

/** Values of a metric by instance, at one time in milliseconds since 1970. */
export interface Sample {
  at: number;
  values: Readonly<Record<string, readonly number[]>>;
}

/** The profile of a setting. */
export function profileOf(setting: StoredResource, timeFactor: number): ScaleProfile | undefined {
  const [profile] = asBodies(setting.properties.profiles);
  if (profile === undefined || setting.properties.enabled === false) return undefined;
  const capacity = asBody(profile.capacity) ?? {};
  const ms = (value: unknown) => (durationSeconds(asText(value) ?? "") ?? 0) * 1000 * timeFactor;
  return {
    minimum: Number(capacity.minimum),
    maximum: Number(capacity.maximum),
    usual: Number(capacity.default),
    rules: asBodies(profile.rules).map((rule): ScaleRule => {
      const trigger = asBody(rule.metricTrigger) ?? {};
      const action = asBody(rule.scaleAction) ?? {};
      const change = asText(action.type);
      return {
        metric: asText(trigger.metricName) ?? "",
        statistic: asText(trigger.statistic) ?? "Average",
        aggregation: asText(trigger.timeAggregation) ?? "Average",
        operator: asText(trigger.operator) ?? "GreaterThan",
        threshold: asNumber(trigger.threshold) ?? 0,
        windowMs: ms(trigger.timeWindow),
        perInstance: trigger.dividePerInstance === true,
        grow: action.direction === "Increase",
        change: change === "PercentChangeCount" || change === "ExactCount" ? change : "ChangeCount",
        value: Number(action.value ?? "1"),
        cooldownMs: ms(action.cooldown),
      };
    }),
  };
}

export interface ScaleInput {
  profile: ScaleProfile;
  samples: readonly Sample[];
  count: number;
  /** When the capacity was last changed by a rule. */
  lastChange: number | undefined;
  now: number;
}

/**
 * The capacity to have now. One rule that asks for more is enough; for fewer all such rules must
 * agree, and what is left must not at once ask for more again. The bounds hold at any time.
 */
export function capacityFor(input: ScaleInput): number {
  const { profile, count, lastChange = -Infinity, now } = input;
  const bounded = (n: number) => Math.min(profile.maximum, Math.max(profile.minimum, n));
  const measured = profile.rules.map((rule) => ({ rule, value: measure(rule, input) }));
  if (measured.length > 0 && measured.every(({ value }) => value === undefined)) {
    return bounded(Math.max(count, profile.usual));
  }
  const ready = ({ cooldownMs }: ScaleRule) => now >= lastChange + cooldownMs;
  const fires = ({ rule, value }: (typeof measured)[number]) =>
    value !== undefined && compare(value, rule.operator, rule.threshold);
  const out = measured.filter(({ rule }) => rule.grow);
  const firing = out.filter(fires);
  if (firing.length > 0) {
    const wanted = firing.filter(({ rule }) => ready(rule)).map(({ rule }) => changed(rule, count));
    return bounded(Math.max(count, ...wanted));
  }
  const back = measured.filter(({ rule }) => !rule.grow);
  if (back.length === 0 || !back.every((m) => fires(m) && ready(m.rule))) return bounded(count);
  const fewer = bounded(Math.max(...back.map(({ rule }) => changed(rule, count))));
  if (fewer >= count) return bounded(count);
  const flaps = out.some(
    ({ rule, value }) =>
      value !== undefined && compare((value * count) / fewer, rule.operator, rule.threshold),
  );
  return flaps ? bounded(count) : fewer;
}

/** The value that a rule looks at; undefined while less than half of its window was seen. */
function measure(rule: ScaleRule, { samples, count, now }: ScaleInput): number | undefined {
  const seen = samples.filter(({ at }) => at > now - rule.windowMs);
  const [first] = seen;
  if (first === undefined || now - first.at < rule.windowMs / 2) return undefined;
  const values = seen.flatMap(({ values: all }) => {
    const own = all[rule.metric] ?? [];
    return own.length === 0 ? [] : [combine(own, rule.statistic)];
  });
  if (values.length === 0) return undefined;
  const value = combine(values, rule.aggregation);
  return rule.perInstance ? value / Math.max(1, count) : value;
}

function combine(values: readonly number[], how: string): number {
  const sum = values.reduce((total, value) => total + value, 0);
  switch (how) {
    case "Min":
    case "Minimum":
      return Math.min(...values);
    case "Max":
    case "Maximum":
      return Math.max(...values);
    case "Sum":
    case "Total":
      return sum;
    case "Count":
      return values.length;
    case "Last":
      return values.at(-1) ?? 0;
    default:
      return sum / values.length;
  }
}

function compare(value: number, operator: string, threshold: number): boolean {
  switch (operator) {
    case "Equals":
      return value === threshold;
    case "NotEquals":
      return value !== threshold;
    case "GreaterThanOrEqual":
      return value >= threshold;
    case "LessThan":
      return value < threshold;
    case "LessThanOrEqual":
      return value <= threshold;
    default:
      return value > threshold;
  }
}

function changed({ change, value, grow }: ScaleRule, count: number): number {
  if (change === "ExactCount") return value;
  const by = change === "ChangeCount" ? value : Math.max(1, Math.ceil((count * value) / 100));
  return grow ? count + by : count - by;
}
