/** Where a provider stands: network, subnets, addresses. */
import { PLATFORM } from "../../../nva-cloud-init/contract/contract";
import {
  contains,
  formatAddress,
  formatNetwork,
  hasHostBits,
  type Network,
  overlaps,
  parseAddress,
  parseNetwork,
} from "../../azure/addresses";
import { at, optional, type Problem, type Reason, shown } from "../../check/problem";

/** The user's choices for the layout; all are plain values, so that they are checked first. */
export interface LayoutArgs {
  addressSpace?: string;
  gatewaySubnetPrefix?: string;
  nvaSubnetPrefix?: string;
  frontendAddress?: string;
  nvaAddress?: string;
  /** True if the subnets exist already and are given by id. */
  existing: boolean;
}

/** The layout with everything decided. */
export interface Layout {
  /** Own network; undefined in subnets that exist already. */
  own?: { addressSpace: string; gatewaySubnetPrefix: string; nvaSubnetPrefix: string };
  /** Static address of the frontend: the guest's VXLAN devices name it. */
  frontendAddress: string;
  /** Static address of the NVA; undefined lets Azure choose in an existing subnet. */
  nvaAddress?: string;
}

/** The reference layout. */
export const DEFAULT_ADDRESS_SPACE = "10.7.0.0/16";

/** Prefix length of a derived subnet, unless the network is too small for two of them. */
const SUBNET_PREFIX = 24;
/** Smallest subnet and largest network that Azure takes, as prefix lengths. */
const SMALLEST_PREFIX = 29;
const LARGEST_PREFIX = 8;
/** In each subnet Azure keeps the first four addresses and the last one. */
const KEPT_FIRST = 4n;
const KEPT_LAST = 1n;
/** Place of the derived addresses in their subnets, as in the reference: .4 and .5. */
const FRONTEND_OFFSET = 4n;
const NVA_OFFSET = 5n;

/**
 * Networks that an Azure VNet cannot use: multicast, broadcast, loopback, link-local (IMDS), and
 * the platform's own address.
 */
const FORBIDDEN = [
  "224.0.0.0/4",
  "255.255.255.255/32",
  "127.0.0.0/8",
  "169.254.0.0/16",
  `${PLATFORM}/32`,
];

/** Fills in what was left out. Takes arguments without problems. */
export function planLayout(args: LayoutArgs): Layout {
  const plan = decide(args);
  if (plan.frontendAddress === undefined) throw new Error("planLayout takes checked arguments");
  const { own, frontendAddress, nvaAddress } = plan;
  return { own, frontendAddress, nvaAddress };
}

/** Every problem of the layout, in the order of the arguments. */
export function layoutProblems(args: LayoutArgs): Problem[] {
  if (args.existing) return existingProblems(args);
  const space = args.addressSpace ?? DEFAULT_ADDRESS_SPACE;
  const spaceReason = networkReason(space, LARGEST_PREFIX, SMALLEST_PREFIX - 1);
  const inside = (prefix: string) => subnetReason(prefix, space);
  const decided = decide(args).own;
  const gateway = decided?.gatewaySubnetPrefix;
  const nva = decided?.nvaSubnetPrefix;
  return [
    ...at("addressSpace", spaceReason),
    // Subnets derived from a good network are good, so only given ones are checked.
    ...at("gatewaySubnetPrefix", optional(args.gatewaySubnetPrefix, inside)),
    ...at("nvaSubnetPrefix", optional(args.nvaSubnetPrefix, inside)),
    ...at("nvaSubnetPrefix", overlapReason(gateway, nva)),
    ...addressProblems(args, gateway, nva),
  ];
}

/** The known facts of the NVAs' subnet, given or derived. */
export function nvaSubnetPrefixOf(args: LayoutArgs): string | undefined {
  return args.existing ? args.nvaSubnetPrefix : decide(args).own?.nvaSubnetPrefix;
}

/** Why a text is no private IPv4 address of a VNet. */
export function addressReason(text: string): Reason {
  const address = typeof text === "string" ? parseAddress(text) : undefined;
  if (address?.family === 4) return undefined;
  return `must be an IPv4 address like 10.7.0.4, got ${shown(text)}`;
}

/** Why an address cannot be given to a machine or frontend in a subnet. */
export function placeReason(address: string, prefix: string): Reason {
  const subnet = parseNetwork(prefix);
  const inside = parseAddress(address);
  if (subnet === undefined || inside === undefined) return undefined; // reported where they stand
  if (!contains(subnet, inside)) {
    return `must be inside its subnet ${prefix}, got ${shown(address)}`;
  }
  const place = inside.first - subnet.first;
  if (place >= KEPT_FIRST && inside.first <= subnet.last - KEPT_LAST) return undefined;
  const [from, to] = [subnet.first + KEPT_FIRST, subnet.last - KEPT_LAST];
  return `must not be one of the five addresses that Azure keeps in ${prefix}: choose from ${formatAddress(from, 4)} to ${formatAddress(to, 4)}, got ${shown(address)}`;
}

