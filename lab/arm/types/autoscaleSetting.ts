import { SCALE_SET_TYPE } from "../../compute/scaleSets/model";
import { durationSeconds } from "../durations";
import { type ArmError, refuse } from "../errors";
import { sameId } from "../ids";
import { referenceProblems } from "../inUse";
import { asBodies, asBody, asText, type Body } from "../resource";
import { refusalsOf } from "../rules";
import { flag, list, type Prop, record, required, text, withIgnored } from "../schema";
import { docs } from "../sources";
import type { Put } from "../world";
import { type ResourceType, topLevel } from "./definition";
import { MAX_INSTANCES } from "./scaleSetPolicies";

const refusals = refusalsOf("Microsoft.Insights/autoscaleSettings", {
  second: {
    code: "ResourceAlreadyHasAutoscaleSetting",
    says: "A scale set has one autoscale setting.",
    ours: true,
    assumed: "Two would work against each other; no source shows the refusal.",
  },
  capacity: {
    code: "BadRequest",
    says: "Minimum, default and maximum are whole numbers in this order, up to 1,000.",
    assumed: "Another order has no meaning; no source shows the refusal.",
  },
  duration: {
    code: "BadRequest",
    says: "Grain is 1 minute to 12 hours, window 5 minutes to 12 hours, cooldown 1 minute to a week.",
    documented: docs.types,
  },
  metric: {
    code: "BadRequest",
    says: "A metric is CPU or network of the machines.",
    assumed: "The lab measures no other; Azure takes every metric that it measures.",
  },
  otherResource: {
    code: "BadRequest",
    says: "A metric is the target's own.",
    assumed: "The lab scales by no other; Azure takes metrics of any resource.",
  },
  threshold: {
    code: "BadRequest",
    says: "A threshold is a number.",
    documented: docs.types,
  },
  value: {
    code: "BadRequest",
    says: "An action changes the capacity by 1 or more.",
    documented: docs.types,
  },
});

/** Metrics of a scale set's machines that the lab measures. */
export const METRICS = ["Percentage CPU", "Network In Total", "Network Out Total"] as const;

const number: Prop = { kind: "any" };

const metricTrigger = record({
  dividePerInstance: flag,
  metricName: required(text()),
  metricNamespace: text(),
  metricResourceLocation: text(),
  metricResourceUri: required(text()),
  operator: required(
    text("Equals", "NotEquals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"),
  ),
  statistic: required(text("Average", "Min", "Max", "Sum", "Count")),
  threshold: required(number),
  timeAggregation: required(text("Average", "Minimum", "Maximum", "Total", "Count", "Last")),
  timeGrain: required(text()),
  timeWindow: required(text()),
});

