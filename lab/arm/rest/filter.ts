/** `$filter` of lists: comparisons of properties with strings, joined by `and` and `or`. Pure. */
import { refuse } from "../errors";
import { keyOf } from "../ids";
import { asBody, asText, type Body } from "../resource";
import { refusalsOf } from "../rules";
import { quoted } from "../sources";

const refusals = refusalsOf("The HTTP API", {
  filter: {
    code: "InvalidFilterInQueryString",
    says: "A filter compares properties that lists can be filtered by.",
    reported: quoted("InvalidFilterInQueryString"),
  },
});

type Test = (resource: Body) => boolean;

const TOKEN = /\s*('(?:[^']|'')*'|[(),]|[\w./]+)/y;
/** A filter of Azure's is shorter than this. */
const MAX_LENGTH = 4096;

/** The test that a filter means; throws Azure's 400 for one that is none. */
export function matcher(filter: string): Test {
  return new Parser(filter).parse();
}

/** Reads a filter from its first word to its last; each method takes the words that are its own. */
class Parser {
  readonly #tokens: string[];

  constructor(readonly filter: string) {
    this.#tokens = tokensOf(filter);
  }

  parse(): Test {
    const test = this.#either(0);
    return this.#tokens.length === 0 ? test : this.#fail();
  }

  #either(depth: number): Test {
    const tests = [this.#all(depth)];
    while (this.#takes("or")) tests.push(this.#all(depth));
    return (resource) => tests.some((test) => test(resource));
  }

  #all(depth: number): Test {
    const tests = [this.#primary(depth)];
    while (this.#takes("and")) tests.push(this.#primary(depth));
    return (resource) => tests.every((test) => test(resource));
  }

  #primary(depth: number): Test {
    if (depth > 20) return this.#fail();
    const word = this.#next();
    if (word === "(") {
      const inner = this.#either(depth + 1);
      this.#expect(")");
      return inner;
    }
    if (/^(startswith|substringof)$/i.test(word)) return this.#call(word.toLowerCase());
    if (/^at[Ss]cope$/i.test(word)) return this.#scope();
    return this.#comparison(word);
  }

  #scope(): Test {
    this.#expect("(");
    this.#expect(")");
    return () => true;
  }

  #call(name: string): Test {
    this.#expect("(");
    const first = this.#next();
    this.#expect(",");
    const second = this.#next();
    this.#expect(")");
    const [property, quoted] = name === "startswith" ? [first, second] : [second, first];
    const wanted = keyOf(quoted.slice(1, -1));
    return (resource) => {
      const value = keyOf(propertyOf(resource, property));
      return name === "startswith" ? value.startsWith(wanted) : value.includes(wanted);
    };
  }

  #comparison(property: string): Test {
    const operator = this.#next().toLowerCase();
    const wanted = keyOf(this.#text());
    if (/^tagname$/i.test(property)) return this.#tagged(wanted, operator);
    const equal: Test = (resource) => keyOf(propertyOf(resource, property)) === wanted;
    if (operator === "eq") return equal;
    return operator === "ne" ? (resource) => !equal(resource) : this.#fail();
  }

  /** `tagName eq 'a' and tagValue eq 'b'` is about one tag. */
  #tagged(name: string, operator: string): Test {
    if (operator !== "eq") return this.#fail();
    const hasValue = this.#is("and") && this.#tokens[1]?.toLowerCase() === "tagvalue";
    if (hasValue) this.#tokens.splice(0, 2);
    if (hasValue) this.#expect("eq");
    const wanted = hasValue ? this.#text() : undefined;
    return (resource) =>
      Object.entries(asBody(resource.tags) ?? {}).some(
        ([key, value]) => keyOf(key) === name && (wanted === undefined || value === wanted),
      );
  }

  #text(): string {
    const token = this.#next();
    return token.startsWith("'") ? token.slice(1, -1).replaceAll("''", "'") : this.#fail();
  }

  #next(): string {
    return this.#tokens.shift() ?? this.#fail();
  }

  #is(word: string): boolean {
    return this.#tokens[0]?.toLowerCase() === word;
  }

  /** Takes the word if it is the next one. */
  #takes(word: string): boolean {
    const is = this.#is(word);
    if (is) this.#tokens.shift();
    return is;
  }

  #expect(word: string): void {
    if (!this.#takes(word)) this.#fail();
  }

  #fail(): never {
    return fail(this.filter);
  }
}

function tokensOf(filter: string): string[] {
  const tokens: string[] = [];
  if (filter.length > MAX_LENGTH) return fail(filter);
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < filter.trimEnd().length) {
    const [, token] = pattern.exec(filter) ?? fail(filter);
    tokens.push(token ?? "");
  }
  return tokens;
}

/** A property by its path; `resourceType` and `resourceGroup` are not in the body under that name. */
function propertyOf(resource: Body, property: string): string {
  const name = keyOf(property);
  if (name === "resourcetype") return asText(resource.type) ?? "";
  if (name === "resourcegroup") return asText(resource.id)?.split("/")[4] ?? "";
  let value: unknown = resource;
  for (const part of property.split("/")) {
    const body = asBody(value) ?? {};
    const key = Object.keys(body).find((known) => keyOf(known) === keyOf(part));
    value = key === undefined ? asBody(body.properties)?.[part] : body[key];
  }
  return typeof value === "string" ? value : "";
}

function fail(filter: string): never {
  throw refuse(refusals.filter, `Invalid $filter '${filter.slice(0, 200)}' specified.`);
}
