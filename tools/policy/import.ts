/** `npm run policy -- import FILE`: the policy with its notes in place, and what stands in the way. */
import { readFileSync } from "node:fs";
import { Document, isSeq, type YAMLMap } from "yaml";
import {
  type ImportNote,
  type ImportResult,
  importRules,
  policyProblems,
} from "../../components/policy";

export interface ImportOptions {
  external: string;
  internal: string;
  bridge: string;
  allowPartial?: boolean;
}

/** Prints the policy, and what is to be known of it to `complain`; false if it was not exact. */
export function importFile(
  file: string,
  { external, internal, bridge, allowPartial = false }: ImportOptions,
  print: (line: string) => void,
  complain: (line: string) => void,
): boolean {
  const devices = { inbound: external, outbound: internal, bridge };
  const result = importRules(readFileSync(file, "utf8"), devices);
  for (const { line, reason, text } of result.left) {
    complain(`${file}:${line}: cannot be taken exactly: ${reason}: ${text}`);
  }
  for (const { line, reason, text } of result.notes)
    complain(`${file}:${line}: ${reason}: ${text}`);
  const exact = result.left.length === 0;
  const policy = exact
    ? result.policy
    : { ...result.policy, defaultInbound: "drop" as const, defaultOutbound: "drop" as const };
  const problems = policyProblems(policy);
  for (const { propertyPath, reason } of problems) complain(`${propertyPath}: ${reason}`);
  if (problems.length > 0) return false;
  if (exact || allowPartial) print(textOf({ ...result, policy }));
  else complain(`${file}: no policy is written; --allow-partial writes a stricter one`);
  return exact || allowPartial;
}

/** The policy in YAML; each note stands before the first rule of a later line. */
function textOf({ policy, lines, left, notes }: ImportResult): string {
  const document = new Document(policy, { aliasDuplicateObjects: false });
  const rules = document.get("rules");
  const items = isSeq(rules) ? (rules.items as YAMLMap[]) : [];
  const comment = ({ line, reason, text }: ImportNote, what: string) =>
    ` line ${line}${what}: ${reason}: ${text}`;
  const texts = [
    ...left.map((one) => ({ line: one.line, text: comment(one, " cannot be taken exactly") })),
    ...notes.map((one) => ({ line: one.line, text: comment(one, "") })),
  ].sort((a, b) => a.line - b.line);
  const after: string[] = [];
  for (const { line, text } of texts) {
    const item = items[lines.findIndex((own) => own >= line)];
    if (item === undefined) after.push(text);
    else item.commentBefore = [item.commentBefore, text].filter(Boolean).join("\n");
  }
  if (after.length > 0) document.comment = after.join("\n");
  return document.toString().trimEnd();
}