function existingProblems(args: LayoutArgs): Problem[] {
  const subnet = (prefix: string) => networkReason(prefix, LARGEST_PREFIX, SMALLEST_PREFIX);
  const must =
    args.frontendAddress === undefined
      ? "is needed with existing subnets: a free address of the gateway subnet, which the NVA is configured with"
      : undefined;
  const own =
    "must be left out with existing subnets (gatewaySubnetId, nvaSubnetId): it describes a network of the provider's own";
  return [
    ...at(
      "addressSpace",
      optional(args.addressSpace, () => own),
    ),
    ...at("gatewaySubnetPrefix", optional(args.gatewaySubnetPrefix, subnet)),
    ...at("nvaSubnetPrefix", optional(args.nvaSubnetPrefix, subnet)),
    ...at("frontendAddress", must),
    ...addressProblems(args, args.gatewaySubnetPrefix, args.nvaSubnetPrefix),
  ];
}

function addressProblems(args: LayoutArgs, gateway?: string, nva?: string): Problem[] {
  const check = (address: string, prefix?: string) =>
    addressReason(address) ?? optional(prefix, (within) => placeReason(address, within));
  const { frontendAddress, nvaAddress } = args;
  const same =
    frontendAddress !== undefined && frontendAddress === nvaAddress
      ? `must differ from frontendAddress, both are ${shown(nvaAddress)}`
      : undefined;
  return [
    ...at(
      "frontendAddress",
      optional(frontendAddress, (a) => check(a, gateway)),
    ),
    ...at(
      "nva.address",
      optional(nvaAddress, (a) => check(a, nva)),
    ),
    ...at("nva.address", same),
  ];
}

/** Defaults, as far as they follow from what is well formed. */
function decide(args: LayoutArgs): Partial<Layout> {
  const { frontendAddress, nvaAddress } = args;
  if (args.existing) return { frontendAddress, nvaAddress };
  const space = parseNetwork(args.addressSpace ?? DEFAULT_ADDRESS_SPACE);
  if (space === undefined || space.family !== 4 || space.prefix >= SMALLEST_PREFIX) {
    return { frontendAddress, nvaAddress };
  }
  const gatewaySubnetPrefix = args.gatewaySubnetPrefix ?? subnetOf(space, 0n);
  const nvaSubnetPrefix = args.nvaSubnetPrefix ?? subnetOf(space, 1n);
  return {
    own: { addressSpace: formatNetwork(space), gatewaySubnetPrefix, nvaSubnetPrefix },
    frontendAddress: frontendAddress ?? addressIn(gatewaySubnetPrefix, FRONTEND_OFFSET),
    nvaAddress: nvaAddress ?? addressIn(nvaSubnetPrefix, NVA_OFFSET),
  };
}

/** The first or second subnet of a network: /24 where two of them fit, else its halves. */
function subnetOf(space: Network, place: bigint): string {
  const prefix = Math.max(SUBNET_PREFIX, space.prefix + 1);
  const first = space.first + place * 2n ** BigInt(32 - prefix);
  return `${formatAddress(first, 4)}/${prefix}`;
}

function addressIn(prefix: string, offset: bigint): string | undefined {
  const subnet = parseNetwork(prefix);
  return subnet?.family === 4 ? formatAddress(subnet.first + offset, 4) : undefined;
}

function networkReason(text: string, largest: number, smallest: number): Reason {
  const network = typeof text === "string" ? parseNetwork(text) : undefined;
  if (network?.family !== 4 || !text.includes("/")) {
    return `must be an IPv4 network like 10.7.0.0/16, got ${shown(text)}`;
  }
  if (hasHostBits(text)) {
    return `must name the network's first address: ${formatNetwork(network)}, got ${shown(text)}`;
  }
  if (network.prefix < largest || network.prefix > smallest) {
    return `must have a prefix length from /${largest} to /${smallest}, got ${shown(text)}`;
  }
  const taken = FORBIDDEN.find((other) => overlaps(network, parseNetwork(other) ?? network));
  return taken === undefined
    ? undefined
    : `must not touch ${taken}, which Azure does not route in a network, got ${shown(text)}`;
}

function subnetReason(prefix: string, space: string): Reason {
  const reason = networkReason(prefix, LARGEST_PREFIX, SMALLEST_PREFIX);
  if (reason !== undefined) return reason;
  const [outer, inner] = [parseNetwork(space), parseNetwork(prefix)];
  if (outer === undefined || inner === undefined || contains(outer, inner)) return undefined;
  return `must be inside the address space ${space}, got ${shown(prefix)}`;
}

function overlapReason(a: string | undefined, b: string | undefined): Reason {
  const [one, other] = [parseNetwork(a ?? ""), parseNetwork(b ?? "")];
  if (one === undefined || other === undefined || !overlaps(one, other)) return undefined;
  return `must not overlap gatewaySubnetPrefix ${a}, got ${shown(b)}`;
}
