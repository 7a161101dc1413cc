/** A fleet of NVAs: how many, where, and how they are upgraded, repaired and taken away. */
import { parseNetwork } from "../../azure/addresses";
import {
  at,
  choiceReason,
  type Problem,
  type Reason,
  under,
  wholeReason,
} from "../../check/problem";
import {
  type Autoscale,
  autoscaleProblems,
  type FleetAutoscaleArgs,
  planAutoscale,
} from "./autoscale";
import { zonesProblems } from "./nva";

/** Which NVAs go first when their number falls; zones are kept in balance before that. */
export const FleetScaleIn = {
  /** Azure's choice: the newest ones. */
  Default: "Default",
  /** The oldest ones, so that no NVA gets old. */
  OldestVM: "OldestVM",
  /** The newest ones. */
  NewestVM: "NewestVM",
} as const;
export type FleetScaleIn = (typeof FleetScaleIn)[keyof typeof FleetScaleIn];

/**
 * A fleet: a Flexible scale set of equal NVAs behind the gateway's pool, in place of the one VM.
 * The machine itself is described by `nva`. Spot capacity is not offered: Azure takes a spot VM
 * away with 30 seconds of notice, and its flows with it.
 */
export interface FleetArgs {
  /**
   * Number of NVAs, 1 to 1000, as many as the NVA subnet has addresses for. Default: 3, or
   * `autoscale.minimum` if that is more. Two healthy NVAs are the least for which Azure's service
   * level holds. Changed in place. With `autoscale`: the number to begin with; later changes have
   * no effect.
   */
  capacity?: number;
  /**
   * Availability zones that the NVAs are spread over, of `1`, `2`, `3`. Default: none, which is
   * what regions without zones need. Azure fixes them for the scale set's life, so a change makes a
   * second scale set in the same pool, then removes the first, whose NVAs drain.
   */
  zones?: string[];
  /**
   * Rules by which Azure changes the number of NVAs. Default: none, the number stays `capacity`.
   */
  autoscale?: FleetAutoscaleArgs;
  /** How a change reaches NVAs that run. Default: by fifths, each healthy before the next. */
  upgrade?: FleetUpgradeArgs;
  /** By what Azure tells a healthy NVA. Default: three answers, 5 seconds apart. */
  health?: FleetHealthArgs;
  /** Treatment of an NVA that is not healthy. Default: Azure replaces it after 10 minutes. */
  repairs?: FleetRepairsArgs;
  /**
   * Minutes between the announcement that an NVA is to be deleted and its end, 5 to 15. Default: 5.
   * New flows go elsewhere at once; those that end within the notice are not cut. An NVA without
   * flows goes at once. Changed in place; it holds for an NVA after its upgrade.
   */
  terminateNoticeMinutes?: number;
  /** Which NVAs go first when the number falls. Default: `Default`, Azure's choice. */
  scaleIn?: FleetScaleIn;
  /**
   * True keeps the one VM of a provider without `fleet` beside the scale set, in the same pool.
   * Default: false. It is for the way from one to the other and back without a gap: an update with
   * true, then, when all are healthy, one with the other thing taken away.
   */
  keepNva?: boolean;
}

/** How a change reaches NVAs that run: Azure's rolling upgrade, in batches. */
export interface FleetUpgradeArgs {
  /** Share of the NVAs that is changed at once, 5 to 100 percent, at least one. Default: 20. */
  batchPercent?: number;
  /**
   * Most NVAs that may be unhealthy, upgraded or not, for a batch to start, `batchPercent` to 100
   * percent. Default: 50, or `batchPercent` if that is more: the batch that a bad change has
   * spoiled must not keep the good one out.
   */
  unhealthyPercent?: number;
  /**
   * Most of the upgraded NVAs that may be unhealthy for the next batch to start, 0 to 100 percent.
   * Default: 20.
   */
  unhealthyUpgradedPercent?: number;
  /**
   * Seconds between two batches, 0 to 3600. Default: 90: a policy may take a minute until NVAs see
   * it, and one that they refuse must show in their health before the next batch gets it.
   */
  pauseSeconds?: number;
  /**
   * True makes new NVAs for every change and deletes the old ones, instead of changing them where
   * they are. Default: false: a new policy then reaches NVAs that run in seconds, and costs no
   * flow. It needs quota and addresses for a batch more. Changes of what NVAs boot from, such as
   * `nva.mtu`, are refused without it unless `nva.imageVersion` changes too: Azure gives them to
   * NVAs with a new disk only.
   */
  surge?: boolean;
}

