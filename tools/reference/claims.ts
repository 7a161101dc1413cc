/** docs/claims.md: what the tests with real packets and the real engine hold, by their titles. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

/** Folders whose titles are claims about the whole, and how the page calls them. */
const TIERS = [
  ["datapath", "Data path: real packets through real machines"],
  ["engine", "Engine: real deployments on the embedded Azure"],
] as const;

/** A file's claims, in the order in which they are tested. */
export interface Claims {
  /** Path from the root. */
  file: string;
  titles: string[];
}

/** The page of a checkout. */
export function claimsPage(root: string): string {
  const parts = TIERS.map(([folder, heading]) => {
    const names = { recursive: true, encoding: "utf8" } as const;
    const files = readdirSync(path.join(root, "test", folder), names)
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => `test/${folder}/${name.split(path.sep).join("/")}`)
      .sort();
    const sections = files.map((file) =>
      section(claimsOf(file, readFileSync(path.join(root, file), "utf8"))),
    );
    return [`## ${heading}`, ...sections].join("\n\n");
  });
  return `${[NOTE, HEAD, ...parts].join("\n\n")}\n`;
}

const NOTE = "<!-- Written by `npm run docs` from the titles of tests: change them there. -->";
const HEAD = `# Claims, and the tests that hold them

Each line is a test of its own: \`npm test -- NAME\` runs those of a file. "…" stands for a part that
differs from case to case. The other folders of \`test/\` hold single functions in the same way.`;

function section({ file, titles }: Claims): string {
  const name = file.split("/").slice(2).join("/").replace(".test.ts", "");
  return [`### [${name}](../${file})`, titles.map((title) => `- ${title}`).join("\n")].join("\n\n");
}

/** The titles in a source of tests; those of groups stand before their own. Pure. */
export function claimsOf(file: string, source: string): Claims {
  const titles = new Set<string>();
  const visit = (node: ts.Node, groups: readonly string[]): void => {
    const call = ts.isCallExpression(node) ? titled(node) : undefined;
    if (call?.kind === "test") titles.add([...groups, call.title].join(": "));
    const inside = call?.kind === "describe" ? [...groups, call.title] : groups;
    ts.forEachChild(node, (child) => visit(child, inside));
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest), []);
  return { file, titles: [...titles] };
}

function titled(call: ts.CallExpression): { kind: "test" | "describe"; title: string } | undefined {
  const { expression, arguments: args } = call;
  const [first] = args;
  if (!ts.isIdentifier(expression) || first === undefined) return undefined;
  const kind = expression.text;
  return kind === "test" || kind === "describe" ? { kind, title: titleOf(first) } : undefined;
}

/** The text of a title, with an ellipsis for what is known only when the test runs. */
function titleOf(title: ts.Expression): string {
  if (ts.isStringLiteralLike(title)) return title.text;
  if (!ts.isTemplateExpression(title)) return "…";
  const spans = title.templateSpans.map(({ literal }) => `…${literal.text}`);
  return title.head.text + spans.join("");
}
