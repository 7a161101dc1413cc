/** A scale set's rolling upgrade as the store keeps it, and as Azure shows it. */
import { asBody, type Body, type StoredResource } from "../../arm/resource";
import { refusalsOf } from "../../arm/rules";
import { docs } from "../../arm/sources";
import type { Service } from "../../arm/world";
import { instancesOf, isLatest, modelVersionOf } from "./instances";

const refusals = refusalsOf("Microsoft.Compute/virtualMachineScaleSets", {
  breach: {
    code: "RollingUpgradePolicyBreach",
    says: "An upgrade goes on while no more instances are unwell than the policy allows.",
    ours: true,
    documented: docs.rolling,
  },
});

/** One instance of a batch that is under way. */
export interface BatchMember {
  id: string;
  /** The run that it had when it was told; another one must follow if it must restart. */
  epoch: string;
  restarts: boolean;
  /** Questions that its health extension had asked in that run. */
  answers: number;
}

/** A batch that is under way; times are milliseconds since 1970. */
export interface Batch {
  startedAt: number;
  members: BatchMember[];
  /** Instances that go when the members, which are new, are well. */
  replaces: string[];
}

/** A rolling upgrade as it is kept in the store. */
export interface RollingState {
  /** Version of the model that it brings. */
  model: number;
  status: "RollingForward" | "Completed" | "Faulted" | "Cancelled";
  startedAt: number;
  changedAt: number;
  batch?: Batch;
  /** Instances that were upgraded, and of these the ones that are not well. */
  upgraded: string[];
  failed: { id: string; reason: string }[];
  /** The next batch begins then at the earliest. */
  pauseUntil?: number;
  /** Why it ended early. */
  error?: string;
}

/** The last upgrade of a scale set; undefined before the first. */
export const upgradeOf = (set: StoredResource): RollingState | undefined =>
  asBody(set.properties.upgrade) as RollingState | undefined;

/** Begins an upgrade to the model of now; one that is under way ends with that. */
export function beginUpgrade(set: StoredResource, service: Service): void {
  const now = Date.now();
  const state: RollingState = {
    model: modelVersionOf(set),
    status: "RollingForward",
    startedAt: now,
    changedAt: now,
    upgraded: [],
    failed: [],
  };
  writeUpgrade(set, state, service);
}

/** Ends an upgrade that is under way; what it has done stays. */
export function cancelUpgrade(set: StoredResource, service: Service): void {
  const state = upgradeOf(set);
  if (state?.status !== "RollingForward") return;
  const { batch: _, ...rest } = state;
  writeUpgrade(set, { ...rest, status: "Cancelled", changedAt: Date.now() }, service);
}

/** Writes how far an upgrade is, and the view of it that Azure gives. */
export function writeUpgrade(set: StoredResource, state: RollingState, service: Service): void {
  const instances = instancesOf(set.id, service.world);
  service.amend(set.id, (changed) => {
    changed.properties.upgrade = state;
    const pending = instances.filter((vm) => !isLatest(changed, vm)).length;
    changed.properties.rollingUpgrades = [shownUpgrade(changed, state, pending)];
  });
}

/** `rollingUpgrades/latest`. */
function shownUpgrade(set: StoredResource, state: RollingState, pending: number): Body {
  const at = (time: number) => new Date(time).toISOString();
  const failed = state.failed.length;
  return {
    id: `${set.id}/rollingUpgrades/latest`,
    name: "latest",
    type: "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades",
    location: set.location,
    properties: {
      policy: asBody(set.properties.upgradePolicy)?.rollingUpgradePolicy,
      runningStatus: {
        code: state.status,
        startTime: at(state.startedAt),
        lastAction: state.status === "Cancelled" ? "Cancel" : "Start",
        lastActionTime: at(state.changedAt),
      },
      progress: {
        successfulInstanceCount: state.upgraded.length - failed,
        failedInstanceCount: failed,
        inProgressInstanceCount: state.batch?.members.length ?? 0,
        pendingInstanceCount: pending,
      },
      ...(state.error === undefined
        ? {}
        : { error: { code: refusals.breach.code, message: state.error } }),
    },
  };
}
