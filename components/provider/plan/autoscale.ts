/** Rules by which Azure changes the number of NVAs, as plain data. */
import { at, optional, type Problem, type Reason, shown, wholeReason } from "../../check/problem";

/**
 * Rules by which Azure changes the number of NVAs. One rule that is met makes it grow; it shrinks
 * when all rules allow it. Once this is set, the number is Azure's: see docs/fleet.md for updates
 * that come while it differs from what the stack remembers.
 */
export interface FleetAutoscaleArgs {
  /** Least number of NVAs, 1 to 1000. Default: 2, so that one can fail. */
  minimum?: number;
  /** Greatest number of NVAs, `minimum` to 1000. Default: 10. */
  maximum?: number;
  /**
   * The number grows when the processors are busier than this on average, 2 to 99 percent. Default:
   * 60. Packets are worked on by all processors, so the average tells.
   */
  scaleOutCpuPercent?: number;
  /**
   * The number shrinks when they are less busy than this, 1 to 98 percent. Default: two fifths of
   * `scaleOutCpuPercent`. The NVAs that stay must carry the load without growing again: at
   * `minimum` + 1 NVAs Azure would not shrink, or go to and fro.
   */
  scaleInCpuPercent?: number;
  /**
   * The number grows when an NVA receives more than this on average, 1 to 200,000 Mbit/s. Default:
   * no such rule. Both directions of a flow come in by the NVA's one NIC; the VM size sets how much
   * it can take.
   */
  scaleOutMbps?: number;
  /**
   * The number shrinks when it receives less than this, 0.1 to 199,999 Mbit/s. Default: two fifths
   * of `scaleOutMbps`. Only with that.
   */
  scaleInMbps?: number;
  /** NVAs that come or go at once, 1 to 100. Default: 1. */
  step?: number;
  /** Minutes that the average is taken over, 5 to 720. Default: 5. */
  windowMinutes?: number;
  /** Minutes between two changes of the number, 1 to 1440. Default: 5. */
  cooldownMinutes?: number;
}

/** A measure with the values at which the number grows and shrinks. */
export interface Thresholds {
  scaleOut: number;
  scaleIn: number;
}

/** The rules with everything decided. */
export interface Autoscale {
  minimum: number;
  maximum: number;
  cpuPercent: Thresholds;
  mbps?: Thresholds;
  step: number;
  windowMinutes: number;
  cooldownMinutes: number;
}

/** Share of the growing threshold at which the number shrinks. */
const SHRINK_AT = 0.4;

/** Bytes a minute, which is what the metrics of Azure's network interfaces count, in a Mbit/s. */
const BYTES_A_MINUTE = (60 * 1_000_000) / 8;

/** Fills in what the user left out. */
export function planAutoscale(args: FleetAutoscaleArgs): Autoscale {
  const { scaleOutCpuPercent = 60, scaleOutMbps, scaleInMbps } = args;
  return {
    minimum: args.minimum ?? 2,
    maximum: args.maximum ?? 10,
    cpuPercent: {
      scaleOut: scaleOutCpuPercent,
      scaleIn: args.scaleInCpuPercent ?? Math.floor(scaleOutCpuPercent * SHRINK_AT),
    },
    ...(typeof scaleOutMbps === "number"
      ? { mbps: { scaleOut: scaleOutMbps, scaleIn: scaleInMbps ?? scaleOutMbps * SHRINK_AT } }
      : {}),
    step: args.step ?? 1,
    windowMinutes: args.windowMinutes ?? 5,
    cooldownMinutes: args.cooldownMinutes ?? 5,
  };
}

/** Every problem of the rules, in reading order. */
export function autoscaleProblems(args: FleetAutoscaleArgs): Problem[] {
  const autoscale = planAutoscale(args);
  const { minimum, maximum, cpuPercent, mbps } = autoscale;
  const least = wholeReason(minimum, 1, 1000);
  const fewest = least === undefined ? minimum : 1;
  const stray = () => "must be left out without scaleOutMbps";
  return [
    ...at("minimum", least),
    ...at("maximum", wholeReason(maximum, fewest, 1000)),
    ...thresholdProblems("CpuPercent", cpuPercent, { least: 1, most: 99 }, fewest),
    ...(mbps === undefined
      ? at("scaleInMbps", optional(args.scaleInMbps, stray))
      : thresholdProblems("Mbps", mbps, { least: 0.1, most: 200_000 }, fewest)),
    ...at("step", wholeReason(autoscale.step, 1, 100)),
    ...at("windowMinutes", wholeReason(autoscale.windowMinutes, 5, 720, "minutes")),
    ...at("cooldownMinutes", wholeReason(autoscale.cooldownMinutes, 1, 1440, "minutes")),
  ];
}

interface Range {
  least: number;
  most: number;
}

function thresholdProblems(
  unit: string,
  { scaleOut, scaleIn }: Thresholds,
  { least, most }: Range,
  minimum: number,
): Problem[] {
  const number = (value: number): Reason =>
    typeof value === "number" && value >= least && value <= most
      ? undefined
      : `must be a number from ${least} to ${most}, got ${shown(value)}`;
  const bad = at(`scaleOut${unit}`, number(scaleOut)).concat(at(`scaleIn${unit}`, number(scaleIn)));
  if (bad.length > 0) return bad;
  // One NVA fewer: the rest carries this. Azure does the same sum before it removes one.
  const highest = (scaleOut * minimum) / (minimum + 1);
  const reason =
    scaleIn < highest
      ? undefined
      : `must be below ${highest.toFixed(1)}, or ${minimum} NVAs would at once be asked to be ${minimum + 1} again (scaleOut${unit} ${scaleOut}), got ${scaleIn}`;
  return at(`scaleIn${unit}`, reason);
}

/** The profile of an autoscale setting, in the fields of azure-native. */
export function autoscaleProfile(autoscale: Autoscale, capacity: number, scaleSetId: string) {
  const { minimum, maximum, cpuPercent, mbps } = autoscale;
  const rule = (metricName: string, threshold: number, grow: boolean) => ({
    metricTrigger: {
      metricName,
      metricResourceUri: scaleSetId,
      timeGrain: "PT1M",
      statistic: "Average" as const,
      timeWindow: `PT${autoscale.windowMinutes}M`,
      timeAggregation: "Average" as const,
      operator: grow ? ("GreaterThan" as const) : ("LessThan" as const),
      threshold,
    },
    scaleAction: {
      direction: grow ? ("Increase" as const) : ("Decrease" as const),
      type: "ChangeCount" as const,
      value: String(autoscale.step),
      cooldown: `PT${autoscale.cooldownMinutes}M`,
    },
  });
  const pair = (metricName: string, { scaleOut, scaleIn }: Thresholds, unit: number) => [
    rule(metricName, scaleOut * unit, true),
    rule(metricName, scaleIn * unit, false),
  ];
  return {
    name: "load",
    // Where Azure has no measurement it takes the default, if fewer are there.
    capacity: { minimum: String(minimum), maximum: String(maximum), default: String(capacity) },
    rules: [
      ...pair("Percentage CPU", cpuPercent, 1),
      ...(mbps === undefined ? [] : pair("Network In Total", mbps, BYTES_A_MINUTE)),
    ],
  };
}
