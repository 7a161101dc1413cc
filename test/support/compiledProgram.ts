/** Programs compiled once, instead of by each run of the engine that a test asks for. */
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { build, transformSync } from "esbuild";
import { root } from "./sources";

/** Parts of the repository that the program consists of. */
const PARTS = ["index.ts", "components", "program", "nva-cloud-init"];

/** A program of the test's own, compiled. */
export const compiled = (source: string): string =>
  transformSync(source, { loader: "ts", format: "cjs", target: "node20" }).code;

/** The folder with this repository's program, its parts compiled, each where its source is; it goes with the run's files. */
export async function compiledProgram(): Promise<string> {
  const folder = path.join(tmpdir(), "gwlb-program");
  if (existsSync(folder)) return folder;
  const building = mkdtempSync(`${folder}-`);
  for (const part of PARTS) {
    cpSync(path.join(root, part), path.join(building, part), { recursive: true });
  }
  const sources = PARTS.map((part) => (part.endsWith(".ts") ? part : `${part}/**/*.ts`));
  await build({
    absWorkingDir: building,
    entryPoints: sources,
    outdir: building,
    format: "cjs",
    platform: "node",
    target: "node20",
  });
  for (const name of ["node_modules", "package.json", "schema.json"]) {
    symlinkSync(path.join(root, name), path.join(building, name));
  }
  try {
    renameSync(building, folder);
  } catch {
    // Another test file was faster.
    rmSync(building, { recursive: true, force: true });
  }
  return folder;
}
