/** Ruff from its WebAssembly build, so that `npm ci` alone brings the Python linter. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { PositionEncoding, Workspace } from "@astral-sh/ruff-wasm-nodejs";

/** Rules and layout for Python; the oldest Python we meet is that of Debian 12. */
const settings = {
  "line-length": 100,
  "target-version": "py311",
  lint: {
    select: ["E", "F", "I", "B", "UP", "SIM", "RET", "ANN", "S", "PL", "RUF"],
    ignore: ["S603", "S607", "PLR2004", "PLR0913", "S104", "S310"],
  },
};

/** Every lint finding and every file not in Ruff's format; undefined when there is none. */
export function ruffProblems(root: string, files: string[]): string | undefined {
  const workspace = new Workspace(settings, PositionEncoding.Utf32);
  const problems = files.flatMap((file) => {
    const text = readFileSync(path.join(root, file), "utf8");
    const found = (workspace.check(text) as Diagnostic[]).map(
      (d) => `${file}:${d.start_location.row}: ${d.code ?? "syntax"} ${d.message}`,
    );
    if (workspace.format(text) !== text) found.push(`${file}: not in Ruff's format`);
    return found;
  });
  return problems.length === 0 ? undefined : problems.join("\n");
}

/** Rewrites Python files in Ruff's format. */
export function ruffFormat(text: string): string {
  return new Workspace(settings, PositionEncoding.Utf32).format(text);
}

interface Diagnostic {
  code: string | null;
  message: string;
  start_location: { row: number; column: number };
}
