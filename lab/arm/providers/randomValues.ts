/** How each resource of the random package makes its value. */
import { createHash, randomBytes, randomInt, randomUUID } from "node:crypto";
import { asNumber, asText, type Body } from "../resource";

/** A resource type of the random package. */
export interface RandomType {
  /** Inputs with their kinds; `!` marks the ones that must be given. */
  inputs: Record<string, "number" | "boolean" | "string" | "map" | "number!" | "string!">;
  /** Inputs that take a value by themselves, as the real provider shows in its state. */
  defaults: Body;
  /** Outputs beside the inputs. */
  outputs: readonly string[];
  /** Outputs that are secret; the SDKs say the same. */
  secrets?: readonly string[];
  /** The result is a number. */
  numeric?: boolean;
  /** Makes the resource: its id and its outputs. Throws for inputs that cannot be met. */
  make: (inputs: Body) => { id: string; outputs: Body };
}

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const DIGITS = "0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

const stringInputs = {
  keepers: "map",
  length: "number!",
  lower: "boolean",
  minLower: "number",
  minNumeric: "number",
  minSpecial: "number",
  minUpper: "number",
  number: "boolean",
  numeric: "boolean",
  overrideSpecial: "string",
  special: "boolean",
  upper: "boolean",
} as const;

const stringDefaults = {
  lower: true,
  upper: true,
  numeric: true,
  special: true,
  minLower: 0,
  minUpper: 0,
  minNumeric: 0,
  minSpecial: 0,
};

const pick = (alphabet: string): string => alphabet[randomInt(alphabet.length)] ?? "";

/** A text that holds the least of every kind and fills the rest from all of them. */
export function randomText(inputs: Body): string {
  const length = asNumber(inputs.length) ?? 0;
  const special = asText(inputs.overrideSpecial) || SPECIAL;
  const kinds = [
    { on: inputs.lower, alphabet: LOWER, least: asNumber(inputs.minLower) ?? 0 },
    { on: inputs.upper, alphabet: UPPER, least: asNumber(inputs.minUpper) ?? 0 },
    { on: inputs.numeric, alphabet: DIGITS, least: asNumber(inputs.minNumeric) ?? 0 },
    { on: inputs.special, alphabet: special, least: asNumber(inputs.minSpecial) ?? 0 },
  ];
  const all = kinds.flatMap(({ on, alphabet }) => (on === false ? [] : [alphabet])).join("");
  const least = kinds.reduce((sum, kind) => sum + kind.least, 0);
  if (length < 1 || least > length || all === "") {
    throw new Error(`length ${length} does not hold the ${least} characters that are asked for`);
  }
  const forced = kinds.flatMap((kind) =>
    Array.from({ length: kind.least }, () => pick(kind.alphabet)),
  );
  const rest = Array.from({ length: length - forced.length }, () => pick(all));
  return shuffled([...forced, ...rest]).join("");
}

function shuffled(items: string[]): string[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i -= 1) {
    const j = randomInt(i + 1);
    [result[i], result[j]] = [result[j] ?? "", result[i] ?? ""];
  }
  return result;
}

/**
 * Stands in the place of bcrypt's hash, in its form: nothing here checks a password against it,
 * and it must not tell the password.
 */
function bcryptLike(): string {
  return `$2a$10$${createHash("sha512").update(randomBytes(64)).digest("base64").replace(/[+=]/g, ".").slice(0, 53)}`;
}

function bytesOf(inputs: Body, field: string): Buffer {
  const length = asNumber(inputs[field]) ?? 0;
  if (length < 1) throw new Error(`${field} must be 1 or more, got ${length}`);
  return randomBytes(length);
}

const PET_WORDS = {
  adverbs:
    "boldly calmly deeply freely gladly kindly neatly openly poorly rarely slowly truly".split(" "),
  adjectives:
    "able brave clever eager fair gentle happy keen loyal merry proud quiet swift wise".split(" "),
  names:
    "badger beaver crane dingo falcon gecko heron ibex kite lynx marten otter puma raven seal tapir".split(
      " ",
    ),
};

