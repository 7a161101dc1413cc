/** The changelog's list of what changed in the public surface since the last release. Pure. */
import { type Change, changeLine } from "./changes";

const HEADING = "### Schema";
const SECTION = /^### Schema\n[\s\S]*?(?=^##|(?![\s\S]))/m;
const NEXT = /^## (?!Unreleased)/m;

/** The changelog with the list of these changes at the end of what is not released yet. */
export function withSchemaSection(changelog: string, changes: readonly Change[]): string {
  const begins = changelog.indexOf("## Unreleased");
  if (begins < 0) throw new Error('CHANGELOG.md has no "## Unreleased"; add it on top');
  const head = changelog.slice(0, begins);
  const rest = changelog.slice(begins);
  const ends = rest.search(NEXT);
  const unreleased = ends < 0 ? rest : rest.slice(0, ends);
  const older = ends < 0 ? "" : `\n${rest.slice(ends)}`;
  const own = unreleased.replace(SECTION, "").trimEnd();
  const section = schemaSection(changes);
  return `${head}${own}\n${section === "" ? "" : `\n${section}`}${older}`;
}

/** One line a change of what programs can say; how things are documented is no news. */
function schemaSection(changes: readonly Change[]): string {
  const lines = changes
    .filter(({ weight }) => weight !== "text")
    .map((change) => `- \`${changeLine(change)}\``);
  return lines.length === 0 ? "" : `${[HEADING, "", ...lines].join("\n")}\n`;
}
