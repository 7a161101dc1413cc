/** The sources of this repository, for tests that hold its shape. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

export const root = path.resolve(__dirname, "../..");

/** Files that git tracks or would track, as paths from the root. */
export function sourceFiles(ending: string): string[] {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  return [...new Set(listed.split("\n"))]
    .filter((file) => file.endsWith(ending) && existsSync(path.join(root, file)))
    .sort();
}

export const read = (file: string): string => readFileSync(path.join(root, file), "utf8");

/** Imports of a TypeScript file: package names, and files of the repository as paths. */
export function importsOf(file: string): string[] {
  const found = [...read(file).matchAll(/(?:\bfrom|\bimport|\brequire\()\s*\(?"([^"]+)"/g)];
  return found.map(([, name = ""]) =>
    name.startsWith(".") ? path.posix.normalize(path.posix.join(path.dirname(file), name)) : name,
  );
}
