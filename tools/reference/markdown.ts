/** The reference: one page a component, one for the types, one for the choices. Pure. */
import { defaultOf, withoutDefault } from "./problems";
import type { Entry } from "./surface";

/** A page by its file's name. */
export type Pages = Record<string, string>;

const NOTE =
  "<!-- Written by `npm run docs` from the comments in components/: change them there. -->";

/** All pages of a surface. */
export function pagesOf(entries: readonly Entry[]): Pages {
  const components = entries.filter(({ kind }) => kind === "component");
  const types = entries.filter(({ kind }) => kind === "type");
  const enums = entries.filter(({ kind }) => kind === "enum");
  const pages = components.map((component) => [
    `${component.path}.md`,
    componentPage(component, entries),
  ]);
  return {
    "README.md": indexPage(components, types, enums),
    ...Object.fromEntries(pages),
    "types.md": page(
      "Types of arguments",
      types.map((type) => typeSection(type, entries)),
    ),
    "enums.md": page(
      "Choices",
      enums.map((choice) => enumSection(choice, entries)),
    ),
  };
}

function indexPage(
  components: readonly Entry[],
  types: readonly Entry[],
  enums: readonly Entry[],
): string {
  const row = (entry: Entry) =>
    `| [${entry.path}](${placeOf(entry)}) | ${cell(firstSentence(entry.description))} |`;
  const table = (list: readonly Entry[]) => ["| | |", "| --- | --- |", ...list.map(row)].join("\n");
  return page("Reference", [
    "Names are the same in every language, in its own spelling: `gatewayFrontendId` in TypeScript and YAML is `gateway_frontend_id` in Python and `GatewayFrontendId` in Go and C#. The same is in [schema.json](../../schema.json), as the engine reads it.",
    `## Components\n\n${table(components)}`,
    `## Types\n\n${table(types)}`,
    `## Choices\n\n${table(enums)}`,
  ]);
}

function componentPage(component: Entry, entries: readonly Entry[]): string {
  const of = (part: string) =>
    entries.filter(({ path }) => path.startsWith(`${component.path}.${part}.`));
  return page(component.path, [
    component.description,
    `## Inputs\n\nWhat is marked *early* must be known before anything is created: it cannot be the output of another resource.\n\n${argumentTable(of("inputs"), entries)}`,
    `## Outputs\n\n${outputTable(of("outputs"), entries)}`,
  ]);
}

function typeSection(type: Entry, entries: readonly Entry[]): string {
  return [heading(type), type.description, argumentTable(partsOf(type, entries), entries)].join(
    "\n\n",
  );
}

function enumSection(choice: Entry, entries: readonly Entry[]): string {
  const rows = partsOf(choice, entries).map(
    ({ path, type, description }) =>
      `| \`${leaf(path)}\` | \`${type.replaceAll('"', "")}\` | ${cell(description)} |`,
  );
  const table = ["| name | value | |", "| --- | --- | --- |", ...rows].join("\n");
  return [heading(choice), choice.description, table].join("\n\n");
}

function argumentTable(list: readonly Entry[], entries: readonly Entry[]): string {
  const rows = [...list].sort(requiredFirst).map((entry) => {
    const { path, required, plain, description, kind } = entry;
    const rest = required ? "**needed**" : cell(defaultOf(description) ?? "");
    const early = plain && kind === "input" ? ", *early*" : "";
    return `| \`${leaf(path)}\` | ${linked(entry, entries)}${early} | ${rest} | ${cell(withoutDefault(description))} |`;
  });
  return ["| name | type | default | |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function outputTable(list: readonly Entry[], entries: readonly Entry[]): string {
  const rows = list.map(
    (entry) =>
      `| \`${leaf(entry.path)}\` | ${linked(entry, entries)} | ${cell(entry.description)} |`,
  );
  return ["| name | type | |", "| --- | --- | --- |", ...rows].join("\n");
}

const heading = ({ path }: Entry) => `## ${path}`;
const leaf = (path: string) => path.split(".").at(-1) ?? path;
const partsOf = ({ path }: Entry, entries: readonly Entry[]) =>
  entries.filter((entry) => entry.path.startsWith(`${path}.`));
const requiredFirst = (a: Entry, b: Entry) => Number(b.required) - Number(a.required);

/** A type of the package's own leads to its section. */
function linked({ type }: Entry, entries: readonly Entry[]): string {
  const own = entries.find(({ path }) => path === /[A-Z]\w*/.exec(type)?.[0]);
  return own === undefined ? type : type.replace(own.path, `[${own.path}](${placeOf(own)})`);
}

/** Where a whole thing is described. */
function placeOf({ path, kind }: Entry): string {
  if (kind === "component") return `${path}.md`;
  return `${kind === "enum" ? "enums" : "types"}.md#${path.toLowerCase()}`;
}

function firstSentence(text: string): string {
  return /^.+?[.:](?=\s|$)/s.exec(text)?.[0].replace(/:$/, ".") ?? text;
}

/** A table's cell is one line, and holds no bar of its own. */
function cell(text: string): string {
  return text.replaceAll(/\s*\n+\s*/g, " ").replaceAll("|", "\\|");
}

function page(title: string, sections: readonly string[]): string {
  return `${[NOTE, `# ${title}`, ...sections].join("\n\n")}\n`;
}
