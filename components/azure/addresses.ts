/** IPv4 and IPv6 addresses and networks as plain values; pure, used by every plan and check. */
import { Address4, Address6 } from "ip-address";

export type Family = 4 | 6;

/** A network in canonical form; a single address is a network with a full-length prefix. */
export interface Network {
  family: Family;
  /** First address, as an integer. */
  first: bigint;
  /** Last address, as an integer. */
  last: bigint;
  /** Prefix length, 0 to 32 or 0 to 128. */
  prefix: number;
}

/** Width of an address of the family, in bits. */
export const bits = (family: Family): 32 | 128 => (family === 4 ? 32 : 128);

/** An address without prefix, e.g. `10.7.0.4`; undefined for anything else, `10.7.0.04` included. */
export function parseAddress(text: string): Network | undefined {
  return text.includes("/") ? undefined : parse(text);
}

/**
 * A network in CIDR form, e.g. `10.7.0.0/16`, or a single address; undefined for anything else.
 * Host bits are cleared: compare with {@link hasHostBits} to refuse `10.7.0.1/16`.
 */
export function parseNetwork(text: string): Network | undefined {
  return parse(text);
}

/** True for a network whose text names an address inside it rather than its first one. */
export function hasHostBits(text: string): boolean {
  const network = parse(text);
  const address = parse(text.split("/")[0] ?? "");
  return network !== undefined && address !== undefined && address.first !== network.first;
}

/** The address as text, e.g. `10.7.0.4` or `2001:db8::1` (RFC 5952). */
export function formatAddress(value: bigint, family: Family): string {
  return family === 4
    ? Address4.fromBigInt(value).correctForm()
    : Address6.fromBigInt(value).correctForm();
}

/** The network as text: `10.7.0.0/16`, and `10.7.0.4/32` for a single address. */
export function formatNetwork(network: Network): string {
  return `${formatAddress(network.first, network.family)}/${network.prefix}`;
}

/** True if every address of `inner` is in `outer`. */
export function contains(outer: Network, inner: Network): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

/** True if the two networks share an address. */
export function overlaps(a: Network, b: Network): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

function parse(text: string): Network | undefined {
  const [address = "", prefix, ...rest] = text.split("/");
  if (rest.length > 0 || (prefix !== undefined && !/^(0|[1-9]\d{0,2})$/.test(prefix))) {
    return undefined;
  }
  // ip-address takes leading zeros (read as octal by some tools) and zone suffixes: refused here.
  if (/^\d+(\.\d+){3}$/.test(address)) {
    if (address.split(".").some((part) => part.length > 1 && part.startsWith("0")))
      return undefined;
    return Address4.isValid(text) ? fromParsed(new Address4(text), 4) : undefined;
  }
  if (address.includes("%") || !Address6.isValid(text)) return undefined;
  return fromParsed(new Address6(text), 6);
}

function fromParsed(parsed: Address4 | Address6, family: Family): Network {
  return {
    family,
    first: parsed.startAddress().bigInt(),
    last: parsed.endAddress().bigInt(),
    prefix: parsed.subnetMask,
  };
}
