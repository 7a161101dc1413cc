/** Ruff from its WebAssembly build, so that `npm ci` alone brings the Python linter. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { PositionEncoding, Workspace } from "@astral-sh/ruff-wasm-nodejs";

/** Rules and layout for Python. */
const settings = {
  "line-length": 100,
  lint: {
    select: ["E", "F", "I", "B", "UP", "SIM", "RET", "ANN", "S", "PL", "RUF"],
    ignore: ["S603", "S607", "PLR2004", "PLR0913", "S104", "S310"],
  },
};

/** The oldest Python that a file meets: an NVA's image may be older than Debian 12. */
const version = (file: string) => (file.startsWith("nva-cloud-init/guest/") ? "py39" : "py311");

const workspaceFor = (target: string) =>
  new Workspace({ ...settings, "target-version": target }, PositionEncoding.Utf32);

/** Every lint finding and every file not in Ruff's format; undefined when there is none. */
export function ruffProblems(root: string, files: string[]): string | undefined {
  const workspaces = { py39: workspaceFor("py39"), py311: workspaceFor("py311") };
  const problems = files.flatMap((file) => {
    const workspace = workspaces[version(file)];
    const text = readFileSync(path.join(root, file), "utf8");
    const found = (workspace.check(text) as Diagnostic[]).map(
      (d) => `${file}:${d.start_location.row}: ${d.code ?? "syntax"} ${d.message}`,
    );
    if (workspace.format(text) !== text) found.push(`${file}: not in Ruff's format`);
    return found;
  });
  return problems.length === 0 ? undefined : problems.join("\n");
}

interface Diagnostic {
  code: string | null;
  message: string;
  start_location: { row: number; column: number };
}
