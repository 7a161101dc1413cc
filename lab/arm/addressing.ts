/** Private addresses inside subnets. */
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

/** The problem of the private address of one IP configuration or frontend; the first one counts. */
export function* addressProblems(put: Put, part: Child, path: string): Generator<ArmError> {
  const subnetId = refOf(part.properties.subnet);
  const subnet = subnetId === undefined ? undefined : put.world.find(subnetId)?.part;
  if (subnetId === undefined || subnet === undefined) return;
  const address = asText(part.properties.privateIPAddress);
  const problem =
    address === undefined
      ? absenceProblem(part, subnetId, subnet)
      : (rangeProblem(address, part, subnet) ?? holderProblem(put, address, part, subnetId));
  if (problem !== undefined) {
    yield refuse(...problem, `${path}.properties.privateIPAddress`);
  }
}

type AddressProblem = [rule: (typeof refusals)[keyof typeof refusals], message: string];

const shownPrefixes = (subnet: Child) => prefixesOf(subnet.properties).join(", ");

function absenceProblem(part: Child, subnetId: string, subnet: Child): AddressProblem {
  return part.properties.privateIPAllocationMethod === "Static"
    ? [refusals.unnamed, `${part.id} has allocation method Static but no privateIPAddress.`]
    : [
        refusals.full,
        `Subnet ${subnetId} with address prefix ${shownPrefixes(subnet)} does not have enough capacity for 1 IP addresses.`,
      ];
}

function rangeProblem(address: string, part: Child, subnet: Child): AddressProblem | undefined {
  const parsed = parseAddress(address);
  if (parsed === undefined) return [refusals.noAddress, `'${address}' is not an IP address.`];
  const { family, first } = parsed;
  const network = networksOf(subnet.properties)
    .filter((one) => one.family === familyOf(part))
    .find((one) => one.first <= first && first <= one.last);
  if (family !== familyOf(part) || network === undefined) {
    return [
      refusals.outside,
      `Private static IP address ${address} does not belong to the range of subnet prefix ${shownPrefixes(subnet)}.`,
    ];
  }
  if (!isReserved(network, first)) return undefined;
  return [
    refusals.reserved,
    `Private static IP address ${address} falls within reserved IP range of subnet prefix ${shownPrefixes(subnet)}.`,
  ];
}

function holderProblem(
  put: Put,
  address: string,
  part: Child,
  subnetId: string,
): AddressProblem | undefined {
  const own = held(put.desired).filter(
    (holder) => holder.subnet === keyOf(subnetId) && !sameId(holder.part, part.id),
  );
  const holder = [...holdersIn(put.world, subnetId, put.desired.id), ...own].find(
    (other) => other.address === canonical(address),
  )?.part;
  if (holder === undefined) return undefined;
  return [
    refusals.taken,
    `IP configuration ${part.id} is using the private IP address ${address} which is already allocated to resource ${holder}.`,
  ];
}