/** By what Azure tells a healthy NVA: the Application Health extension, asking inside the NVA. */
export interface FleetHealthArgs {
  /** Seconds between two questions, 5 to 60. Default: 5. */
  intervalSeconds?: number;
  /** Equal answers in a row that change the verdict, 1 to 24. Default: 3. */
  probes?: number;
  /**
   * Seconds that a new NVA has until its first good answer, `intervalSeconds` times `probes` to
   * 14,400. Default: 600. After that it counts as unhealthy.
   */
  bootSeconds?: number;
}

/** Treatment of an NVA that is not healthy: Azure deletes it and makes a new one. */
export interface FleetRepairsArgs {
  /** False leaves it as it is. Default: true. */
  enabled?: boolean;
  /**
   * Minutes after a change of the NVA's state in which it is left alone, 10 to 90. Default: 10, the
   * least that Azure takes.
   */
  graceMinutes?: number;
}

/** The fleet with everything decided. */
export interface Fleet {
  capacity: number;
  zones: string[];
  autoscale?: Autoscale;
  upgrade: Required<FleetUpgradeArgs>;
  health: Required<FleetHealthArgs>;
  repairs: Required<FleetRepairsArgs>;
  terminateNoticeMinutes: number;
  scaleIn: FleetScaleIn;
  keepNva: boolean;
}

/** Most instances of a Flexible scale set. */
export const CAPACITY_MAX = 1000;

/** In each subnet Azure keeps five addresses. */
const KEPT_ADDRESSES = 5;

/** Fills in what the user left out. */
export function planFleet(args: FleetArgs): Fleet {
  const autoscale = args.autoscale === undefined ? undefined : planAutoscale(args.autoscale);
  const batchPercent = args.upgrade?.batchPercent ?? 20;
  return {
    capacity: args.capacity ?? Math.max(3, autoscale?.minimum ?? 0),
    zones: [...(args.zones ?? [])].sort(),
    autoscale,
    upgrade: {
      batchPercent,
      unhealthyPercent: args.upgrade?.unhealthyPercent ?? Math.max(50, batchPercent),
      unhealthyUpgradedPercent: args.upgrade?.unhealthyUpgradedPercent ?? 20,
      pauseSeconds: args.upgrade?.pauseSeconds ?? 90,
      surge: args.upgrade?.surge ?? false,
    },
    health: {
      intervalSeconds: args.health?.intervalSeconds ?? 5,
      probes: args.health?.probes ?? 3,
      bootSeconds: args.health?.bootSeconds ?? 600,
    },
    repairs: {
      enabled: args.repairs?.enabled ?? true,
      graceMinutes: args.repairs?.graceMinutes ?? 10,
    },
    terminateNoticeMinutes: args.terminateNoticeMinutes ?? 5,
    scaleIn: args.scaleIn ?? FleetScaleIn.Default,
    keepNva: args.keepNva ?? false,
  };
}

/**
 * Every problem of a fleet, in reading order. `nvaSubnetPrefix` is what is known of the subnet's
 * size.
 */
