/**
 * `npm run docs`: writes what is derived from the sources: schema.json, docs/reference, the
 * changelog's list of changes since the last release, docs/azure-rules.md, docs/claims.md, and the
 * guest's copies of the contract with it.
 *
 *   npm run docs                 writes, and says what changed
 *   npm run docs -- --check      writes nothing; fails if something is not current
 *   npm run docs -- --release    also makes this surface the one that later changes are told against
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Derived, derive, RELEASED, releaseProblem } from "./derive";

const root = path.resolve(__dirname, "../..");

function main(args: readonly string[]): number {
  const unknown = args.filter((arg) => arg !== "--check" && arg !== "--release");
  if (unknown.length > 0) return fail([`unknown: ${unknown.join(" ")}; try --check or --release`]);
  const derived = derive(root);
  if (derived.problems.length > 0) return fail(derived.problems);
  const stale = staleFiles(derived);
  if (args.includes("--check")) {
    if (stale.length === 0) return 0;
    const lines = [...derived.changes, ...stale.map((file) => `${file} is not current`)];
    return fail([...lines, "run `npm run docs`, look at the difference, and commit it"]);
  }
  for (const line of derived.changes) console.log(line);
  for (const file of stale) write(file, derived.files[file]);
  console.log(stale.length === 0 ? "everything is current" : `written: ${stale.join(", ")}`);
  return args.includes("--release") ? release(derived) : 0;
}

function release({ schema, releasedSchema }: Derived): number {
  const problem = releaseProblem(schema, releasedSchema);
  if (problem !== undefined) return fail([problem]);
  write(RELEASED, readFileSync(path.join(root, "schema.json"), "utf8"));
  console.log(`written: ${RELEASED}`);
  return 0;
}

/** Files that are not what they should be; one that should not be there counts. */
function staleFiles({ files }: Derived): string[] {
  const dir = path.join(root, "docs/reference");
  const present = existsSync(dir) ? readdirSync(dir) : [];
  const surplus = present
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/reference/${name}`)
    .filter((file) => !(file in files));
  const changed = Object.entries(files).filter(([file, text]) => {
    const at = path.join(root, file);
    return !existsSync(at) || readFileSync(at, "utf8") !== text;
  });
  return [...changed.map(([file]) => file), ...surplus].sort();
}

function write(file: string, text: string | undefined): void {
  const at = path.join(root, file);
  if (text === undefined) rmSync(at);
  else {
    mkdirSync(path.dirname(at), { recursive: true });
    writeFileSync(at, text);
  }
}

function fail(problems: readonly string[]): number {
  for (const problem of problems) console.error(problem);
  return 1;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.exitCode = fail([error instanceof Error ? error.message : String(error)]);
}
