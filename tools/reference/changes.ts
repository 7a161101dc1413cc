/** How one public surface differs from another, and what that asks of the version. Pure. */
import type { Entry } from "./surface";

/** - `breaking`: a program that worked may not. - `feature`: it can do more. - `text`: it reads better. */
export type Weight = "breaking" | "feature" | "text";

export interface Change {
  sign: "+" | "-" | "~";
  path: string;
  /** The difference in words. */
  what: string;
  weight: Weight;
}

/** Every difference by path. A thing that comes or goes as a whole is one change, without its parts. */
export function changesBetween(before: readonly Entry[], after: readonly Entry[]): Change[] {
  const old = new Map(before.map((entry) => [entry.path, entry]));
  const now = new Map(after.map((entry) => [entry.path, entry]));
  const gone = before.filter(({ path }) => !now.has(path) && !isPartOfMissing(path, now));
  const come = after.filter(({ path }) => !old.has(path) && !isPartOfMissing(path, old));
  return [
    ...come.map((entry) => change("+", entry, shape(entry), weightOfNew(entry))),
    ...gone.map((entry) => change("-", entry, shape(entry), "breaking" as const)),
    ...after.flatMap((entry) => {
      const was = old.get(entry.path);
      return was === undefined ? [] : differences(was, entry);
    }),
  ];
}

/** One line a change: `+ GatewayProvider.inputs.fleet: FleetArgs, optional`. */
export function changeLine({ sign, path, what, weight }: Change): string {
  return `${sign} ${path}: ${what}${weight === "breaking" ? " (breaking)" : ""}`;
}

/**
 * The least version that may follow `released` after these changes: semantic versioning, where a
 * zero in front moves everything one place to the right.
 */
export function leastVersion(released: string, changes: readonly Change[]): string {
  const [major = 0, minor = 0, patch = 0] = released.split(".").map(Number);
  const has = (weight: Weight) => changes.some((one) => one.weight === weight);
  if (has("breaking")) return major > 0 ? `${major + 1}.0.0` : `0.${minor + 1}.0`;
  if (has("feature")) return major > 0 ? `${major}.${minor + 1}.0` : `0.${minor}.${patch + 1}`;
  return `${major}.${minor}.${patch + 1}`;
}

/** True if a version is `least` or above. */
export function isVersionAtLeast(version: string, least: string): boolean {
  const wanted = least.split(".").map(Number);
  const have = version.split(/[.-]/).map(Number);
  const at = wanted.findIndex((part, index) => part !== have[index]);
  return at < 0 || (have[at] ?? 0) > (wanted[at] ?? 0);
}

function change(sign: Change["sign"], { path }: Entry, what: string, weight: Weight): Change {
  return { sign, path, what, weight };
}

/** A part is not news where the whole that it belongs to is. */
function isPartOfMissing(path: string, known: ReadonlyMap<string, Entry>): boolean {
  const [whole = path, ...rest] = path.split(".");
  return rest.length > 0 && !known.has(whole);
}

const presence = (required: boolean) => (required ? "required" : "optional");

function shape({ kind, type, required }: Entry): string {
  switch (kind) {
    case "component":
    case "type":
    case "enum":
    case "output":
      return kind === "output" ? type : kind;
    case "value":
      return type;
    case "input":
    case "property":
      return `${type}, ${presence(required)}`;
    default:
      return kind satisfies never;
  }
}

/** A new entry breaks nobody, unless it must be given to something that was there before. */
function weightOfNew({ kind, required }: Entry): Weight {
  return required && (kind === "input" || kind === "property") ? "breaking" : "feature";
}

function differences(was: Entry, now: Entry): Change[] {
  const differ = (what: string, weight: Weight) => change("~", now, what, weight);
  const found: Change[] = [];
  if (was.type !== now.type) found.push(differ(`${was.type} → ${now.type}`, "breaking"));
  if (was.required !== now.required) {
    // An output may be missing where it was sure; an input may be missing where it was asked for.
    const narrows = now.kind === "output" ? was.required : now.required;
    const what = `${presence(was.required)} → ${presence(now.required)}`;
    found.push(differ(what, narrows ? "breaking" : "feature"));
  }
  if (was.plain !== now.plain) {
    const what = now.plain
      ? "may come late → must be known early"
      : "must be known early → may come late";
    found.push(differ(what, now.plain ? "breaking" : "feature"));
  }
  if (was.description !== now.description) found.push(differ("documentation", "text"));
  return found;
}
