/** Huffman codes for deflate (RFC 1951, 3.2.2 and 3.2.7): from counts to code lengths to codes. */

/** A code: its bits, the first one the lowest, and how many there are; none for a length of 0. */
export interface Code {
  bits: number;
  length: number;
}

/**
 * Code lengths for symbols that occur so often, at most `longest` bits each; symbols that do not
 * occur get 0. Two symbols at least have a code, as some decoders want it.
 */
export function codeLengths(counts: readonly number[], longest: number): number[] {
  const weights = [...counts];
  for (let symbol = 0; weights.filter((weight) => weight > 0).length < 2; symbol++) {
    weights[symbol] = Math.max(1, weights[symbol] ?? 0);
  }
  for (;;) {
    const lengths = huffman(weights);
    if (Math.max(...lengths) <= longest) return lengths;
    // Flatter counts give shorter codes; two halvings are more than text ever needs.
    weights.forEach((weight, symbol) => {
      if (weight > 0) weights[symbol] = 1 + (weight >> 1);
    });
  }
}

/** Codes for code lengths: shorter ones first, then by symbol. */
export function canonicalCodes(lengths: readonly number[]): Code[] {
  const codes = lengths.map((length) => ({ bits: 0, length }));
  let next = 0;
  for (let length = 1; length <= Math.max(...lengths); length++) {
    next <<= 1;
    for (const code of codes) {
      if (code.length === length) code.bits = reversed(next++, length);
    }
  }
  return codes;
}

function reversed(bits: number, length: number): number {
  let result = 0;
  for (let bit = 0; bit < length; bit++) result |= ((bits >> bit) & 1) << (length - 1 - bit);
  return result;
}

/** An item of a packed list of lengths: a length itself, or a repetition with its extra bits. */
export interface Run {
  symbol: number;
  extra: number;
  extraBits: number;
}

/** Code lengths as deflate writes them: 16 repeats the one before, 17 and 18 stand for zeros. */
export function packLengths(lengths: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (let at = 0; at < lengths.length; ) {
    const length = lengths[at] ?? 0;
    let count = 1;
    while (lengths[at + count] === length) count++;
    at += count;
    if (length !== 0) {
      runs.push({ symbol: length, extra: 0, extraBits: 0 });
      count--;
    }
    while (count >= 3) {
      const taken = Math.min(count, length !== 0 ? 6 : 138);
      if (length !== 0) runs.push({ symbol: 16, extra: taken - 3, extraBits: 2 });
      else if (taken <= 10) runs.push({ symbol: 17, extra: taken - 3, extraBits: 3 });
      else runs.push({ symbol: 18, extra: taken - 11, extraBits: 7 });
      count -= taken;
    }
    for (; count > 0; count--) runs.push({ symbol: length, extra: 0, extraBits: 0 });
  }
  return runs;
}

interface Tree {
  weight: number;
  symbols: number[];
}

/** The two lightest trees become one, until one is left: each joining lengthens its codes. */
function huffman(weights: readonly number[]): number[] {
  const lengths = weights.map(() => 0);
  const trees: Tree[] = weights.flatMap((weight, symbol) =>
    weight > 0 ? [{ weight, symbols: [symbol] }] : [],
  );
  trees.sort((a, b) => a.weight - b.weight);
  while (trees.length > 1) {
    const [a, b] = trees.splice(0, 2);
    if (a === undefined || b === undefined) break;
    const symbols = [...a.symbols, ...b.symbols];
    for (const symbol of symbols) lengths[symbol] = (lengths[symbol] ?? 0) + 1;
    const weight = a.weight + b.weight;
    // Behind its equals, so that equal counts give equal codes everywhere.
    const place = trees.findIndex((tree) => tree.weight > weight);
    trees.splice(place < 0 ? trees.length : place, 0, { weight, symbols });
  }
  return lengths;
}
