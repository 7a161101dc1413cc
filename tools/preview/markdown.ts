/** The comment on a pull request: a plan in Markdown, what matters most first. Pure. */
import { type Impact, impactsOf } from "./dataPath";
import { block, cell, code, plain } from "./escape";
import { type Change, failed, Kind, type Message, type Plan, type Violation } from "./plan";
import { valueAt, words } from "./values";

/** A policy change as lines of Markdown, and the machines that it is for. */
export interface PolicyChange {
  /** Names of the machines that get the policy. */
  machines: string[];
  /** Rules that differ. */
  lines: string[];
  /** Packets whose verdict changes; empty when the plan does not say enough to know. */
  verdicts: string[];
}

/** The subject of the comment. */
export interface Subject {
  /** Name of the stack; one comment is kept per stack. */
  stack: string;
  /** True for a check of what exists against what was deployed. */
  drift: boolean;
}

/** Most characters of a comment on GitHub, and room for the note that something was left out. */
const COMMENT_LIMIT = 65_536 - 200;
/** Most characters of the errors: the rest of the comment must keep its room. */
const ERRORS_LIMIT = 8_000;
/** Most property paths of one resource that are shown. */
const SHOWN_PATHS = 8;
/** Most characters of a property path that leave the table as wide as a comment. */
const PATH_LIMIT = 70;

/** First line of the comment, invisible to readers: by it the comment is found again. */
export function marker({ stack, drift }: Subject): string {
  const name = stack.replaceAll(/[^\w./-]/g, "_");
  return `<!-- azure-gwlb ${drift ? "drift" : "preview"} ${name} -->`;
}

/** The whole comment. The same plan gives the same text. */
export function renderComment(
  subject: Subject,
  plan: Plan,
  policyChanges: readonly PolicyChange[],
): string {
  const sections = [
    `${marker(subject)}\n### ${title(subject, plan)}`,
    warnings(impactsOf(plan.changes)),
    errors(plan.messages),
    violations(plan.violations),
    firewall(policyChanges),
    resources(plan.changes),
    footer(plan),
  ];
  return shortened(sections.filter((section) => section !== ""));
}

function title({ stack, drift }: Subject, plan: Plan): string {
  const counts = Object.values(Kind).flatMap((kind) => {
    const count = plan.changes.filter((change) => change.kind === kind).length;
    return count === 0 ? [] : [`${count} ${verbs[kind]}`];
  });
  const what = drift ? `Drift of ${code(stack)}` : `Preview of ${code(stack)}`;
  if (failed(plan)) return `❌ ${what}: failed`;
  const refusals = plan.violations.filter(({ mandatory }) => mandatory).length;
  if (refusals > 0) counts.push(`refused by ${counted(refusals, "policy violation")}`);
  if (counts.length > 0) return `${refusals > 0 ? "❌ " : ""}${what}: ${counts.join(", ")}`;
  return drift ? `${what}: everything is as deployed` : `${what}: no change`;
}

const verbs: Record<Kind, string> = {
  [Kind.Replace]: "to replace",
  [Kind.Delete]: "to delete",
  [Kind.Create]: "to create",
  [Kind.Update]: "to update",
  [Kind.Import]: "to import",
  [Kind.Drift]: "changed outside",
};

function warnings(impacts: readonly Impact[]): string {
  if (impacts.length === 0) return "";
  const lines = impacts.map(({ change, text }) => {
    const because =
      change.because.length > 0 ? `, because of ${change.because.map(code).join(", ")}` : "";
    return `> - **${change.kind}** ${resource(change)}${because}: ${text}`;
  });
  return ["> [!WARNING]", "> **The data path is touched:**", ...lines].join("\n");
}

function errors(messages: readonly Message[]): string {
  const texts = messages
    .filter(({ severity }) => severity === "error")
    .map(({ resource: name, text }) => (name === undefined ? text : `${name}: ${text}`));
  const text = texts.join("\n\n");
  const shown = text.length > ERRORS_LIMIT ? `${text.slice(0, ERRORS_LIMIT)}…` : text;
  return shown === "" ? "" : `#### Errors\n\n${block(shown)}`;
}

