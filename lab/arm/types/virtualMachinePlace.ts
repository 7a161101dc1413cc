/** Where a machine stands, who it is, and how it is told of its end. */
import { type ArmError, refuse } from "../errors";
import { identityProblems } from "../identities";
import { referenceProblems } from "../inUse";
import { asBody, asText, asTexts, refOf } from "../resource";
import { refusalsOf } from "../rules";
import { docs } from "../sources";
import type { Put } from "../world";

const refusals = refusalsOf("Microsoft.Compute/virtualMachines", {
  zoneAndSet: {
    code: "BadRequest",
    says: "A machine is in a zone or in an availability set.",
    assumed: "The two contradict each other; no source shows the refusal.",
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

const AVAILABILITY_SET = "Microsoft.Compute/availabilitySets";

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
  const set = desired.properties.availabilitySet;
  if (set !== undefined) {
    yield* referenceProblems(put, refOf(set), [AVAILABILITY_SET], "properties.availabilitySet");
  }
  yield* identityProblems(put);
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
