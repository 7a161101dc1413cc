/** Values of the store as the model has them. Pure. */
import { parseAddress } from "../../components/azure/addresses";
import { asNumber, asText, refOf } from "../arm/resource";
import type { StoreSnapshot } from "../arm/store";

/** The lower-cased id inside a reference. */
export const refKey = (value: unknown): string | undefined => refOf(value)?.toLowerCase();

/** Address and id of a public IP address that a body refers to. */
export function publicAddressOf(
  reference: unknown,
  snapshot: StoreSnapshot,
  problems: string[],
): { publicAddress?: string; publicAddressId?: string } {
  const id = refKey(reference);
  const resource = id === undefined ? undefined : snapshot.resources.get(id);
  const address = asText(resource?.properties.ipAddress);
  if (resource === undefined || address === undefined) return {};
  if (parseAddress(address)?.family !== 4) {
    problems.push(`${resource.name}: IPv6 addresses are not carried`);
    return {};
  }
  return { publicAddress: address, publicAddressId: resource.id };
}

/** A number of the store, or what stands for its absence. */
export const numberOr = (value: unknown, otherwise: number): number => asNumber(value) ?? otherwise;
