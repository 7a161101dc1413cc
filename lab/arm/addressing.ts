/** Addresses inside subnets, and public ones. */
import {
  type Family,
  formatAddress,
  type Network,
  parseAddress,
  parseNetwork,
} from "../../components/azure/addresses";
import { type ArmError, refuse } from "./errors";
import { keyOf, sameId } from "./ids";
import {
  asBodies,
  asText,
  asTexts,
  type Body,
  type Child,
  refOf,
  type StoredResource,
} from "./resource";
import { behavesSo, refusalsOf } from "./rules";
import { docs, quoted } from "./sources";
import type { Put, World } from "./world";

const refusals = refusalsOf("Private addresses", {
  unnamed: {
    code: "PrivateIPAddressNotProvidedForStaticAllocation",
    says: "A static configuration names its address.",
    ours: true,
    assumed: "No source shows the service's answer to a static configuration without an address.",
  },
  full: {
    code: "SubnetIsFull",
    says: "The subnet has a free address.",
    documented: docs.apiErrors,
  },
  noAddress: {
    code: "InvalidIPAddressInRequest",
    says: "An address is an IP address.",
    ours: true,
    assumed: "No source shows the refusal of a string that is no address.",
  },
  outside: {
    code: "PrivateIPAddressNotInSubnet",
    says: "A static address is in a range of its subnet.",
    documented: docs.apiErrors,
  },
  reserved: {
    code: "PrivateIPAddressInReservedRange",
    says: "The first four and the last address of a subnet's range are the service's own.",
    documented: `${docs.apiErrors}; how many: ${docs.vnet}`,
  },
  taken: {
    code: "PrivateIPAddressIsAllocated",
    says: "An address is that of one configuration.",
    reported: quoted("PrivateIPAddressIsAllocated"),
  },
});

behavesSo(
  "Private addresses",
  { says: "A dynamic address is the next free one.", documented: docs.privateAddresses },
  {
    says: "A dynamic address stays while its configuration stays in the subnet.",
    documented: docs.vnet,
  },
);

/** Addresses that Azure keeps in every subnet: the first four and the last. */
const RESERVED_FIRST = 4n;
const RESERVED_LAST = 1n;

/** Prefixes of a subnet or the address space of a virtual network, as texts. */
export function prefixesOf(properties: Body): string[] {
  const single = asText(properties.addressPrefix);
  const several = asTexts(properties.addressPrefixes);
  return several.length > 0 ? several : single === undefined ? [] : [single];
}

/** The same as networks; texts that are none are left out. */
export const networksOf = (properties: Body): Network[] =>
  prefixesOf(properties).flatMap((prefix) => parseNetwork(prefix) ?? []);

/** Which part of whom holds an address: an IP configuration or a frontend. */
interface Holder {
  /** Key of the subnet's id. */
  subnet: string;
  /** In canonical form. */
  address: string;
  family: Family | undefined;
  value: bigint | undefined;
  part: string;
}

/** Private addresses that a resource holds. */
function held(resource: StoredResource): Holder[] {
  const collections = ["ipConfigurations", "frontendIPConfigurations"];
  return collections.flatMap((collection) =>
    (asBodies(resource.properties[collection]) as Child[]).flatMap((part) => {
      const address = asText(part.properties.privateIPAddress);
      const subnet = refOf(part.properties.subnet);
      if (address === undefined || subnet === undefined) return [];
      const { first: value, family } = parseAddress(address) ?? {};
      const text = value === undefined || !family ? address : formatAddress(value, family);
      return [{ subnet: keyOf(subnet), address: text, family, value, part: part.id }];
    }),
  );
}

/** A subnet's next machine looks at all that are there: what they hold is read once. */
const known = new WeakMap<StoredResource, Holder[]>();

/** Like {@link held}, for what is in the store and so stays as it is. */
function heldByStored(resource: StoredResource): Holder[] {
  const before = known.get(resource);
  if (before !== undefined) return before;
  const found = held(resource);
  known.set(resource, found);
  return found;
}

/** Holders of the addresses of a subnet; `except` is left out. */
export function holdersIn(world: World, subnetId: string, except = ""): Holder[] {
  const subnet = keyOf(subnetId);
  return world
    .usersOf(subnetId)
    .filter((user) => !sameId(user.id, except))
    .flatMap((user) => heldByStored(user).filter((holder) => holder.subnet === subnet));
}

const canonical = (address: string): string => {
  const parsed = parseAddress(address);
  return parsed === undefined ? address : formatAddress(parsed.first, parsed.family);
};

const familyOf = (part: Child): Family =>
  part.properties.privateIPAddressVersion === "IPv6" ? 6 : 4;

const isReserved = (network: Network, value: bigint): boolean =>
  value < network.first + RESERVED_FIRST || value > network.last - RESERVED_LAST;

/**
 * Gives every dynamic address of a collection a value: the one it has, else the lowest free one.
 * An address that cannot be given stays empty for {@link addressProblems} to report.
 */
