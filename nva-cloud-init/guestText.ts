/** Guest files as they travel in customData: a quarter of it would be prose for their readers. Pure. */

/** A line of comment in Python, shell or a unit, but for the one that names the interpreter. */
const COMMENT = /^\s*#(?!!)/;
/** A comment behind code, as Ruff lays it out; one with a quote might be part of a string. */
const TRAILING = / {2}# [^"'\\]*$/;
const DOCSTRING = /^(\s*)"""/;
const indentOf = (line: string) => line.length - line.trimStart().length;

/**
 * The same program without comments and docstrings. A docstring that is all of a body
 * stays: without it the body would be empty.
 */
export function withoutProse(text: string): string {
  const lines = text
    .split("\n")
    .filter((line) => !COMMENT.test(line))
    .map((line) => line.replace(TRAILING, ""));
  const kept: string[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    const last = docstringEnd(lines, index);
    if (last === undefined || !opensBody(kept)) {
      kept.push(line);
      continue;
    }
    const next = lines.slice(last + 1).find((other) => other.trim() !== "");
    if (indentOf(line) > (next === undefined ? 0 : indentOf(next))) {
      kept.push(...lines.slice(index, last + 1));
    }
    index = last;
  }
  return kept.join("\n");
}

/** Place of the last line of the docstring that begins here; undefined where none begins. */
function docstringEnd(lines: readonly string[], start: number): number | undefined {
  const line = lines[start] ?? "";
  if (!DOCSTRING.test(line)) return undefined;
  if (/""".*"""\s*$/.test(line)) return start;
  const end = lines.findIndex((other, place) => place > start && other.trimEnd().endsWith('"""'));
  return end < 0 ? undefined : end;
}

/** Whether a statement here would be the first of a file, a class or a function. */
function opensBody(before: readonly string[]): boolean {
  const last = before.findLast((line) => line.trim() !== "" && !line.startsWith("#!"));
  return last === undefined || last.trimEnd().endsWith(":");
}
