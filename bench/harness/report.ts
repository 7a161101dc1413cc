/** Results as files, and what is made of them: tables in documents, and charts. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { checkout } from "../../lab/paths";
import { describeMachine } from "./machine";
import type { Question, Results } from "./question";

/** Where committed results are, and where a run puts its own. */
export const PUBLISHED = path.join(checkout, "bench/results");
export const OWN = path.join(PUBLISHED, "own");
/** Charts that documents show, and the documents with parts between markers. */
const PICTURES = path.join(checkout, "docs/pictures");
const DOCUMENTS = ["README.md", "docs/performance.md"];

export function keepResults(folder: string, results: Results): void {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${results.question}.json`);
  writeFileSync(file, `${resultsText(results)}\n`);
}

/** JSON with a line for each list of samples, so that files and their changes can be read. */
export function resultsText(results: Results): string {
  const text = JSON.stringify(results, (_, value: unknown) => short(value), 2);
  return text.replace(/\[[\d\s,.eE+-]*\]/g, (list) => list.replace(/\s+/g, ""));
}

/** Undefined where there are none. */
export function readResults(folder: string, question: string): Results | undefined {
  const file = path.join(folder, `${question}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Results) : undefined;
}

/** Section of a report about a question's results: the machine, and the tables. */
export function section(question: Question, results: Results): string {
  return `${heading(results)}\n\n${question.show(results)}`;
}

const heading = ({ started, machine, seconds }: Results) =>
  `On ${describeMachine(machine)}; commit ${machine.commit}, ${started.slice(0, 10)}, ` +
  `in ${Math.round(seconds)} s.`;

/** The document with a part between its markers replaced; undefined if it has no such markers. */
export function withPart(document: string, name: string, part: string): string | undefined {
  const [begin, end] = [
    `<!-- bench ${name}: made by npm run bench -->`,
    `<!-- bench ${name} end -->`,
  ];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) return undefined;
  return `${document.slice(0, from + begin.length)}\n\n${part}\n\n${document.slice(to)}`;
}

/** Every file that shows published results, as it should be: path and text. */
export function reportFiles(questions: readonly Question[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const question of questions) {
    const { name, summarize, draw } = question;
    const results = readResults(PUBLISHED, name);
    if (results === undefined) continue;
    const head = heading(results);
    const parts: [string, string][] = [[name, section(question, results)]];
    if (summarize) parts.push([`${name} summary`, `${head}\n\n${summarize(results)}`]);
    for (const [part, text] of parts) {
      for (const document of DOCUMENTS) {
        const file = path.join(checkout, document);
        const changed = withPart(files.get(file) ?? readFileSync(file, "utf8"), part, text);
        if (changed !== undefined) files.set(file, changed);
      }
    }
    if (draw) files.set(path.join(PICTURES, `bench-${name}.svg`), draw(results));
  }
  return files;
}

/** Nanoseconds need no fractions. */
function short(value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value)
    ? Math.round(value * 10) / 10
    : value;
}
