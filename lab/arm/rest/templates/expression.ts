/** Expressions of ARM templates, `[concat(parameters('a'), '-nic')]`: read and computed. Pure. */
import { refuse } from "../../errors";
import { asBody, type Body } from "../../resource";
import { refusalsOf } from "../../rules";
import { docs } from "../../sources";
import { FUNCTIONS } from "./functions";

type Node =
  | { kind: "value"; value: unknown }
  | { kind: "call"; name: string; args: Node[] }
  | { kind: "member"; of: Node; key: Node };

/** The functions that an expression may call, by name in lower case. */
export type Scope = Readonly<Record<string, (...args: unknown[]) => unknown>>;

const refusals = refusalsOf("Deployments", {
  invalid: {
    code: "InvalidTemplate",
    says: "A template can be read, its parameters are given and what it names is there.",
    documented: docs.apiErrors,
  },
  unknown: {
    code: "InvalidTemplate",
    says: "A template uses what the lab carries.",
    assumed: "The lab has some of the language's functions, no nested deployments and no vaults.",
  },
});

const failed = "Deployment template validation failed";

/** A template that no deployment can come of. */
export const invalidTemplate = (why: string) => refuse(refusals.invalid, `${failed}: '${why}'.`);

/** A template that Azure takes and the lab does not. */
export const unknownInTemplate = (why: string) => refuse(refusals.unknown, `${failed}: '${why}'.`);

const TOKEN = /\s*('(?:[^']|'')*'|-?\d+|[A-Za-z_][\w-]*|[()[\],.])/y;
const MAX_LENGTH = 24_576;

/** The value of a string of a template: itself, unless it is an expression in brackets. */
export function evaluate(text: string, scope: Scope): unknown {
  if (!text.startsWith("[") || !text.endsWith("]")) return text;
  if (text.startsWith("[[")) return text.slice(1);
  return computed(parse(text.slice(1, -1)), scope);
}

/** A copy of a value in which every string is computed. */
export function resolved(value: unknown, scope: Scope): unknown {
  if (typeof value === "string") return evaluate(value, scope);
  if (Array.isArray(value)) return value.map((item) => resolved(item, scope));
  const body = asBody(value);
  if (body === undefined) return value;
  return Object.fromEntries(
    Object.entries(body).map(([key, inner]) => [
      String(evaluate(key, scope)),
      resolved(inner, scope),
    ]),
  );
}

function parse(text: string): Node {
  if (text.length > MAX_LENGTH)
    throw invalidTemplate("an expression is longer than 24,576 characters");
  const fail = (): never => {
    throw invalidTemplate(`the expression '${text.slice(0, 120)}' is not valid`);
  };
  const tokens: string[] = [];
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < text.trimEnd().length)
    tokens.push((pattern.exec(text) ?? fail())[1] ?? "");
  const take = (wanted?: string): string => {
    const token = tokens.shift() ?? fail();
    return wanted === undefined || token === wanted ? token : fail();
  };
  const literal = (token: string): Node | undefined => {
    if (token.startsWith("'")) {
      return { kind: "value", value: token.slice(1, -1).replaceAll("''", "'") };
    }
    return /^-?\d+$/.test(token) ? { kind: "value", value: Number(token) } : undefined;
  };
  const one = (): Node => {
    const token = take();
    let node = literal(token);
    if (node === undefined) {
      if (!/^\w/.test(token)) return fail();
      take("(");
      const args: Node[] = [];
      while (tokens[0] !== ")") {
        args.push(one());
        if (tokens[0] !== ")") take(",");
      }
      take(")");
      node = { kind: "call", name: token, args };
    }
    for (;;) {
      if (tokens[0] === ".") {
        take(".");
        node = { kind: "member", of: node, key: { kind: "value", value: take() } };
      } else if (tokens[0] === "[") {
        take("[");
        node = { kind: "member", of: node, key: one() };
        take("]");
      } else return node;
    }
  };
  const node = one();
  return tokens.length === 0 ? node : fail();
}

/** The first arguments of all calls of a function, wherever the calls stand in a value. */
export function argumentsOf(name: string, value: unknown, scope: Scope): unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => argumentsOf(name, item, scope));
  if (typeof value !== "string") {
    return Object.values(asBody(value) ?? {}).flatMap((inner) => argumentsOf(name, inner, scope));
  }
  if (!value.startsWith("[") || !value.endsWith("]") || value.startsWith("[[")) return [];
  const found: unknown[] = [];
  const look = (node: Node): void => {
    if (node.kind === "member") for (const part of [node.of, node.key]) look(part);
    if (node.kind !== "call") return;
    const [first] = node.args;
    if (node.name.toLowerCase() === name && first !== undefined) found.push(computed(first, scope));
    else for (const arg of node.args) look(arg);
  };
  look(parse(value.slice(1, -1)));
  return found;
}

function computed(node: Node, scope: Scope): unknown {
  if (node.kind === "value") return node.value;
  if (node.kind === "member") return memberOf(computed(node.of, scope), computed(node.key, scope));
  const name = node.name.toLowerCase();
  if (name === "if") {
    const [test, yes, no] = node.args;
    const chosen = test !== undefined && computed(test, scope) === true ? yes : no;
    return chosen === undefined ? undefined : computed(chosen, scope);
  }
  const known = scope[name] ?? FUNCTIONS[name];
  if (known === undefined) {
    throw unknownInTemplate(
      `the embedded Azure does not know the template function '${node.name}'`,
    );
  }
  return known(...node.args.map((arg) => computed(arg, scope)));
}

function memberOf(holder: unknown, key: unknown): unknown {
  if (Array.isArray(holder)) return holder[Number(key)];
  const body: Body = asBody(holder) ?? {};
  const name = Object.keys(body).find((known) => known.toLowerCase() === String(key).toLowerCase());
  if (name !== undefined) return body[name];
  throw invalidTemplate(`the language expression property '${String(key)}' doesn't exist`);
}
