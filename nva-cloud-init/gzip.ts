/**
 * gzip whose output depends on its input alone.
 *
 * customData cannot change during a VM's life: a changed byte replaces the NVA. Node's zlib gives
 * other bytes on other processors and in other releases, so that a colleague's `pulumi up` would
 * replace every NVA. This one compresses a little worse and always the same.
 */

import { type Code, canonicalCodes, codeLengths, packLengths } from "./huffman";

/** A gzip member (RFC 1952) without name and time, around one block of deflate (RFC 1951). */
export function gzip(data: Uint8Array): Buffer {
  const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(data), 0);
  trailer.writeUInt32LE(data.length >>> 0, 4);
  return Buffer.concat([header, deflate(data), trailer]);
}

const MIN_MATCH = 3;
const MAX_MATCH = 258;
const WINDOW = 32_768;
/** Earlier places that are tried per byte: more finds longer matches in text of this size. */
const MAX_TRIES = 256;

/** A literal byte or the end (256), or a match. */
type Token = number | Match;

const END = 256;
/** The order in which deflate writes the lengths of the lengths' codes. */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** One block with codes made for it. */
function deflate(data: Uint8Array): Buffer {
  const tokens: Token[] = [...tokensOf(data), END];
  const literalCounts = new Array<number>(286).fill(0);
  const distanceCounts = new Array<number>(30).fill(0);
  const count = (counts: number[], symbol: number) => {
    counts[symbol] = (counts[symbol] ?? 0) + 1;
  };
  for (const token of tokens) {
    if (typeof token === "number") count(literalCounts, token);
    else {
      count(literalCounts, 257 + lengthSymbol(token.length).symbol);
      count(distanceCounts, symbolOf(distances, token.distance).symbol);
    }
  }
  const literalLengths = codeLengths(literalCounts, 15);
  const distanceLengths = codeLengths(distanceCounts, 15);
  const out = new BitWriter();
  out.bits(1, 1); // the last block
  out.bits(2, 2); // with its own codes
  writeLengths(out, literalLengths, distanceLengths);
  writeTokens(out, tokens, canonicalCodes(literalLengths), canonicalCodes(distanceLengths));
  return out.bytes();
}

function tokensOf(data: Uint8Array): Token[] {
  const tokens: Token[] = [];
  const places = new Places(data);
  let at = 0;
  while (at < data.length) {
    const here = places.longest(at);
    places.add(at);
    // A longer match that starts one byte later is worth a literal.
    const next = here.length > 0 && here.length < MAX_MATCH ? places.longest(at + 1) : nothing;
    if (here.length < MIN_MATCH || next.length > here.length) {
      tokens.push(data[at] ?? 0);
      at += 1;
      continue;
    }
    tokens.push(here);
    for (let skipped = 1; skipped < here.length; skipped++) places.add(at + skipped);
    at += here.length;
  }
  return tokens;
}

function writeLengths(out: BitWriter, literals: number[], far: number[]): void {
  const runs = packLengths([...literals, ...far]);
  const counts = new Array<number>(19).fill(0);
  for (const { symbol } of runs) counts[symbol] = (counts[symbol] ?? 0) + 1;
  const lengths = codeLengths(counts, 7);
  const codes = canonicalCodes(lengths);
  out.bits(literals.length - 257, 5);
  out.bits(far.length - 1, 5);
  out.bits(LENGTH_ORDER.length - 4, 4);
  for (const symbol of LENGTH_ORDER) out.bits(lengths[symbol] ?? 0, 3);
  for (const { symbol, extra, extraBits } of runs) {
    out.code(codes[symbol]);
    out.bits(extra, extraBits);
  }
}

function writeTokens(
  out: BitWriter,
  tokens: readonly Token[],
  literals: Code[],
  far: Code[],
): void {
  for (const token of tokens) {
    if (typeof token === "number") {
      out.code(literals[token]);
      continue;
    }
    const length = lengthSymbol(token.length);
    out.code(literals[257 + length.symbol]);
    out.bits(token.length - length.base, length.extra);
    const distance = symbolOf(distances, token.distance);
    out.code(far[distance.symbol]);
    out.bits(token.distance - distance.base, distance.extra);
  }
}

interface Match {
  length: number;
  distance: number;
}

const nothing: Match = { length: 0, distance: 0 };

/** Where each run of three bytes was seen, latest first. */
class Places {
  readonly #data: Uint8Array;
  readonly #latest = new Map<number, number>();
  readonly #before: Int32Array;

  constructor(data: Uint8Array) {
    this.#data = data;
    this.#before = new Int32Array(data.length).fill(-1);
  }

  add(at: number): void {
    if (at + MIN_MATCH > this.#data.length) return;
    const key = this.#key(at);
    this.#before[at] = this.#latest.get(key) ?? -1;
    this.#latest.set(key, at);
  }

  longest(at: number): Match {
    if (at + MIN_MATCH > this.#data.length) return nothing;
    let best = nothing;
    let place = this.#latest.get(this.#key(at)) ?? -1;
    for (let tries = 0; tries < MAX_TRIES && place >= 0 && at - place <= WINDOW; tries++) {
      const length = this.#common(place, at);
      if (length > best.length) best = { length, distance: at - place };
      place = this.#before[place] ?? -1;
    }
    return best;
  }

  #common(a: number, b: number): number {
    const most = Math.min(MAX_MATCH, this.#data.length - b);
    let length = 0;
    while (length < most && this.#data[a + length] === this.#data[b + length]) length++;
    return length;
  }

  #key(at: number): number {
    const [a = 0, b = 0, c = 0] = this.#data.subarray(at, at + MIN_MATCH);
    return (a << 16) | (b << 8) | c;
  }
}

/** Bits in the order of deflate: the lowest of a byte first. */
class BitWriter {
  readonly #bytes: number[] = [];
  #held = 0;
  #count = 0;

  bits(value: number, count: number): void {
    this.#held |= value << this.#count;
    for (this.#count += count; this.#count >= 8; this.#count -= 8) {
      this.#bytes.push(this.#held & 255);
      this.#held >>>= 8;
    }
  }

  code(code: Code | undefined): void {
    if (code === undefined || code.length === 0) throw new RangeError("a symbol without a code");
    this.bits(code.bits, code.length);
  }

  bytes(): Buffer {
    return Buffer.from(this.#count > 0 ? [...this.#bytes, this.#held] : this.#bytes);
  }
}

interface Step {
  symbol: number;
  base: number;
  extra: number;
}

/** Symbols that stand for 2^extra values each, from a base on, as RFC 1951 (3.2.5) lists them. */
function steps(first: number, count: number, perExtra: number): Step[] {
  const list: Step[] = [];
  for (let symbol = 0, base = first; symbol < count; symbol++) {
    const extra = Math.max(0, Math.floor(symbol / perExtra) - 1);
    list.push({ symbol, base, extra });
    base += 1 << extra;
  }
  return list;
}

const lengths = steps(3, 28, 4);
const distances = steps(1, 30, 2);

/** The longest length has a symbol of its own. */
const lengthSymbol = (length: number): Step =>
  length === MAX_MATCH ? { symbol: 28, base: MAX_MATCH, extra: 0 } : symbolOf(lengths, length);

function symbolOf(list: readonly Step[], value: number): Step {
  const found = list.findLast(({ base }) => base <= value);
  if (found === undefined) throw new RangeError(`${value} has no symbol`);
  return found;
}

const crcTable = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 255] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}
