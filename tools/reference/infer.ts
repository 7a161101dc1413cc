/** The component package's schema, read from the sources the way the SDK reads them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ComponentResource } from "@pulumi/pulumi";
import { Analyzer, type TypeDefinition } from "@pulumi/pulumi/provider/experimental/analyzer";
import { generateSchema, type PackageSpec } from "@pulumi/pulumi/provider/experimental/schema";
import ts from "typescript";

/** The sources as a schema. */
export interface Inferred {
  schema: PackageSpec;
  /** Problems that the schema cannot tell: fields and types that should not be as they are. */
  problems: string[];
}

/** Names of the components that a library exports. */
export function componentsOf(dir: string): string[] {
  const exported = Object.entries(require(path.join(dir, "components/index")) as object);
  return exported
    .filter(([, value]) => Object(value).prototype instanceof ComponentResource)
    .map(([name]) => name);
}

/**
 * Reads the schema from the sources in a folder: a checkout, or an archive's content. Throws an
 * Error with the property's path for a type that a schema cannot express.
 */
export function inferSchema(dir: string, components: readonly string[]): Inferred {
  const manifest = JSON.parse(readFileSync(path.join(dir, "package.json"), "utf8"));
  const analyzer = analyzerOf(dir, manifest, components);
  const found = inWords(() => analyzer.analyze());
  const sources = sourcesOf(path.join(dir, "components"));
  const schema = generateSchema(
    manifest.name,
    manifest.version,
    manifest.description,
    sorted(found.components),
    sorted(found.typeDefinitions),
    found.dependencies,
  );
  describeTypes(schema, found.typeDefinitions, sources);
  tidy(schema);
  return {
    schema,
    problems: [
      ...hiddenFields(sources, components),
      ...twoOfOneName(sources, Object.keys(found.typeDefinitions)),
    ],
  };
}

/** The schema as it is kept: the same text for the same surface. */
export function schemaText(schema: PackageSpec): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/**
 * The SDK reads all that a folder's tsconfig.json names. This one names the library alone, which
 * halves the time.
 */
function analyzerOf(dir: string, manifest: object, components: readonly string[]): Analyzer {
  const aside = mkdtempSync(path.join(tmpdir(), "gwlb-schema-"));
  try {
    const entry = path.join(dir, "components/index");
    const options = { strict: true, target: "ES2022", module: "CommonJS", skipLibCheck: true };
    const resolution = { moduleResolution: "Node10", esModuleInterop: true, types: [] };
    const config = { compilerOptions: { ...options, ...resolution }, files: [`${entry}.ts`] };
    writeFileSync(path.join(aside, "tsconfig.json"), JSON.stringify(config));
    const main = { ...manifest, exports: undefined, main: `${entry}.js` };
    return new Analyzer(aside, "azure-gwlb", main, new Set(components));
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Says a refusal of the SDK's as the property's path, the type, and the way out. */
function inWords<T>(analyze: () => T): T {
  try {
    return analyze();
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const [, component, place] = /component '(\w+)'(?: \w+ '([^']+)')?/.exec(text) ?? [];
    const [, type] = /'([^']+)'$/.exec(text) ?? [];
    if (component === undefined) throw cause;
    const where = place?.includes(".") ? place : [component, place].filter(Boolean).join(".");
    throw new Error(
      `${where}: a schema cannot express ${type ?? "this type"} (${text}). It takes texts, numbers, booleans, lists, Record<string, T>, interfaces, and choices written as an \`as const\` object with a type of its name`,
      { cause },
    );
  }
}

const sorted = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

function sourcesOf(dir: string): ts.SourceFile[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => {
      const file = path.join(dir, name);
      const withParents = true;
      const target = ts.ScriptTarget.ES2022;
      return ts.createSourceFile(file, readFileSync(file, "utf8"), target, withParents);
    });
}

type Declared = ts.InterfaceDeclaration | ts.VariableStatement | ts.EnumDeclaration;

/** The SDK drops what is said of a type as a whole. */
function describeTypes(
  schema: PackageSpec,
  definitions: Record<string, TypeDefinition>,
  sources: readonly ts.SourceFile[],
): void {
  const said = new Map<string, string>();
  for (const source of sources) {
    for (const statement of source.statements) {
      const name = nameOf(statement);
      if (name === undefined) continue;
      const docs = ts.getJSDocCommentsAndTags(statement).filter(ts.isJSDoc);
      const text = docs.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "").join("\n");
      if (text !== "") said.set(name, text);
    }
  }
  for (const name of Object.keys(definitions)) {
    const type = schema.types[`${schema.name}:index:${name}`];
    if (type !== undefined) type.description = said.get(name);
  }
}

function nameOf(statement: ts.Statement): string | undefined {
  const named = statement as Declared;
  if (ts.isInterfaceDeclaration(named) || ts.isEnumDeclaration(named)) return named.name.text;
  if (!ts.isVariableStatement(named)) return undefined;
  const [declaration] = named.declarationList.declarations;
  return declaration && ts.isIdentifier(declaration.name) ? declaration.name.text : undefined;
}

/**
 * Where a comment's lines end is no part of what it says; an empty line is. The SDK also leaves a
 * mark of its own, `optional`, which the lists of what is required say already.
 */
function tidy(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if ("optional" in value && value.optional === true) Reflect.deleteProperty(value, "optional");
  for (const [key, inner] of Object.entries(value)) {
    if (key === "description" && typeof inner === "string") {
      const paragraphs = inner.split(/\n\s*\n/).map((text) => text.replaceAll(/\s*\n\s*/g, " "));
      Object.assign(value, { [key]: paragraphs.join("\n\n").trim() });
    } else tidy(inner);
  }
}

/** The SDK takes every field of a component for an output, whatever its visibility. */
function hiddenFields(sources: readonly ts.SourceFile[], components: readonly string[]): string[] {
  const isHidden = (member: ts.ClassElement) =>
    ts.isPropertyDeclaration(member) &&
    (member.name.getText().startsWith("_") ||
      member.modifiers?.some(
        ({ kind }) =>
          kind === ts.SyntaxKind.PrivateKeyword || kind === ts.SyntaxKind.ProtectedKeyword,
      ));
  return sources
    .flatMap((source) => source.statements.filter(ts.isClassDeclaration))
    .filter(({ name }) => name !== undefined && components.includes(name.text))
    .flatMap(({ name, members }) =>
      members
        .filter(isHidden)
        .map(
          (member) =>
            `${name?.text}.outputs.${member.name?.getText()}: is private, and would be an output all the same; keep it out of the class`,
        ),
    );
}

/** The SDK knows types by their bare names, so the first of two would stand for both. */
function twoOfOneName(sources: readonly ts.SourceFile[], names: readonly string[]): string[] {
  const declared = sources.flatMap((source) =>
    source.statements.flatMap((statement) => nameOf(statement) ?? []),
  );
  return names
    .filter((name) => declared.filter((other) => other === name).length > 1)
    .map((name) => `${name}: is declared twice, and the schema would hold only one of them`);
}
