/** Identities of resources in the directory: their own, and those that users made. */
import { type ArmError, refuse } from "./errors";
import { referenceProblems } from "./inUse";
import { guidOf, TENANT } from "./principals";
import { asBody, asText } from "./resource";
import { refusalsOf } from "./rules";
import { quoted } from "./sources";
import type { Put } from "./world";

const refusals = refusalsOf("Every resource", {
  identity: {
    code: "InvalidIdentityValues",
    says: "User-assigned identities come with their type, and the type with identities.",
    reported: quoted("InvalidIdentityValues"),
  },
});

const IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities";

/** User-assigned identities go with their type, and are there. */
export function* identityProblems(put: Put): Generator<ArmError> {
  const { type, userAssignedIdentities } = put.desired.identity ?? {};
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

/** Adds what the directory knows: a principal for the resource itself, and whom its identities stand for. */
export function nameIdentities({ desired, existing, world, serial }: Put): void {
  const { identity } = desired;
  if (identity === undefined) return;
  if (asText(identity.type)?.includes("SystemAssigned")) {
    identity.tenantId = TENANT;
    identity.principalId =
      existing?.identity?.principalId ?? guidOf(`principal ${serial} of ${desired.id}`);
  }
  const ids = asBody(identity.userAssignedIdentities) ?? {};
  for (const id of Object.keys(ids)) {
    const { principalId, clientId } = world.get(id)?.properties ?? {};
    if (principalId !== undefined) ids[id] = { principalId, clientId };
  }
}