export function assignAddresses(put: Put, collection: string): void {
  const parts = asBodies(put.desired.properties[collection]) as Child[];
  const before = asBodies(put.existing?.properties[collection]) as Child[];
  for (const part of parts) {
    const subnetId = refOf(part.properties.subnet);
    if (subnetId === undefined || part.id === undefined) continue;
    part.properties.privateIPAllocationMethod ??= "Dynamic";
    part.properties.privateIPAddressVersion ??= "IPv4";
    if (part.properties.privateIPAllocationMethod === "Static") continue;
    const same = before.find((other) => keyOf(other.id) === keyOf(part.id));
    const kept =
      same !== undefined && sameId(refOf(same.properties.subnet), subnetId)
        ? same.properties.privateIPAddress
        : undefined;
    part.properties.privateIPAddress = undefined;
    part.properties.privateIPAddress = kept ?? lowestFree(put, part, subnetId);
  }
}

function lowestFree(put: Put, part: Child, subnetId: string): string | undefined {
  const subnet = put.world.find(subnetId)?.part;
  if (subnet === undefined) return undefined;
  const family = familyOf(part);
  const own = held(put.desired).filter((holder) => holder.subnet === keyOf(subnetId));
  const others = holdersIn(put.world, subnetId, put.desired.id);
  const taken = new Set(
    [...others, ...own].flatMap((holder) => (holder.family === family ? holder.value : [])),
  );
  for (const network of networksOf(subnet.properties).filter((n) => n.family === family)) {
    const last = network.last - RESERVED_LAST;
    for (let value = network.first + RESERVED_FIRST; value <= last; value += 1n) {
      if (!taken.has(value)) return formatAddress(value, family);
    }
  }
  return undefined;
}

/** Problems of the private address of one IP configuration or frontend. */
export function* addressProblems(put: Put, part: Child, path: string): Generator<ArmError> {
  const subnetId = refOf(part.properties.subnet);
  const subnet = subnetId === undefined ? undefined : put.world.find(subnetId)?.part;
  if (subnetId === undefined || subnet === undefined) return;
  const target = `${path}.properties.privateIPAddress`;
  const address = asText(part.properties.privateIPAddress);
  const networks = networksOf(subnet.properties).filter((n) => n.family === familyOf(part));
  if (address === undefined) {
    yield part.properties.privateIPAllocationMethod === "Static"
      ? refuse(
          refusals.unnamed,
          `${part.id} has allocation method Static but no privateIPAddress.`,
          target,
        )
      : refuse(
          refusals.full,
          `Subnet ${subnetId} with address prefix ${prefixesOf(subnet.properties).join(", ")} does not have enough capacity for 1 IP addresses.`,
          target,
        );
    return;
  }
  const parsed = parseAddress(address);
  if (parsed === undefined) {
    yield refuse(refusals.noAddress, `'${address}' is not an IP address.`, target);
    return;
  }
  const network = networks.find((n) => n.first <= parsed.first && parsed.first <= n.last);
  if (parsed.family !== familyOf(part) || network === undefined) {
    yield refuse(
      refusals.outside,
      `Private static IP address ${address} does not belong to the range of subnet prefix ${prefixesOf(subnet.properties).join(", ")}.`,
      target,
    );
    return;
  }
  if (isReserved(network, parsed.first)) {
    yield refuse(
      refusals.reserved,
      `Private static IP address ${address} falls within reserved IP range of subnet prefix ${prefixesOf(subnet.properties).join(", ")}.`,
      target,
    );
    return;
  }
  const own = held(put.desired).filter(
    (holder) => holder.subnet === keyOf(subnetId) && !sameId(holder.part, part.id),
  );
  const holder = [...holdersIn(put.world, subnetId, put.desired.id), ...own].find(
    (other) => other.address === canonical(address),
  )?.part;
  if (holder !== undefined) {
    yield refuse(
      refusals.taken,
      `IP configuration ${part.id} is using the private IP address ${address} which is already allocated to resource ${holder}.`,
      target,
    );
  }
}

/** Where public addresses come from: ranges that are nobody's on the real internet. */
const PUBLIC_POOLS: Record<Family, readonly string[]> = {
  4: ["192.0.2.0/24", "198.18.0.0/16"],
  6: ["2001:db8:b0b::/112"],
};

/**
 * A public address that no one has. The start of the search moves with every write, so that a
 * public address made anew is another one, as on Azure.
 */
export function freePublicAddress(put: Put, family: Family): string | undefined {
  const taken = new Set<unknown>();
  for (const other of put.world.all()) {
    if (other.type === put.desired.type) taken.add(other.properties.ipAddress);
  }
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

/** Where prefixes of public addresses come from. */
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
export function freeAddressIn(prefix: string, { desired, world }: Put): string | undefined {
  const network = parseNetwork(prefix);
  if (network === undefined) return undefined;
  const taken = new Set<unknown>();
  for (const other of world.all()) {
    if (other.type === desired.type) taken.add(other.properties.ipAddress);
  }
  for (let value = network.first; value <= network.last; value += 1n) {
    const address = formatAddress(value, 4);
    if (!taken.has(address)) return address;
  }
  return undefined;
}

/** The version of a public address, as `IPv4` or `IPv6`. */
export const versionOf = (publicAddress: { properties: Body } | undefined): string =>
  asText(publicAddress?.properties.publicIPAddressVersion) ?? "IPv4";
