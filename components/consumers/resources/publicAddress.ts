import type * as pulumi from "@pulumi/pulumi";
import { type Declared, declare, existing } from "../../azure/azureResource";
import { type CommonInputs, commonOf } from "../../azure/commonInputs";

/** The inputs of a public address. */
export interface PublicAddressInputs extends CommonInputs {
  /** Its Azure name, but for the zones. */
  azureName: string;
  /** Availability zones, fixed for the address's life and so part of its Azure name. */
  zones?: string[];
  idleTimeoutMinutes?: number;
}

/**
 * A public address that can be chained: Standard and static, the only kind since the Basic one
 * was retired on 2025-09-30. A replacement comes before the old address goes, because Azure does
 * not delete one that is in use.
 */
export function createPublicAddress(
  name: string,
  inputs: PublicAddressInputs,
  parent: pulumi.Resource,
): Declared<"network:PublicIPAddress", "ipAddress"> {
  const { azureName, zones = [], idleTimeoutMinutes = 4 } = inputs;
  const sorted = [...zones].sort();
  const suffix = sorted.length === 0 ? "" : `-zones-${sorted.join("-")}`;
  return declare(
    "network:PublicIPAddress",
    name,
    {
      ...commonOf(inputs),
      publicIpAddressName: `${azureName}${suffix}`,
      sku: { name: "Standard", tier: "Regional" },
      publicIPAllocationMethod: "Static",
      publicIPAddressVersion: "IPv4",
      idleTimeoutInMinutes: idleTimeoutMinutes,
      ...(sorted.length === 0 ? {} : { zones: sorted }),
    },
    { parent, deleteBeforeReplace: false, replaceOnChanges: ["zones"] },
    ["ipAddress"],
  );
}

/** A public address that was there before, and stays. */
export const existingAddress = (
  name: string,
  id: pulumi.Input<string>,
  parent: pulumi.Resource,
): Declared<"network:PublicIPAddress", "ipAddress"> =>
  existing("network:PublicIPAddress", name, id, { parent }, ["ipAddress"]);
