/**
 * gzip whose output depends on its input alone.
 *
 * customData cannot change during a VM's life: a changed byte replaces the NVA. Node's zlib gives
 * other bytes on other processors and in other releases, so that a colleague's `pulumi up` would
 * replace every NVA. This one compresses a little worse and always the same.
 */

/** A gzip member (RFC 1952) without name and time, with one block of fixed codes (RFC 1951). */
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

function deflate(data: Uint8Array): Buffer {
  const out = new BitWriter();
  out.bits(1, 1); // the last block
  out.bits(1, 2); // fixed codes
  const places = new Places(data);
  let at = 0;
  while (at < data.length) {
    const here = places.longest(at);
    places.add(at);
    // A longer match that starts one byte later is worth a literal.
    const next = here.length > 0 && here.length < MAX_MATCH ? places.longest(at + 1) : nothing;
    if (here.length < MIN_MATCH || next.length > here.length) {
      literal(out, data[at] ?? 0);
      at += 1;
      continue;
    }
    match(out, here);
    for (let skipped = 1; skipped < here.length; skipped++) places.add(at + skipped);
    at += here.length;
  }
  literal(out, 256); // end of block
  return out.bytes();
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
    for (let bit = 0; bit < count; bit++) {
      this.#held |= ((value >> bit) & 1) << this.#count;
      this.#count += 1;
      if (this.#count < 8) continue;
      this.#bytes.push(this.#held);
      this.#held = 0;
      this.#count = 0;
    }
  }

  /** A Huffman code, whose highest bit goes first. */
  code(value: number, count: number): void {
    for (let bit = count - 1; bit >= 0; bit--) this.bits((value >> bit) & 1, 1);
  }

  bytes(): Buffer {
    return Buffer.from(this.#count > 0 ? [...this.#bytes, this.#held] : this.#bytes);
  }
}

/** The fixed code of a literal byte, of the end (256), or of a length's symbol (257 to 285). */
function literal(out: BitWriter, symbol: number): void {
  if (symbol < 144) out.code(0x30 + symbol, 8);
  else if (symbol < 256) out.code(0x190 + symbol - 144, 9);
  else if (symbol < 280) out.code(symbol - 256, 7);
  else out.code(0xc0 + symbol - 280, 8);
}

function match(out: BitWriter, { length, distance }: Match): void {
  const long = lengthSymbol(length);
  literal(out, 257 + long.symbol);
  out.bits(length - long.base, long.extra);
  const far = symbolOf(distances, distance);
  out.code(far.symbol, 5);
  out.bits(distance - far.base, far.extra);
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
