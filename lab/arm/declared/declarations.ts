/**
 * Declarations of resource types in the installed SDK of azure-native: arguments and outputs,
 * read with the TypeScript compiler, once for each type that somebody uses.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import type ts from "typescript";
import { apiVersionIn, classFile, installed, sdkFile } from "./sdk";

/** The form of a value. */
export type Form =
  | { kind: "text"; values?: string[] }
  | { kind: "number" | "flag" | "any" }
  | { kind: "list" | "map"; item: Form }
  /** One of these records, by their names in {@link Declaration.records}. */
  | { kind: "records"; names: string[] };

export interface Field {
  form: Form;
  optional: boolean;
}

export type Fields = Record<string, Field>;

/** A resource type as the SDK declares it. */
export interface Declaration {
  /** Version of the API that azure-native speaks to it. */
  apiVersion: string;
  inputs: Fields;
  outputs: Fields;
  /** The records that they are made of, e.g. `inputs.keyvault.SkuArgs`. */
  records: Record<string, Fields>;
}

/** The declaration of a class, e.g. of `keyvault` and `Vault`; undefined if there is none. */
export function declarationOf(module: string, name: string): Declaration | undefined {
  const file = classFile(module, name);
  if (file === undefined) return undefined;
  const text = readFileSync(file, "utf8");
  const reader = new Reader(module);
  const source = reader.parse(text);
  const inputs = reader.membersOf(source, `${name}Args`) ?? {};
  const outputs = reader.membersOf(source, name) ?? {};
  const records = reader.recordsIn([inputs, outputs]);
  return { apiVersion: apiVersionIn(text), inputs, outputs, records };
}

/** Reads the type nodes of one module. The compiler is loaded when the first one is needed. */
class Reader {
  readonly #ts = installed("typescript") as typeof ts;
  readonly #spaces = new Map<string, ts.SourceFile>();
  #enums: ts.SourceFile | undefined;

  constructor(private readonly module: string) {}

  parse(text: string): ts.SourceFile {
    return this.#ts.createSourceFile("sdk.d.ts", text, this.#ts.ScriptTarget.Latest);
  }

  /** The properties of an interface or class in a file; undefined if it is not there. */
  membersOf(source: ts.SourceFile, name: string): Fields | undefined {
    const { isInterfaceDeclaration, isClassDeclaration } = this.#ts;
    const found = source.statements.find(
      (node): node is ts.InterfaceDeclaration | ts.ClassDeclaration =>
        (isInterfaceDeclaration(node) || isClassDeclaration(node)) && node.name?.text === name,
    );
    if (found === undefined) return undefined;
    const fields: Fields = {};
    for (const member of found.members) {
      const property = this.#propertyOf(member, source);
      if (property !== undefined) fields[property[0]] = property[1];
    }
    return fields;
  }

  /** All records that some fields are made of, those inside others as well. */
  recordsIn(all: Fields[]): Record<string, Fields> {
    const records: Record<string, Fields> = {};
    const waiting = all.flatMap(namesIn);
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (records[name] !== undefined) continue;
      const [space = "", , own = ""] = name.split(".");
      const fields = this.membersOf(this.#space(space), own) ?? {};
      records[name] = fields;
      waiting.push(...namesIn(fields));
    }
    return records;
  }

