/** docs/azure-rules.md: every rule that the embedded Azure has from Azure, with its source. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type * as rules from "../../lab/arm/rules";
import type { Listed, RuleStatus } from "../../lab/arm/rules";

/** Loads all that declares rules in a checkout, and lists the rules. */
export function rulesOf(root: string): Listed[] {
  const load = createRequire(path.join(root, "package.json"));
  for (const file of declaringFiles(root)) load(path.join(root, file));
  return (load(path.join(root, "lab/arm/rules")) as typeof rules).declaredRules();
}

/** Files of `lab/` that declare rules, as paths from the root. */
function declaringFiles(root: string): string[] {
  return readdirSync(path.join(root, "lab"), { recursive: true, encoding: "utf8" })
    .map((file) => path.join("lab", file))
    .filter((file) => file.endsWith(".ts") && file !== path.join("lab", "arm", "rules.ts"))
    .filter((file) => DECLARES.test(readFileSync(path.join(root, file), "utf8")))
    .sort();
}

const DECLARES = /\b(?:refusalsOf|behavesSo)\(/;

/** Why rules cannot be published: no source, or one that leads nowhere. */
export function ruleProblems(list: readonly Listed[]): string[] {
  const seen = new Set<string>();
  return list.flatMap((rule) => {
    const { subject, code = "", says, status, source } = rule;
    const name = [subject, code, says].filter((part) => part !== "").join(": ");
    const twice = seen.has(name);
    seen.add(name);
    return [
      twice ? "is declared twice" : undefined,
      isSentence(says) ? undefined : "is no sentence",
      source.trim() === "" ? `is ${status} without a source` : undefined,
      status === "documented" && !source.includes("https://") ? "names no page" : undefined,
      status === "assumed" && !isSentence(source) ? "does not say in a sentence why" : undefined,
    ].flatMap((problem) => (problem === undefined ? [] : `${name} ${problem}`));
  });
}

const isSentence = (text: string): boolean => /^[A-Za-z0-9$/].* .*\.$/s.test(text);

const NOTE = "<!-- Written by `npm run docs` from the rules in lab/: change them there. -->";

const MEANING: Readonly<Record<RuleStatus, string>> = {
  assumed: "no source shows it; the lab takes the stricter behaviour, and says why",
  reported: "users report the refusal word for word",
  documented: "Microsoft's documentation says it",
  recorded: "traffic of the real service shows it",
};

/** The page. */
export function rulesPage(list: readonly Listed[]): string {
  const assumed = list.filter(({ status }) => status === "assumed");
  const subjects = [...new Set(list.map(({ subject }) => subject))];
  return `${[
    NOTE,
    "# Azure's rules, and how far the lab has them",
    "A rule stands beside the check that holds it, in `lab/`, with its status and its source. [azure-facts.md](azure-facts.md) has the facts and their sources; [azure-differences.md](azure-differences.md) says where the lab differs from recorded traffic, and why.",
    countTable(list),
    "A code with † is spelled by the lab: no source shows it. `InvalidParameter` and `BadRequest` are general codes of Compute: sources of their rules say the rule, seldom the code. A rule without a code is a behaviour.",
    "## Assumed\n\nA first deployment on Azure should look at these.",
    table(
      ["about", "code", "rule", "why the lab takes it so"],
      assumed.map((rule) => [rule.subject, codeOf(rule), rule.says, rule.source]),
    ),
    ...subjects.map((subject) => section(subject, list)),
  ].join("\n\n")}\n`;
}

function countTable(list: readonly Listed[]): string {
  const rows = (Object.keys(MEANING) as RuleStatus[]).map((status) => {
    const count = list.filter((rule) => rule.status === status).length;
    return [status, String(count), MEANING[status]];
  });
  return table(["status", "rules", "means"], [...rows, ["all", String(list.length), ""]]);
}

function section(subject: string, list: readonly Listed[]): string {
  const rows = list
    .filter((rule) => rule.subject === subject)
    .map((rule) => [
      codeOf(rule),
      rule.says,
      rule.status,
      rule.status === "assumed" ? "above" : rule.source,
    ]);
  return `## ${subject}\n\n${table(["code", "rule", "status", "source"], rows)}`;
}

/** Code and HTTP status; 400 goes without saying. */
function codeOf({ code, http, ours }: Listed): string {
  if (code === undefined) return "";
  return `\`${code}\`${ours ? "†" : ""}${http === 400 ? "" : ` (${http})`}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const cell = (text: string): string =>
  text
    .replaceAll("|", "\\|")
    .replaceAll("<", "&lt;")
    .replaceAll(/https:\S+/g, link);

/** A short name for an address, with the mark that follows it. */
function link(found: string): string {
  const [, address = "", mark = ""] = /^(.*?)([.,;:)]*)$/.exec(found) ?? [];
  const words = address
    .replace(/^https:\/\/learn\.microsoft\.com\/azure\//, "")
    .replace(/^https:\/\/github\.com\/search\?.*q=(.*)$/, "code search: $1")
    .replace(/^https:\/\/github\.com\/([^/]+\/[^/]+)\/issues\/(\d+)$/, "$1#$2")
    .replace(/^https:\/\/github\.com\/([^/]+\/[^/]+)\/blob\/[^/]+\//, "$1 ")
    .replace(/^https:\/\//, "");
  return `[${words}](${address})${mark}`;
}