export function fleetProblems(args: FleetArgs, nvaSubnetPrefix: string | undefined): Problem[] {
  const fleet = planFleet(args);
  const { capacity, autoscale, health, repairs } = fleet;
  return [
    ...at("capacity", capacityReason(fleet)),
    ...zonesProblems("zones", args.zones ?? []),
    ...under("autoscale", args.autoscale === undefined ? [] : autoscaleProblems(args.autoscale)),
    ...at(
      autoscale === undefined || capacity > autoscale.maximum ? "capacity" : "autoscale.maximum",
      roomReason(fleet, nvaSubnetPrefix),
    ),
    ...under("upgrade", upgradeProblems(fleet.upgrade)),
    ...under("health", healthProblems(health)),
    ...at("repairs.graceMinutes", wholeReason(repairs.graceMinutes, 10, 90, "minutes")),
    ...at("terminateNoticeMinutes", wholeReason(fleet.terminateNoticeMinutes, 5, 15, "minutes")),
    ...at("scaleIn", choiceReason(fleet.scaleIn, Object.values(FleetScaleIn))),
  ];
}

/** Choices that are allowed, and not wise. */
export function fleetWarnings({ capacity, autoscale }: Fleet): Problem[] {
  const least = autoscale?.minimum ?? capacity;
  return least > 1
    ? []
    : at(
        autoscale === undefined ? "capacity" : "autoscale.minimum",
        "one NVA has nobody to take its flows: while it is upgraded or replaced nothing passes",
      );
}

function capacityReason({ capacity, autoscale }: Fleet): Reason {
  const whole = wholeReason(capacity, 1, CAPACITY_MAX);
  if (whole !== undefined || autoscale === undefined) return whole;
  const { minimum, maximum } = autoscale;
  return capacity >= minimum && capacity <= maximum
    ? undefined
    : `must be within the bounds of autoscale, ${minimum} to ${maximum}, got ${capacity}`;
}

/** An NVA needs an address; so does each one that a surge makes before the old ones go. */
function roomReason(fleet: Fleet, nvaSubnetPrefix: string | undefined): Reason {
  const subnet = parseNetwork(nvaSubnetPrefix ?? "");
  if (subnet?.family !== 4) return undefined;
  const most = Math.max(fleet.capacity, fleet.autoscale?.maximum ?? 0);
  const surge = fleet.upgrade.surge ? Math.ceil((most * fleet.upgrade.batchPercent) / 100) : 0;
  const needed = most + surge + (fleet.keepNva ? 1 : 0);
  const free = 2 ** (32 - subnet.prefix) - KEPT_ADDRESSES;
  return needed <= free
    ? undefined
    : `needs ${needed} addresses, the NVA subnet ${nvaSubnetPrefix} has ${free}: give it a larger nvaSubnetPrefix, or fewer NVAs`;
}

function upgradeProblems(upgrade: Required<FleetUpgradeArgs>): Problem[] {
  const { batchPercent, unhealthyPercent, unhealthyUpgradedPercent, pauseSeconds } = upgrade;
  const batch = wholeReason(batchPercent, 5, 100, "percent");
  const least = batch === undefined ? batchPercent : 5;
  return [
    ...at("batchPercent", batch),
    ...at("unhealthyPercent", wholeReason(unhealthyPercent, least, 100, "percent")),
    ...at("unhealthyUpgradedPercent", wholeReason(unhealthyUpgradedPercent, 0, 100, "percent")),
    ...at("pauseSeconds", wholeReason(pauseSeconds, 0, 3600, "seconds")),
  ];
}

function healthProblems({ intervalSeconds, probes, bootSeconds }: Required<FleetHealthArgs>) {
  const interval = wholeReason(intervalSeconds, 5, 60, "seconds");
  const count = wholeReason(probes, 1, 24);
  const least = interval === undefined && count === undefined ? intervalSeconds * probes : 5;
  return [
    ...at("intervalSeconds", interval),
    ...at("probes", count),
    ...at("bootSeconds", wholeReason(bootSeconds, least, 14_400, "seconds")),
  ];
}
