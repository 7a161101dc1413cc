/** Sets of addresses as sorted ranges: merging, covering, networks, and a compact text form. */
import { bits, type Family, formatNetwork, parseNetwork } from "../azure/addresses";

/** Addresses from `first` to `last`, both included, of one family. */
export interface Range {
  first: bigint;
  last: bigint;
}

/** The ranges in order, overlapping and touching ones joined. */
export function mergeRanges(ranges: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const range of [...ranges].sort((a, b) => compare(a.first, b.first))) {
    const before = merged.at(-1);
    if (before === undefined || range.first > before.last + 1n) {
      merged.push({ first: range.first, last: range.last });
    } else if (range.last > before.last) before.last = range.last;
  }
  return merged;
}

/** True if every address of `inner` is in `outer`; both are merged. */
export function covers(outer: readonly Range[], inner: readonly Range[]): boolean {
  return inner.every((range) =>
    outer.some(({ first, last }) => first <= range.first && range.last <= last),
  );
}

/** True if the address is in one of the merged ranges. */
export function includes(ranges: readonly Range[], address: bigint): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle] as Range;
    if (address < range.first) high = middle;
    else if (address > range.last) low = middle + 1;
    else return true;
  }
  return false;
}

/** Values that both have. */
export function intersect(a: readonly Range[], b: readonly Range[]): Range[] {
  const found: Range[] = [];
  for (let i = 0, j = 0; ; ) {
    const [x, y] = [a[i], b[j]];
    if (x === undefined || y === undefined) return found;
    const first = x.first > y.first ? x.first : y.first;
    const last = x.last < y.last ? x.last : y.last;
    if (first <= last) found.push({ first, last });
    if (x.last < y.last) i += 1;
    else j += 1;
  }
}

/** Values of the first that the second lacks. */
export function subtract(a: readonly Range[], b: readonly Range[]): Range[] {
  const found: Range[] = [];
  let j = 0;
  for (const { first, last } of a) {
    let at = first;
    while ((b[j]?.last ?? last) < at) j += 1;
    for (let k = j; ; k += 1) {
      const hole = b[k];
      if (hole === undefined || hole.first > last) break;
      if (hole.first > at) found.push({ first: at, last: hole.first - 1n });
      if (hole.last + 1n > at) at = hole.last + 1n;
    }
    if (at <= last) found.push({ first: at, last });
  }
  return found;
}

/** The ranges of one family that a list of addresses and networks spells, merged. */
export function rangesOf(texts: readonly string[], family: Family): Range[] {
  const networks = texts.map(parseNetwork).filter((network) => network?.family === family);
  return mergeRanges(networks.flatMap((network) => network ?? []));
}

/** The fewest networks that make up the ranges, as text: `10.0.0.0/8`, `8.8.8.8/32`. */
export function networksOf(ranges: readonly Range[], family: Family): string[] {
  const width = bits(family);
  return ranges.flatMap(({ first, last }) => {
    const networks: string[] = [];
    for (let at = first; at <= last; ) {
      let prefix = width;
      // Grow the block while it stays aligned and inside the range.
      while (prefix > 0 && fits(at, 1n << BigInt(width - prefix + 1), last)) prefix -= 1;
      const size = 1n << BigInt(width - prefix);
      networks.push(formatNetwork({ family, first: at, last: at + size - 1n, prefix }));
      at += size;
    }
    return networks;
  });
}

/**
 * Merged ranges as bytes in base64: one byte with the number of low bits that all of them share
 * as zero (a set of /24 networks counts in steps of 256), then for each range the gap to the one
 * before as a varint and its size. A size of 2^n is the byte n; any other is 255 and a varint.
 * 10,000 random networks take three to four bytes each.
 */
export function encodeRanges(ranges: readonly Range[]): string {
  const shift = commonShift(ranges);
  const bytes: number[] = [Number(shift)];
  let next = 0n;
  for (const { first, last } of ranges) {
    pushVarint(bytes, (first - next) >> shift);
    const size = (last + 1n - first) >> shift;
    const power = size.toString(2).length - 1;
    if (size === 1n << BigInt(power)) bytes.push(power);
    else {
      bytes.push(EXPLICIT_SIZE);
      pushVarint(bytes, size);
    }
    next = last + 1n;
  }
  return Buffer.from(bytes).toString("base64");
}

/** The ranges that {@link encodeRanges} wrote. */
export function decodeRanges(text: string): Range[] {
  const bytes = Buffer.from(text, "base64");
  const shift = BigInt(bytes[0] ?? 0);
  const ranges: Range[] = [];
  let at = 1;
  let next = 0n;
  const varint = () => {
    let value = 0n;
    for (let place = 0n; ; place += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << place;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const first = next + (varint() << shift);
    const power = bytes[at++] ?? 0;
    const size = power === EXPLICIT_SIZE ? varint() : 1n << BigInt(power);
    next = first + (size << shift);
    ranges.push({ first, last: next - 1n });
  }
  return ranges;
}

const EXPLICIT_SIZE = 255;

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

const fits = (at: bigint, size: bigint, last: bigint) => at % size === 0n && at + size - 1n <= last;

function commonShift(ranges: readonly Range[]): bigint {
  const all = ranges.reduce((seen, { first, last }) => seen | first | (last + 1n), 0n);
  let shift = 0n;
  while (shift < 120n && ((all >> shift) & 1n) === 0n) shift += 1n;
  return shift;
}

function pushVarint(bytes: number[], value: bigint): void {
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
}
