/** Problems of a public surface: undocumented, silent about its defaults, or untyped. Pure. */
import type { Entry } from "./surface";

/** Every problem, each with the property's path and the way out. */
export function surfaceProblems(entries: readonly Entry[]): string[] {
  return entries.flatMap((entry) =>
    reasonsAgainst(entry).map((reason) => `${entry.path}: ${reason}`),
  );
}

function reasonsAgainst({ kind, type, required, description }: Entry): string[] {
  const reasons: string[] = [];
  const isArgument = kind === "input" || kind === "property";
  if (/\bAny\b/.test(type)) reasons.push("has no type of its own (Any); give it an interface");
  if (description === "") reasons.push("is not documented; say what it is in a /** comment */");
  else if (isArgument && !required && defaultOf(description) === undefined) {
    reasons.push('can be left out, and does not say what happens then; add "Default: …"');
  } else if (withoutDefault(description) === "") {
    reasons.push("says only its default; say what it is, too");
  }
  if (isArgument && /^number\b/.test(type) && !/\d/.test(description)) {
    reasons.push("is a number without unit or limits; say them in figures");
  }
  return reasons;
}

/** A comment without what {@link defaultOf} takes from it. */
export function withoutDefault(description: string): string {
  const rest = description.replace(
    /(^|[.;]\s+)default: .+?([.;](?=\s|$)|$)(\s+\w)?/is,
    (_all, before: string, _end: string, next = "") =>
      (before.startsWith(";") ? "." : before.trimEnd()) + next.toUpperCase(),
  );
  return rest.trim();
}

/** The behaviour without the argument, as its comment says: the text after "Default:". */
export function defaultOf(description: string): string | undefined {
  const [, text] = /\bdefault: (.+?)(?:[.;](?=\s|$)|$)/is.exec(description) ?? [];
  return text;
}
