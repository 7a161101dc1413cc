/** Properties that a network resource keeps for life: SKU and zones. */
import { type ArmError, refuse } from "../errors";
import { asTexts, type StoredResource } from "../resource";
import { refusalsOf } from "../rules";
import { issue } from "../sources";

const refusals = refusalsOf("Microsoft.Network/publicIPAddresses", {
  sku: {
    code: "SkuCannotBeChangedOnUpdate",
    says: "The SKU of an address or a load balancer is fixed at creation.",
    reported: `of addresses: ${issue("Azure/azure-cli", 27806)}; taken to hold for load balancers`,
  },
  zones: {
    code: "ResourceAvailabilityZonesCannotBeModified",
    says: "Zones are fixed at creation.",
    reported: issue("Azure/azure-powershell", 14326),
  },
});

/** The SKU is fixed at creation, of public addresses as of load balancers. */
export function* skuChange(desired: StoredResource, existing: StoredResource): Generator<ArmError> {
  for (const field of ["name", "tier"]) {
    const [before, after] = [existing.sku?.[field], desired.sku?.[field]];
    if (before === after) continue;
    yield refuse(
      refusals.sku,
      `Sku property is set at creation time and cannot be changed from ${before} to ${after} on resource update for resource ${desired.id}.`,
      `sku.${field}`,
    );
  }
}

/** Zones are fixed at creation, of public addresses as of most resources. */
export function* zoneChange(
  desired: StoredResource,
  existing: StoredResource,
): Generator<ArmError> {
  const before = asTexts(existing.zones).join(",") || "NoZone";
  const after = asTexts(desired.zones).join(",") || "NoZone";
  if (before === after) return;
  yield refuse(
    refusals.zones,
    `Resource ${desired.id} has an existing availability zone constraint ${before} and the request has availability zone constraint ${after}, which do not match. Zones cannot be added/updated/removed once the resource is created.`,
    "zones",
  );
}
