import { randomUUID } from "node:crypto";
import { instancesOf, isLatest, recordOf } from "../../compute/scaleSets/instances";
import { modelDigest, profileOf, SCALE_SET_TYPE } from "../../compute/scaleSets/model";
import { settleScaleSet } from "../../compute/scaleSets/settle";
import { asBody, asText, type Body, type StoredResource } from "../resource";
import type { Put, World } from "../world";
import { machineName } from "./computeShape";
import { type ResourceType, withProperties } from "./definition";
import { healthProblems, healthSourceProblems } from "./scaleSetHealth";
import { fixedProblems, modeProblems, upgradeProblems } from "./scaleSetPolicies";
import { extensionProblems, instanceProblems } from "./scaleSetProfile";
import { scaleSetShape } from "./scaleSetShape";
import { exactVersionOf } from "./virtualMachineImage";

/** A Flexible scale set. azure-native plans no replacement for it. */
export const virtualMachineScaleSet: ResourceType = {
  type: SCALE_SET_TYPE,
  token: "azure-native:compute:VirtualMachineScaleSet",
  getter: "azure-native:compute:getVirtualMachineScaleSet",
  apiVersion: "2024-11-01",
  path: ["resourceGroupName", "vmScaleSetName"],
  name: machineName,
  located: true,
  keepsOmitted: true,
  shape: scaleSetShape,
  prepare,
  ownRules: [fixedProblems],
  rules: [
    modeProblems,
    upgradeProblems,
    instanceProblems,
    extensionProblems,
    healthProblems,
    healthSourceProblems,
  ],
  afterPut: settleScaleSet,
  present: (stored, world, expand) =>
    expand === "instanceView"
      ? withProperties(stored, { instanceView: instanceViewOf(stored, world) })
      : stored,
  takesAlong: (existing, world) => instancesOf(existing.id, world).map((vm) => vm.id),
};

/** How many instances are how, and whether automatic repairs go on. */
function instanceViewOf(set: StoredResource, world: World): Body {
  const instances = instancesOf(set.id, world);
  const count = (code: string, some: readonly StoredResource[]) => ({ code, count: some.length });
  const by = (state: string) => instances.filter((vm) => recordOf(vm)?.health?.state === state);
  const suspended = asBody(set.properties.repairs)?.suspended === true;
  const latest = instances.filter((vm) => isLatest(set, vm));
  return {
    virtualMachine: {
      statusesSummary: [
        count("ProvisioningState/succeeded", instances),
        ...["Healthy", "Unhealthy", "Unknown", "Initializing"]
          .map((state) => count(`HealthState/${state.toLowerCase()}`, by(state)))
          .filter((entry) => entry.count > 0),
        // Azure says this per instance, as latestModelApplied.
        count("LatestModelApplied/true", latest),
      ],
    },
    orchestrationServices: [
      { serviceName: "AutomaticRepairs", serviceState: suspended ? "Suspended" : "Running" },
    ],
  };
}

function prepare(put: Put): void {
  const { desired, existing } = put;
  const { properties } = desired;
  if (existing !== undefined) keepUnsaid(desired, existing);
  properties.uniqueId = existing?.properties.uniqueId ?? randomUUID();
  properties.timeCreated = existing?.properties.timeCreated ?? new Date().toISOString();
  properties.singlePlacementGroup ??= false;
  desired.sku = { tier: "Standard", capacity: existing?.sku?.capacity ?? 0, ...desired.sku };
  properties.upgradePolicy = { mode: "Manual", ...asBody(properties.upgradePolicy) };
  properties.scaleInPolicy ??= { rules: ["Default"], forceDeletion: false };
  policyDefaults(desired);
  const image = asBody(asBody(profileOf(desired).storageProfile)?.imageReference);
  if (image !== undefined) image.exactVersion = exactVersionOf(image);
  const before = Number(existing?.properties.modelVersion ?? 0);
  const same = existing !== undefined && modelDigest(existing) === modelDigest(desired);
  properties.modelVersion = same ? before : before + 1;
}

function policyDefaults({ properties }: StoredResource): void {
  const upgrade = asBody(properties.upgradePolicy) ?? {};
  if (upgrade.mode === "Rolling") {
    upgrade.rollingUpgradePolicy = {
      maxBatchInstancePercent: 20,
      maxUnhealthyInstancePercent: 20,
      maxUnhealthyUpgradedInstancePercent: 20,
      pauseTimeBetweenBatches: "PT0S",
      maxSurge: false,
      rollbackFailedInstancesOnPolicyBreach: false,
      ...asBody(upgrade.rollingUpgradePolicy),
    };
  }
  const repairs = asBody(properties.automaticRepairsPolicy);
  if (repairs?.enabled === true) {
    repairs.gracePeriod ??= "PT10M";
    repairs.repairAction ??= "Replace";
  }
}

/** Values that no answer shows: a write may leave them out without meaning to remove them. */
function keepUnsaid(desired: StoredResource, existing: StoredResource): void {
  const profile = asBody(desired.properties.virtualMachineProfile);
  const before = profileOf(existing);
  if (profile === undefined) return;
  if (profile.userData === undefined && before.userData !== undefined) {
    profile.userData = before.userData;
  }
  if (asText(profile.userData) === "") delete profile.userData;
  const os = asBody(profile.osProfile);
  const customData = asBody(before.osProfile)?.customData;
  if (os !== undefined && os.customData === undefined && customData !== undefined) {
    os.customData = customData;
  }
}
