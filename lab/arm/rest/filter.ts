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
  const tokens = tokensOf(filter);
  const next = () => tokens.shift() ?? fail(filter);
  const is = (word: string) => tokens[0]?.toLowerCase() === word;
  const expect = (word: string) => (is(word) ? tokens.shift() : fail(filter));
  const text = () => {
    const token = next();
    return token.startsWith("'") ? token.slice(1, -1).replaceAll("''", "'") : fail(filter);
  };

  const primary = (depth: number): Test => {
    if (depth > 20) return fail(filter);
    const word = next();
    if (word === "(") {
      const inner = either(depth + 1);
      expect(")");
      return inner;
    }
    if (/^(startswith|substringof)$/i.test(word)) return call(word.toLowerCase());
    if (/^at[Ss]cope$/i.test(word)) return scope();
    const operator = next().toLowerCase();
    const wanted = keyOf(text());
    const equal: Test = (resource) => keyOf(propertyOf(resource, word)) === wanted;
    if (/^tagname$/i.test(word)) return tagged(wanted, operator);
    if (operator === "eq") return equal;
    return operator === "ne" ? (resource) => !equal(resource) : fail(filter);
  };
  const scope = (): Test => {
    expect("(");
    expect(")");
    return () => true;
  };
  const call = (name: string): Test => {
    expect("(");
    const [first, second] = [next(), expect(",") && next()];
    expect(")");
    const [property, quoted] = name === "startswith" ? [first, second] : [second, first];
    const wanted = keyOf(String(quoted).slice(1, -1));
    return (resource) => {
      const value = keyOf(propertyOf(resource, String(property)));
      return name === "startswith" ? value.startsWith(wanted) : value.includes(wanted);
    };
  };
  /** `tagName eq 'a' and tagValue eq 'b'` is about one tag. */
  const tagged = (name: string, operator: string): Test => {
    if (operator !== "eq") return fail(filter);
    const both = is("and") && tokens[1]?.toLowerCase() === "tagvalue";
    if (both) tokens.splice(0, 2);
    if (both) expect("eq");
    const wanted = both ? text() : undefined;
    return (resource) =>
      Object.entries(asBody(resource.tags) ?? {}).some(
        ([key, value]) => keyOf(key) === name && (wanted === undefined || value === wanted),
      );
  };
  const all = (depth: number): Test => {
    const tests = [primary(depth)];
    while (is("and") && tokens.shift()) tests.push(primary(depth));
    return (resource) => tests.every((test) => test(resource));
  };
  const either = (depth: number): Test => {
    const tests = [all(depth)];
    while (is("or") && tokens.shift()) tests.push(all(depth));
    return (resource) => tests.some((test) => test(resource));
  };
  const test = either(0);
  return tokens.length === 0 ? test : fail(filter);
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