function pet(inputs: Body): string {
  const length = asNumber(inputs.length) ?? 2;
  const word = (words: readonly string[]) => words[randomInt(words.length)] ?? "";
  const adverbs = Array.from({ length: Math.max(0, length - 2) }, () => word(PET_WORDS.adverbs));
  const words = [
    ...adverbs,
    ...(length > 1 ? [word(PET_WORDS.adjectives)] : []),
    word(PET_WORDS.names),
  ];
  const prefix = asText(inputs.prefix);
  return [...(prefix === undefined ? [] : [prefix]), ...words].join(
    asText(inputs.separator) ?? "-",
  );
}

function integer(inputs: Body): number {
  const [min, max] = [asNumber(inputs.min) ?? 0, asNumber(inputs.max) ?? 0];
  if (max < min) throw new Error(`max ${max} is below min ${min}`);
  const seed = asText(inputs.seed);
  if (seed === undefined) return randomInt(min, max + 1);
  const hash = createHash("sha256").update(seed).digest().readUIntBE(0, 6);
  return min + (hash % (max - min + 1));
}

/** By token. */
export const randomTypes: Record<string, RandomType> = {
  "random:index/randomPassword:RandomPassword": {
    inputs: stringInputs,
    defaults: stringDefaults,
    outputs: ["result", "bcryptHash"],
    secrets: ["result", "bcryptHash"],
    make: (inputs) => ({
      id: "none",
      outputs: { result: randomText(inputs), bcryptHash: bcryptLike(), number: inputs.numeric },
    }),
  },
  "random:index/randomString:RandomString": {
    inputs: stringInputs,
    defaults: stringDefaults,
    outputs: ["result"],
    make: (inputs) => {
      const result = randomText(inputs);
      return { id: result, outputs: { result, number: inputs.numeric } };
    },
  },
  "random:index/randomId:RandomId": {
    inputs: { keepers: "map", byteLength: "number!", prefix: "string" },
    defaults: {},
    outputs: ["b64Std", "b64Url", "dec", "hex"],
    make: (inputs) => {
      const bytes = bytesOf(inputs, "byteLength");
      const prefix = asText(inputs.prefix) ?? "";
      return {
        id: bytes.toString("base64url"),
        outputs: {
          b64Std: prefix + bytes.toString("base64"),
          b64Url: prefix + bytes.toString("base64url"),
          hex: prefix + bytes.toString("hex"),
          dec: `${prefix}${BigInt(`0x${bytes.toString("hex")}`)}`,
        },
      };
    },
  },
  "random:index/randomBytes:RandomBytes": {
    inputs: { keepers: "map", length: "number!" },
    defaults: {},
    outputs: ["base64", "hex"],
    secrets: ["base64", "hex"],
    make: (inputs) => {
      const bytes = bytesOf(inputs, "length");
      return {
        id: "none",
        outputs: { base64: bytes.toString("base64"), hex: bytes.toString("hex") },
      };
    },
  },
  "random:index/randomUuid:RandomUuid": {
    inputs: { keepers: "map" },
    defaults: {},
    outputs: ["result"],
    make: () => {
      const result = randomUUID();
      return { id: result, outputs: { result } };
    },
  },
  "random:index/randomPet:RandomPet": {
    inputs: { keepers: "map", length: "number", prefix: "string", separator: "string" },
    defaults: { length: 2, separator: "-" },
    outputs: [],
    make: (inputs) => ({ id: pet(inputs), outputs: {} }),
  },
  "random:index/randomInteger:RandomInteger": {
    inputs: { keepers: "map", min: "number!", max: "number!", seed: "string" },
    defaults: {},
    outputs: ["result"],
    numeric: true,
    make: (inputs) => {
      const result = integer(inputs);
      return { id: String(result), outputs: { result } };
    },
  },
};
