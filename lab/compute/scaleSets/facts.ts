/** Facts that the controller of scale sets decides from: plain values at one moment. */

/** Health of an instance as its extension says it; `Unknown` also while the machine is off. */
export const Health = {
  Initializing: "Initializing",
  Healthy: "Healthy",
  Unhealthy: "Unhealthy",
  Unknown: "Unknown",
} as const;
export type Health = (typeof Health)[keyof typeof Health];

/** An instance of a scale set. Times are milliseconds since 1970. */
export interface InstanceFacts {
  id: string;
  name: string;
  zone: string;
  /** Sorts by time of creation. */
  age: string;
  /** On the scale set's model of now. */
  latest: boolean;
  health: Health;
  /** The answer that the extension got. */
  reason: string;
  /** Changes with every run of the machine; empty while it is off. */
  epoch: string;
  /** Questions of the extension that were answered, or not in time, in this run. */
  answers: number;
  /** Answers alike that change its health; 0 without an extension. */
  probes: number;
  /** Last change of its state: a run began, or a model was written. */
  changedAt: number;
  /** On its way out, to be replaced or for good. */
  leaving: boolean;
  /** An event of it waits to be carried out. */
  noticed: boolean;
  /** The user has not switched it off. */
  wanted: boolean;
  /** Protected from upgrades, repairs and scale-in alike. */
  protectedFromActions: boolean;
  /** Repairs that it is the product of, since it was last healthy. */
  repairs: number;
}

/** Neither well nor on its way to be. */
export const isUnwell = ({ health }: InstanceFacts): boolean =>
  health === Health.Unhealthy || health === Health.Unknown;

/** `rollingUpgradePolicy`, durations in milliseconds of the lab's own time. */
export interface RollingPolicy {
  maxBatchPercent: number;
  maxUnhealthyPercent: number;
  maxUnhealthyUpgradedPercent: number;
  pauseMs: number;
  unhealthyFirst: boolean;
  /** Batches may mix zones. */
  crossZone: boolean;
  /** New instances come before old ones go. */
  surge: boolean;
}
