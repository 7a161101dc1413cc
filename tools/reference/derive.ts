/** Texts that are derived from the sources. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { PackageSpec } from "@pulumi/pulumi/provider/experimental/schema";
import { ruleProblems, rulesOf, rulesPage } from "./azureRules";
import { withSchemaSection } from "./changelog";
import { type Change, changeLine, changesBetween, isVersionAtLeast, leastVersion } from "./changes";
import { claimsPage } from "./claims";
import { contractFiles } from "./contract";
import { componentsOf, inferSchema, schemaText } from "./infer";
import { pagesOf } from "./markdown";
import { surfaceProblems } from "./problems";
import { surfaceOf } from "./surface";

/** The surface of the last release, which the changelog tells changes against; none before the first. */
export const RELEASED = "docs/reference/released/schema.json";

export interface Derived {
  schema: PackageSpec;
  releasedSchema: PackageSpec | undefined;
  /** Problems that forbid publishing; nothing may be written then. */
  problems: string[];
  /** Each difference from the schema.json that is there, a line each. */
  changes: string[];
  /** Texts by path from the root. */
  files: Record<string, string>;
}

/** Reads a checkout's sources and its last release. */
export function derive(root: string): Derived {
  const { schema, problems } = inferSchema(root, componentsOf(root));
  const entries = surfaceOf(schema);
  const releasedSchema = readSchema(path.join(root, RELEASED));
  const before = readSchema(path.join(root, "schema.json"));
  const pages = Object.entries(pagesOf(entries));
  const rules = rulesOf(root);
  const changelog = readFileSync(path.join(root, "CHANGELOG.md"), "utf8");
  return {
    schema,
    releasedSchema,
    problems: [...problems, ...surfaceProblems(entries), ...ruleProblems(rules)],
    changes: changesFrom(before, schema).map(changeLine),
    files: {
      "schema.json": schemaText(schema),
      "CHANGELOG.md": withSchemaSection(changelog, changesFrom(releasedSchema, schema)),
      "docs/azure-rules.md": rulesPage(rules),
      "docs/claims.md": claimsPage(root),
      ...Object.fromEntries(pages.map(([name, text]) => [`docs/reference/${name}`, text])),
      ...contractFiles(),
    },
  };
}

/** Why this version cannot be released with this surface; undefined if it can. */
export function releaseProblem(
  schema: PackageSpec,
  released: PackageSpec | undefined,
): string | undefined {
  if (released === undefined) return undefined;
  const { version = "0.0.0" } = schema;
  const least = leastVersion(released.version ?? "0.0.0", changesFrom(released, schema));
  if (isVersionAtLeast(version, least)) return undefined;
  return `version ${version} is too low for what changed since ${released.version}: ${least} at least; set it in package.json`;
}

function changesFrom(before: PackageSpec | undefined, after: PackageSpec): Change[] {
  return changesBetween(before === undefined ? [] : surfaceOf(before), surfaceOf(after));
}

function readSchema(file: string): PackageSpec | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as PackageSpec) : undefined;
}
