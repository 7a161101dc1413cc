/** Where a machine stands, who it is, and how it is told of its end. */
import { type ArmError, refuse } from "../errors";
import { referenceProblems } from "../inUse";
import { asBody, asText, asTexts, refOf } from "../resource";
import { refusalsOf } from "../rules";
import { docs, quoted } from "../sources";
import type { Put } from "../world";

const refusals = refusalsOf("Microsoft.Compute/virtualMachines", {
  zoneAndSet: {
    code: "BadRequest",
    says: "A machine is in a zone or in an availability set.",
    assumed: "The two contradict each other; no source shows the refusal.",
  },
  identity: {
    code: "InvalidIdentityValues",
    says: "User-assigned identities come with their type, and the type with identities.",
    reported: quoted("InvalidIdentityValues"),
  },
  attached: {
    code: "OperationNotAllowed",
    http: 409,
    says: "A machine becomes an instance by its scale set making it.",
    assumed: "Azure attaches machines, too, which the lab does not carry.",
  },
  notice: {
    code: "InvalidParameter",
    says: "The notice before the end is 5 to 15 minutes.",
    documented: docs.terminate,
  },
});

const IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities";

/** Zones, availability set and identities. */
export function* placeProblems(put: Put): Generator<ArmError> {
  const { desired } = put;
  if (asTexts(desired.zones).length > 0 && desired.properties.availabilitySet !== undefined) {
    yield refuse(
      refusals.zoneAndSet,
      "Virtual Machine cannot be created in both an availability zone and an availability set.",
      "zones",
    );
  }
  const { type, userAssignedIdentities } = desired.identity ?? {};
  const ids = Object.keys(asBody(userAssignedIdentities) ?? {});
  const wanted = asText(type)?.includes("UserAssigned") === true;
  if (wanted !== ids.length > 0) {
    yield refuse(
      refusals.identity,
      `identity.type is ${type} with ${ids.length} user-assigned identities: UserAssigned goes with at least one, and only that.`,
      "identity",
    );
  }
  for (const id of ids) {
    yield* referenceProblems(put, id, [IDENTITY], "identity.userAssignedIdentities");
  }
}

/** A machine becomes an instance of a scale set only by the scale set making it. */
export function* scaleSetProblems({ desired, existing, byService }: Put): Generator<ArmError> {
  if (byService === true || existing !== undefined) return;
  if (desired.properties.virtualMachineScaleSet === undefined) return;
  yield refuse(
    refusals.attached,
    `The embedded Azure does not attach machines to scale sets: raise sku.capacity of ${refOf(desired.properties.virtualMachineScaleSet)}.`,
    "virtualMachineScaleSet",
  );
}

/** Notice before the end: 5 to 15 minutes, as an ISO duration. */
export function* noticeProblems({ desired }: Put): Generator<ArmError> {
  const profile = asBody(desired.properties.scheduledEventsProfile);
  const terminate = asBody(profile?.terminateNotificationProfile);
  const notice = asText(terminate?.notBeforeTimeout);
  if (notice === undefined || /^PT([5-9]|1[0-5])M$/.test(notice)) return;
  yield refuse(
    refusals.notice,
    `The value '${notice}' of terminateNotificationProfile.notBeforeTimeout must be PT5M to PT15M.`,
    "scheduledEventsProfile.terminateNotificationProfile.notBeforeTimeout",
  );
}
