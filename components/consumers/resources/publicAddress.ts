import * as pulumi from "@pulumi/pulumi";
import { type Declared, declare, existing } from "../../azure/azureResource";
import { type CommonInputs, commonOf } from "../../azure/commonInputs";
import { addressPrefixSuffix, addressZonesSuffix } from "../../azure/names";

/** The inputs of a public address. */
export interface PublicAddressInputs extends CommonInputs {
  /** Its Azure name, but for the zones and the prefix. */
  azureName: string;
  /** Availability zones, fixed for the address's life and so part of its Azure name. */
  zones?: string[];
  /** Prefix that the address is of, by id; fixed like the zones. */
  prefixId?: pulumi.Input<string>;
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
  const { azureName, zones = [], prefixId, idleTimeoutMinutes = 4 } = inputs;
  const sorted = [...zones].sort();
  const zonal = `${azureName}${addressZonesSuffix(zones)}`;
  const full =
    prefixId === undefined
      ? zonal
      : pulumi.output(prefixId).apply((id) => `${zonal}${addressPrefixSuffix(id)}`);
  return declare(
    "network:PublicIPAddress",
    name,
    {
      ...commonOf(inputs),
      publicIpAddressName: full,
      sku: { name: "Standard", tier: "Regional" },
      publicIPAllocationMethod: "Static",
      publicIPAddressVersion: "IPv4",
      idleTimeoutInMinutes: idleTimeoutMinutes,
      ...(prefixId === undefined ? {} : { publicIPPrefix: { id: prefixId } }),
      ...(sorted.length === 0 ? {} : { zones: sorted }),
    },
    { parent, deleteBeforeReplace: false, replaceOnChanges: ["publicIPPrefix", "zones"] },
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
