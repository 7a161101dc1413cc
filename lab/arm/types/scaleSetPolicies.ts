/** Rules for a scale set as a whole: its mode, its zones, its policies, and what never changes. */
import { isDeepStrictEqual } from "node:util";
import { capacityOf } from "../../compute/scaleSets/instances";
import { profileOf } from "../../compute/scaleSets/model";
import { durationSeconds } from "../durations";
import { type ArmError, refuse } from "../errors";
import { asBody, asText, asTexts, type Body, type StoredResource } from "../resource";
import { refusalsOf } from "../rules";
import { docs, quoted } from "../sources";
import type { Put } from "../world";

const refusals = refusalsOf("Microsoft.Compute/virtualMachineScaleSets", {
  uniform: {
    code: "InvalidParameter",
    says: "A scale set is Flexible.",
    assumed: "The lab carries no Uniform one, which is what Azure makes where nothing is said.",
  },
  absent: {
    code: "InvalidParameter",
    says: "A scale set has a size and a number of fault domains.",
    assumed:
      "The sentence is Compute's own for a parameter that is missing; no source shows these.",
  },
  capacity: {
    code: "InvalidParameter",
    says: "A Flexible scale set has at most 1,000 instances.",
    documented: docs.orchestration,
  },
  domainsAcross: {
    code: "InvalidParameter",
    says: "Across zones a scale set has one fault domain.",
    documented: docs.orchestration,
  },
  domains: {
    code: "InvalidParameter",
    says: "A scale set has one to three fault domains.",
    documented: docs.machineErrors,
  },
  over: {
    code: "InvalidParameter",
    says: "A Flexible scale set does not overprovision.",
    documented: docs.orchestration,
  },
  onePlace: {
    code: "InvalidParameter",
    says: "A Flexible scale set is not in a single placement group.",
    assumed: "It belongs to Uniform ones; no source shows the refusal.",
  },
  identity: {
    code: "InvalidIdentityValues",
    says: "A Flexible scale set has user-assigned identities only.",
    documented: `${docs.orchestration}; the code: ${quoted("InvalidIdentityValues")}`,
  },
  balance: {
    code: "InvalidParameter",
    says: "zoneBalance goes with more than one zone.",
    documented: docs.types,
  },
  pause: {
    code: "InvalidParameter",
    says: "The pause between two batches is an ISO 8601 duration.",
    documented: docs.types,
  },
  rollback: {
    code: "InvalidParameter",
    says: "A Flexible scale set does not roll back.",
    documented: docs.rolling,
  },
  surge: {
    code: "InvalidParameter",
    says: "A Flexible scale set with upgrades of the image by itself has no surge.",
    documented: docs.surge,
  },
  latest: {
    code: "InvalidParameter",
    says: "Upgrades of the image by itself need its version to be latest.",
    documented: docs.autoOs,
  },
  fixed: {
    code: "PropertyChangeNotAllowed",
    says: "Mode, fault domains, placement, publisher and offer are fixed at creation.",
    http: 409,
    documented: `${docs.upgrade}; the code: ${docs.apiErrors}`,
  },
  zones: {
    code: "PropertyChangeNotAllowed",
    says: "A scale set across zones gets further ones and loses none; a regional one stays so.",
    http: 409,
    assumed: "No source says which other changes the service takes: the stricter reading.",
  },
});

/** Most instances of a Flexible scale set. */
export const MAX_INSTANCES = 1000;

/** The refusal of a number of instances. */
export const capacityProblem = (capacity: number): ArmError =>
  refuse(
    refusals.capacity,
    `sku.capacity is ${capacity}; 0 to ${MAX_INSTANCES} instances are allowed.`,
    "sku.capacity",
  );

/** The mode, and what goes with Flexible. */
export function* modeProblems({ desired }: Put): Generator<ArmError> {
  const { properties, sku } = desired;
  if (properties.orchestrationMode !== "Flexible") {
    yield refuse(
      refusals.uniform,
      `The embedded Azure carries orchestrationMode Flexible only; ${desired.name} is Uniform, which is also what Azure takes where nothing is said.`,
      "orchestrationMode",
    );
    return;
  }
  if (asText(sku?.name) === undefined)
    yield refuse(refusals.absent, "Required parameter 'sku.name' is missing (null).", "sku.name");
  if (capacityOf(desired) > MAX_INSTANCES) {
    yield capacityProblem(capacityOf(desired));
  }
  yield* faultDomainProblems(desired);
  yield* flexibleProblems(desired);
}

