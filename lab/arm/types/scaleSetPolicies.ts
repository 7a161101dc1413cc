/** Rules for a scale set as a whole: its mode, its zones, its policies, and what never changes. */
import { isDeepStrictEqual } from "node:util";
import { capacityOf } from "../../compute/scaleSets/instances";
import { profileOf } from "../../compute/scaleSets/model";
import { durationSeconds } from "../durations";
import { type ArmError, conflict, refuse } from "../errors";
import { asBody, asText, asTexts, type Body } from "../resource";
import type { Put } from "../world";

/** Most instances of a Flexible scale set. */
export const MAX_INSTANCES = 1000;

const invalid = (message: string, target: string) => refuse("InvalidParameter", message, target);

/** The mode, and what goes with Flexible. */
export function* modeProblems({ desired }: Put): Generator<ArmError> {
  const { properties, sku, identity } = desired;
  if (properties.orchestrationMode !== "Flexible") {
    yield invalid(
      `The embedded Azure carries orchestrationMode Flexible only; ${desired.name} is Uniform, which is also what Azure takes where nothing is said.`,
      "orchestrationMode",
    );
    return;
  }
  if (asText(sku?.name) === undefined)
    yield invalid("Required parameter 'sku.name' is missing (null).", "sku.name");
  if (capacityOf(desired) > MAX_INSTANCES) {
    yield invalid(
      `sku.capacity is ${capacityOf(desired)}; ${MAX_INSTANCES} instances are allowed.`,
      "sku.capacity",
    );
  }
  const domains = properties.platformFaultDomainCount;
  if (domains === undefined) {
    yield invalid(
      "Required parameter 'platformFaultDomainCount' is missing (null).",
      "platformFaultDomainCount",
    );
  } else if (asTexts(desired.zones).length > 0 && domains !== 1) {
    yield invalid(
      `platformFaultDomainCount is ${domains}; across zones it must be 1.`,
      "platformFaultDomainCount",
    );
  } else if (Number(domains) > 3) {
    yield invalid(
      `platformFaultDomainCount is ${domains}; 1 to 3 are possible.`,
      "platformFaultDomainCount",
    );
  }
  if (properties.overprovision === true) {
    yield invalid(
      "overprovision is not supported for orchestrationMode Flexible.",
      "overprovision",
    );
  }
  if (properties.singlePlacementGroup === true) {
    yield invalid(
      "singlePlacementGroup must be false for orchestrationMode Flexible.",
      "singlePlacementGroup",
    );
  }
  if (asText(identity?.type)?.includes("SystemAssigned")) {
    yield refuse(
      "InvalidIdentityValues",
      "orchestrationMode Flexible takes user-assigned identities only.",
      "identity.type",
    );
  }
  if (properties.zoneBalance !== undefined && asTexts(desired.zones).length < 2) {
    yield invalid("zoneBalance can only be set with more than one zone.", "zoneBalance");
  }
}

/** The upgrade policy beyond the ranges of its numbers. */
export function* upgradeProblems({ desired }: Put): Generator<ArmError> {
  const policy = asBody(desired.properties.upgradePolicy) ?? {};
  const rolling = asBody(policy.rollingUpgradePolicy) ?? {};
  const path = "upgradePolicy.rollingUpgradePolicy";
  const pause = asText(rolling.pauseTimeBetweenBatches);
  if (pause !== undefined && durationSeconds(pause) === undefined) {
    yield invalid(
      `pauseTimeBetweenBatches '${pause}' is no ISO 8601 duration.`,
      `${path}.pauseTimeBetweenBatches`,
    );
  }
  if (rolling.rollbackFailedInstancesOnPolicyBreach === true) {
    yield invalid(
      "rollbackFailedInstancesOnPolicyBreach is not supported for orchestrationMode Flexible.",
      `${path}.rollbackFailedInstancesOnPolicyBreach`,
    );
  }
  const os = asBody(policy.automaticOSUpgradePolicy)?.enableAutomaticOSUpgrade === true;
  if (os && rolling.maxSurge === true) {
    yield invalid(
      "maxSurge cannot be used together with automatic OS upgrade on orchestrationMode Flexible.",
      `${path}.maxSurge`,
    );
  }
  if (
    os &&
    asBody(asBody(profileOf(desired).storageProfile)?.imageReference)?.version !== "latest"
  ) {
    yield invalid(
      "Automatic OS upgrade needs imageReference.version 'latest'.",
      "upgradePolicy.automaticOSUpgradePolicy",
    );
  }
}

/** Fixed for the life of a scale set, with the name that Azure gives in `target`. */
const FIXED: readonly [path: string, target: string][] = [
  ["properties.orchestrationMode", "orchestrationMode"],
  ["properties.platformFaultDomainCount", "platformFaultDomainCount"],
  ["properties.singlePlacementGroup", "singlePlacementGroup"],
  ["properties.proximityPlacementGroup", "proximityPlacementGroup"],
  // Documented as properties that are set at creation only.
  [
    "properties.virtualMachineProfile.storageProfile.imageReference.publisher",
    "imageReference.publisher",
  ],
  ["properties.virtualMachineProfile.storageProfile.imageReference.offer", "imageReference.offer"],
  [
    "properties.virtualMachineProfile.storageProfile.osDisk.managedDisk.storageAccountType",
    "osDisk.managedDisk.storageAccountType",
  ],
  ["properties.virtualMachineProfile.priority", "priority"],
  ["plan", "plan"],
];

const at = (resource: Body, path: string): unknown =>
  path.split(".").reduce<unknown>((value, key) => asBody(value)?.[key], resource);

/** Changes that Azure refuses; zones can be added, never taken away. */
export function* fixedProblems({ desired, existing }: Put): Generator<ArmError> {
  if (existing === undefined) return;
  for (const [path, target] of FIXED) {
    if (isDeepStrictEqual(at(desired, path), at(existing, path))) continue;
    yield conflict(
      "PropertyChangeNotAllowed",
      `Changing property '${target}' is not allowed.`,
      target,
    );
  }
  const before = asTexts(existing.zones);
  const after = asTexts(desired.zones);
  const regional = before.length === 0 && after.length > 0;
  if (regional || before.some((zone) => !after.includes(zone))) {
    yield conflict(
      "PropertyChangeNotAllowed",
      `Changing property 'zones' is not allowed: zones can be added to ${desired.name}, which has ${before.join(", ") || "none"}; the request has ${after.join(", ") || "none"}.`,
      "zones",
    );
  }
}
