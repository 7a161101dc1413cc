/** Public addresses and prefixes that the embedded Azure gives away. */
import { type Family, formatAddress, parseNetwork } from "../../components/azure/addresses";
import { asText, type Body } from "./resource";
import type { Put } from "./world";

/** Ranges of public addresses: nobody's on the real internet. */
const PUBLIC_POOLS: Record<Family, readonly string[]> = {
  4: ["192.0.2.0/24", "198.18.0.0/16"],
  6: ["2001:db8:b0b::/112"],
};

/**
 * A public address that no one has. The start of the search moves with every write, so that a
 * public address made anew is another one, as on Azure.
 */
export function freePublicAddress(put: Put, family: Family): string | undefined {
  const taken = addressesTaken(put);
  for (const pool of PUBLIC_POOLS[family]) {
    const network = parseNetwork(pool);
    if (network === undefined) continue;
    const count = network.last - network.first - 1n;
    // 37 is prime to both sizes: a walk in such steps meets every address.
    const start = (BigInt(put.serial) * 37n) % count;
    for (let step = 0n; step < count; step += 1n) {
      const address = formatAddress(network.first + 1n + ((start + step) % count), family);
      if (!taken.has(address)) return address;
    }
  }
  return undefined;
}

/** Range of public address prefixes. */
const PREFIX_POOL = "198.19.0.0/16";

/** A prefix of public addresses that no one has, of a length. */
export function freePublicPrefix({ desired, world, serial }: Put, length: number) {
  const pool = parseNetwork(PREFIX_POOL);
  if (pool === undefined) return undefined;
  const taken = [...world.all()].flatMap((other) =>
    other.type === desired.type
      ? (parseNetwork(asText(other.properties.ipPrefix) ?? "") ?? [])
      : [],
  );
  const size = 1n << BigInt(32 - length);
  const count = (pool.last - pool.first + 1n) / size;
  const start = (BigInt(serial) * 37n) % count;
  for (let step = 0n; step < count; step += 1n) {
    const first = pool.first + ((start + step) % count) * size;
    const last = first + size - 1n;
    if (taken.some((other) => other.first <= last && first <= other.last)) continue;
    return `${formatAddress(first, 4)}/${length}`;
  }
  return undefined;
}

/** An address of a prefix that no one has. */
export function freeAddressIn(prefix: string, put: Put): string | undefined {
  const network = parseNetwork(prefix);
  if (network === undefined) return undefined;
  const taken = addressesTaken(put);
  for (let value = network.first; value <= network.last; value += 1n) {
    const address = formatAddress(value, 4);
    if (!taken.has(address)) return address;
  }
  return undefined;
}

/** The version of a public address, as `IPv4` or `IPv6`. */
export const versionOf = (publicAddress: { properties: Body } | undefined): string =>
  asText(publicAddress?.properties.publicIPAddressVersion) ?? "IPv4";

/** Public addresses that others have. */
const addressesTaken = ({ desired, world }: Put): Set<unknown> =>
  new Set(
    [...world.all()]
      .filter(({ type }) => type === desired.type)
      .map(({ properties }) => properties.ipAddress),
  );
