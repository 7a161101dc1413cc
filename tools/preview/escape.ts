/**
 * Foreign text in Markdown. Names and messages come from the program of a pull request's author:
 * they must not draw tables, close code, mention people, or write HTML.
 */

/** The text as code; line ends become spaces. */
export function code(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  if (line === "") return "(empty)";
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  const pad = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** The text as text, on one line. */
export function plain(text: string): string {
  return text
    .replaceAll(/\s+/g, " ")
    .trim()
    .replaceAll(/[\\`*_{}[\]<>#|~]/g, "\\$&")
    .replaceAll("@", "@\u200b");
}

/** A cell of a table: a bar would end it, even inside code. */
export const cell = (markdown: string): string => markdown.replaceAll(/(?<!\\)\|/g, "\\|");

/** A block of code that its content cannot close. */
export function block(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${text.trimEnd()}\n${fence}`;
}