/** Rules by which the capacity of a scale set follows its load; schedules are not carried. */
export const autoscaleSetting: ResourceType = {
  type: "Microsoft.Insights/autoscaleSettings",
  token: "azure-native:monitor:AutoscaleSetting",
  getter: "azure-native:monitor:getAutoscaleSetting",
  apiVersion: "2021-05-01-preview",
  path: ["resourceGroupName", "autoscaleSettingName"],
  name: {
    max: 260,
    pattern: /^[^<>*%&:?/+#\s][^<>*%&:?/+#]*$/,
    words: "no < > * % & : ? / + # and no space at its beginning",
  },
  located: true,
  shape: withIgnored(
    ["name"],
    topLevel({
      enabled: flag,
      profiles: required(
        list(
          record({
            name: required(text()),
            capacity: required(
              record({
                minimum: required(text()),
                maximum: required(text()),
                default: required(text()),
              }),
            ),
            rules: required(
              list(
                record({
                  metricTrigger: required(metricTrigger),
                  scaleAction: required(
                    record({
                      direction: required(text("None", "Increase", "Decrease")),
                      type: required(text("ChangeCount", "PercentChangeCount", "ExactCount")),
                      value: text(),
                      cooldown: required(text()),
                    }),
                  ),
                }),
                0,
                10,
              ),
            ),
          }),
          1,
          1,
        ),
      ),
      targetResourceLocation: text(),
      targetResourceUri: text(),
    }),
  ),
  prepare({ desired }) {
    desired.properties.enabled ??= true;
  },
  rules: [targetProblems, profileProblems],
};

/** A scale set, which has one setting at most. */
function* targetProblems(put: Put): Generator<ArmError> {
  const { desired, world } = put;
  const target = asText(desired.properties.targetResourceUri);
  const path = "properties.targetResourceUri";
  const wrong = [...referenceProblems(put, target, [SCALE_SET_TYPE], path)];
  yield* wrong;
  if (wrong.length > 0) return;
  for (const other of world.all()) {
    if (other.type !== desired.type || sameId(other.id, desired.id)) continue;
    if (!sameId(asText(other.properties.targetResourceUri), target)) continue;
    yield refuse(
      refusals.second,
      `${target} has the autoscale setting ${other.id} already; one is allowed.`,
      path,
    );
  }
}

function* profileProblems({ desired }: Put): Generator<ArmError> {
  for (const [i, profile] of asBodies(desired.properties.profiles).entries()) {
    const path = `properties.profiles[${i}]`;
    const capacity = asBody(profile.capacity) ?? {};
    const [least, usual, most] = [capacity.minimum, capacity.default, capacity.maximum].map(count);
    if (
      least === undefined ||
      usual === undefined ||
      most === undefined ||
      !(least <= usual && usual <= most && most <= MAX_INSTANCES)
    ) {
      yield refuse(
        refusals.capacity,
        `capacity is minimum ${capacity.minimum}, default ${capacity.default}, maximum ${capacity.maximum}: whole numbers in this order, up to ${MAX_INSTANCES}.`,
        `${path}.capacity`,
      );
    }
    for (const [k, rule] of asBodies(profile.rules).entries()) {
      yield* ruleProblems(
        rule,
        asText(desired.properties.targetResourceUri),
        `${path}.rules[${k}]`,
      );
    }
  }
}

const count = (value: unknown): number | undefined =>
  typeof value === "string" && /^\d+$/.test(value) ? Number(value) : undefined;

const MINUTE = 60;
const HOUR = 3600;

function* ruleProblems(rule: Body, target: string | undefined, path: string): Generator<ArmError> {
  const trigger = asBody(rule.metricTrigger) ?? {};
  const action = asBody(rule.scaleAction) ?? {};
  const within = (holder: Body, part: string, name: string, least: number, most: number) => {
    const seconds = durationSeconds(asText(holder[name]) ?? "");
    if (seconds !== undefined && seconds >= least && seconds <= most) return [];
    const words = `${name} is ${holder[name]}; it must be ${least / MINUTE} minutes to ${most / HOUR} hours.`;
    return [refuse(refusals.duration, words, `${path}.${part}.${name}`)];
  };
  yield* within(trigger, "metricTrigger", "timeGrain", MINUTE, 12 * HOUR);
  yield* within(trigger, "metricTrigger", "timeWindow", 5 * MINUTE, 12 * HOUR);
  yield* within(action, "scaleAction", "cooldown", MINUTE, 7 * 24 * HOUR);
  if (!METRICS.some((metric) => metric === trigger.metricName)) {
    yield refuse(
      refusals.metric,
      `The embedded Azure measures ${METRICS.join(", ")}, not '${trigger.metricName}'.`,
      `${path}.metricTrigger.metricName`,
    );
  }
  if (!sameId(asText(trigger.metricResourceUri), target)) {
    yield refuse(
      refusals.otherResource,
      `The embedded Azure scales by the metrics of the target only, not of '${trigger.metricResourceUri}'.`,
      `${path}.metricTrigger.metricResourceUri`,
    );
  }
  if (typeof trigger.threshold !== "number") {
    yield refuse(
      refusals.threshold,
      "threshold must be a number.",
      `${path}.metricTrigger.threshold`,
    );
  }
  if ((count(action.value ?? "1") ?? 0) < 1) {
    yield refuse(refusals.value, "value must be 1 or more.", `${path}.scaleAction.value`);
  }
}
