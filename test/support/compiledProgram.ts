/** Programs compiled once, instead of by each run of the engine that a test asks for. */
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { build, transformSync } from "esbuild";
import { root } from "./sources";

const OPTIONS = { recursive: true, encoding: "utf8" } as const;
/** Parts of the repository that the program consists of. */
const PARTS = ["index.ts", "components", "program", "nva-cloud-init"];

/** A program of the test's own, compiled. */
export const compiled = (source: string): string =>
  transformSync(source, { loader: "ts", format: "cjs", target: "node20" }).code;

/**
 * The folder with this repository's program, its parts compiled, each where its source is; it goes
 * with the run's files. Other sources have another folder.
 */
export async function compiledProgram(): Promise<string> {
  const folder = path.join(tmpdir(), `gwlb-program-${stamp()}`);
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

/** A word that changes with any of the sources. */
function stamp(): string {
  const hash = createHash("sha256");
  for (const part of PARTS) {
    const inside = part.endsWith(".ts") ? [""] : readdirSync(path.join(root, part), OPTIONS);
    for (const file of inside) {
      const { mtimeMs, size } = statSync(path.join(root, part, file));
      hash.update(`${part}/${file} ${mtimeMs} ${size}\n`);
    }
  }
  return hash.digest("hex").slice(0, 16);
}