function* faultDomainProblems({ properties, zones }: StoredResource): Generator<ArmError> {
  const path = "platformFaultDomainCount";
  const domains = properties[path];
  if (domains === undefined) {
    yield refuse(refusals.absent, `Required parameter '${path}' is missing (null).`, path);
  } else if (asTexts(zones).length > 0 && domains !== 1) {
    yield refuse(refusals.domainsAcross, `${path} is ${domains}; across zones it must be 1.`, path);
  } else if (Number(domains) > 3) {
    yield refuse(refusals.domains, `${path} is ${domains}; 1 to 3 are possible.`, path);
  }
}

/** Properties that Flexible does not take, or not with these values. */
function* flexibleProblems({ properties, identity, zones }: StoredResource): Generator<ArmError> {
  if (properties.overprovision === true) {
    yield refuse(
      refusals.over,
      "overprovision is not supported for orchestrationMode Flexible.",
      "overprovision",
    );
  }
  if (properties.singlePlacementGroup === true) {
    yield refuse(
      refusals.onePlace,
      "singlePlacementGroup must be false for orchestrationMode Flexible.",
      "singlePlacementGroup",
    );
  }
  if (asText(identity?.type)?.includes("SystemAssigned")) {
    yield refuse(
      refusals.identity,
      "orchestrationMode Flexible takes user-assigned identities only.",
      "identity.type",
    );
  }
  if (properties.zoneBalance !== undefined && asTexts(zones).length < 2) {
    yield refuse(
      refusals.balance,
      "zoneBalance can only be set with more than one zone.",
      "zoneBalance",
    );
  }
}

/** The upgrade policy beyond the ranges of its numbers. */
export function* upgradeProblems({ desired }: Put): Generator<ArmError> {
  const policy = asBody(desired.properties.upgradePolicy) ?? {};
  const rolling = asBody(policy.rollingUpgradePolicy) ?? {};
  const path = "upgradePolicy.rollingUpgradePolicy";
  const pause = asText(rolling.pauseTimeBetweenBatches);
  if (pause !== undefined && durationSeconds(pause) === undefined) {
    yield refuse(
      refusals.pause,
      `pauseTimeBetweenBatches '${pause}' is no ISO 8601 duration.`,
      `${path}.pauseTimeBetweenBatches`,
    );
  }
  if (rolling.rollbackFailedInstancesOnPolicyBreach === true) {
    yield refuse(
      refusals.rollback,
      "rollbackFailedInstancesOnPolicyBreach is not supported for orchestrationMode Flexible.",
      `${path}.rollbackFailedInstancesOnPolicyBreach`,
    );
  }
  const os = asBody(policy.automaticOSUpgradePolicy)?.enableAutomaticOSUpgrade === true;
  if (os && rolling.maxSurge === true) {
    yield refuse(
      refusals.surge,
      "maxSurge cannot be used together with automatic OS upgrade on orchestrationMode Flexible.",
      `${path}.maxSurge`,
    );
  }
  if (
    os &&
    asBody(asBody(profileOf(desired).storageProfile)?.imageReference)?.version !== "latest"
  ) {
    yield refuse(
      refusals.latest,
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
    yield refuse(refusals.fixed, `Changing property '${target}' is not allowed.`, target);
  }
  const before = asTexts(existing.zones);
  const after = asTexts(desired.zones);
  const regional = before.length === 0 && after.length > 0;
  if (regional || before.some((zone) => !after.includes(zone))) {
    yield refuse(
      refusals.zones,
      `Changing property 'zones' is not allowed: zones can be added to ${desired.name}, which has ${before.join(", ") || "none"}; the request has ${after.join(", ") || "none"}.`,
      "zones",
    );
  }
}