  #propertyOf(
    member: ts.TypeElement | ts.ClassElement,
    source: ts.SourceFile,
  ): [string, Field] | undefined {
    const { isPropertySignature, isPropertyDeclaration, isIdentifier, isStringLiteral } = this.#ts;
    if (!isPropertySignature(member) && !isPropertyDeclaration(member)) return undefined;
    if (member.type === undefined) return undefined;
    if (!isIdentifier(member.name) && !isStringLiteral(member.name)) return undefined;
    const parts = this.#alternatives(member.type, source);
    const optional = member.questionToken !== undefined || parts.some((part) => this.#isNone(part));
    return [member.name.text, { form: this.#formOf(member.type, source), optional }];
  }

  /** The members of a union, with the wrappers of inputs and outputs taken off. */
  #alternatives(node: ts.TypeNode, source: ts.SourceFile): ts.TypeNode[] {
    const { isUnionTypeNode, isParenthesizedTypeNode, isTypeReferenceNode } = this.#ts;
    if (isUnionTypeNode(node))
      return node.types.flatMap((part) => this.#alternatives(part, source));
    if (isParenthesizedTypeNode(node)) return this.#alternatives(node.type, source);
    const [inner] = isTypeReferenceNode(node) ? (node.typeArguments ?? []) : [];
    return inner === undefined ? [node] : this.#alternatives(inner, source);
  }

  #isNone(node: ts.TypeNode): boolean {
    return node.kind === this.#ts.SyntaxKind.UndefinedKeyword;
  }

  #formOf(node: ts.TypeNode, source: ts.SourceFile): Form {
    const parts = this.#alternatives(node, source).filter((part) => !this.#isNone(part));
    return anyOf(parts.map((part) => this.#plainForm(part, source)));
  }

  #plainForm(node: ts.TypeNode, source: ts.SourceFile): Form {
    const { SyntaxKind } = this.#ts;
    if (node.kind === SyntaxKind.StringKeyword) return { kind: "text" };
    if (node.kind === SyntaxKind.NumberKeyword) return { kind: "number" };
    if (node.kind === SyntaxKind.BooleanKeyword) return { kind: "flag" };
    if (this.#ts.isArrayTypeNode(node)) {
      return { kind: "list", item: this.#formOf(node.elementType, source) };
    }
    if (this.#ts.isTypeLiteralNode(node)) {
      const [index] = node.members.filter(this.#ts.isIndexSignatureDeclaration);
      const item: Form = index === undefined ? { kind: "any" } : this.#formOf(index.type, source);
      return { kind: "map", item };
    }
    if (this.#ts.isLiteralTypeNode(node) && this.#ts.isStringLiteral(node.literal)) {
      return { kind: "text", values: [node.literal.text] };
    }
    if (!this.#ts.isTypeReferenceNode(node)) return { kind: "any" };
    const name = node.typeName.getText(source);
    if (/^(inputs|outputs)\./.test(name)) return { kind: "records", names: [name] };
    return name.startsWith("enums.") ? this.#choices(name) : { kind: "any" };
  }

  #choices(name: string): Form {
    this.#enums ??= this.parse(
      readFileSync(sdkFile("types", "enums", this.module, "index.d.ts"), "utf8"),
    );
    const own = name.split(".").at(-1);
    for (const statement of this.#enums.statements) {
      if (!this.#ts.isVariableStatement(statement)) continue;
      const [declared] = statement.declarationList.declarations;
      if (declared?.type === undefined || declared.name.getText(this.#enums) !== own) continue;
      if (!this.#ts.isTypeLiteralNode(declared.type)) continue;
      const values = declared.type.members.flatMap((member) => {
        const type = this.#ts.isPropertySignature(member) ? member.type : undefined;
        const literal =
          type !== undefined && this.#ts.isLiteralTypeNode(type) ? type.literal : type;
        return literal !== undefined && this.#ts.isStringLiteral(literal) ? [literal.text] : [];
      });
      return values.length === 0 ? { kind: "any" } : { kind: "text", values };
    }
    return { kind: "any" };
  }

  /** The records of the module: a part of a file that has those of all modules. */
  #space(space: string): ts.SourceFile {
    const known = this.#spaces.get(space);
    if (known !== undefined) return known;
    const all = readFileSync(sdkFile("types", `${space.replace(/s$/, "")}.d.ts`), "utf8");
    const head = `\nexport declare namespace ${this.module} {\n`;
    const begin = all.indexOf(head);
    const end = all.indexOf("\n}\n", begin);
    const source = this.parse(begin < 0 ? "" : all.slice(begin + head.length, end));
    this.#spaces.set(space, source);
    return source;
  }
}

const namesIn = (fields: Fields): string[] =>
  Object.values(fields).flatMap(({ form }) => namesOf(form));

function namesOf(form: Form): string[] {
  if (form.kind === "records") return form.names;
  return form.kind === "list" || form.kind === "map" ? namesOf(form.item) : [];
}

/** The form of a value that has one of these. */
export function anyOf(forms: readonly Form[]): Form {
  const [first = { kind: "any" }] = forms;
  if (forms.some(({ kind }) => kind !== first.kind)) return { kind: "any" };
  switch (first.kind) {
    case "text": {
      const values = forms.map((form) => (form.kind === "text" ? form.values : undefined));
      // `string | enums.X` is open: the service may know more than the SDK.
      return values.includes(undefined)
        ? { kind: "text" }
        : { kind: "text", values: [...new Set(values.flatMap((choices) => choices ?? []))] };
    }
    case "list":
    case "map": {
      const items = forms.flatMap((form) => ("item" in form ? [form.item] : []));
      return { kind: first.kind, item: anyOf(items) };
    }
    case "records":
      return {
        kind: "records",
        names: [...new Set(forms.flatMap((form) => (form.kind === "records" ? form.names : [])))],
      };
    default:
      return first;
  }
}

/** This reader in a word: what an older one has kept may say less, or something else. */
const READER = createHash("sha256").update(readFileSync(__filename)).digest("hex").slice(0, 8);

/** Where a declaration is kept, so that the compiler is not loaded for it again. */
export const declarationFile = (folder: string, version: string, token: string): string =>
  path.join(folder, `azure-native-${version}-${READER}`, `${token.replaceAll(":", ".")}.json`);