function violations(found: readonly Violation[]): string {
  if (found.length === 0) return "";
  const lines = [...found]
    .sort((one, other) => Number(other.mandatory) - Number(one.mandatory))
    .map(({ mandatory, policy, resource: name, message }) => {
      const on = name === undefined ? "" : ` on ${code(name)}`;
      // The engine puts the policy's description in front; what was found is below it.
      const [description = "", ...detail] = message.split("\n");
      const text = detail.join(" ").trim() === "" ? description : detail.join(" ");
      return `- ${mandatory ? "❌ mandatory" : "⚠️ advisory"} ${code(policy)}${on}: ${plain(text)}`;
    });
  return ["#### Policy violations", "", ...lines].join("\n");
}

function firewall(changes: readonly PolicyChange[]): string {
  if (changes.length === 0) return "";
  const list = (lines: readonly string[]) => lines.map((line) => `- ${line}`);
  const parts = changes.map(({ machines, lines, verdicts }) =>
    [
      `On ${machines.map(code).join(", ")}:`,
      ...["", ...list(lines)],
      ...(verdicts.length > 0
        ? ["", "New flows whose verdict changes:", "", ...list(verdicts)]
        : []),
    ].join("\n"),
  );
  return ["#### Firewall", ...parts].join("\n\n");
}

function resources(changes: readonly Change[]): string {
  if (changes.length === 0) return "";
  // Narrow columns in front: an id in the last one must fit into the width of a comment.
  const rows = changes.map((change) => {
    const named = `${code(change.name)}<br>${shortType(change.type)}`;
    return `| ${[change.kind, named, details(change)].map(cell).join(" | ")} |`;
  });
  return ["#### Resources", "", "| change | resource | what |", "|---|---|---|", ...rows].join(
    "\n",
  );
}

function details({ kind, paths, before, after }: Change): string {
  if (kind === Kind.Drift && after === undefined) return "is gone";
  if (kind === Kind.Create || kind === Kind.Delete || kind === Kind.Import) return "";
  const shown = paths.slice(0, SHOWN_PATHS).map((path) => {
    // The section about the firewall says what a bundle of 60 KB means.
    if (/(^|\.)userData$/.test(path)) return `${code(path)}: firewall policy`;
    const [from, to] = [words(valueAt(before, path)), words(valueAt(after, path))];
    return `${code(shortPath(path))}:<br>${from} → ${to}`;
  });
  const more = paths.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("<br>");
}

/** A path that fits into the table: of a long one its beginning and its end. */
function shortPath(path: string): string {
  const [first = "", ...rest] = path.split(".");
  return path.length <= PATH_LIMIT || rest.length < 3
    ? path
    : [first, "…", ...rest.slice(-2)].join(".");
}

const resource = ({ name, type }: Change) => `${code(name)} (${shortType(type)})`;
const shortType = (type: string) => type.replace(/^azure-native:/, "").replace(":index:", ":");

function footer({ unchanged, messages }: Plan): string {
  const count = messages.filter(({ severity }) => severity === "warning").length;
  const notes = [
    ...(unchanged > 0 ? [`${counted(unchanged, "resource")} unchanged`] : []),
    ...(count > 0 ? [`${counted(count, "warning")} of the program, see the log`] : []),
  ];
  return notes.length === 0 ? "" : `<sub>${notes.join(", ")}</sub>`;
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Leaves out lines at the end, the least important ones, until GitHub takes the comment. */
function shortened(sections: string[]): string {
  const text = `${sections.join("\n\n")}\n`;
  if (text.length <= COMMENT_LIMIT) return text;
  const kept: string[] = [];
  let room = COMMENT_LIMIT;
  for (const line of text.split("\n")) {
    room -= line.length + 1;
    if (room < 0) break;
    kept.push(line);
  }
  return `${kept.join("\n")}\n\n<sub>The rest is too long for a comment: see the log of the job.</sub>\n`;
}
