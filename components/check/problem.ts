/** Small checks that every validator here is made of. A check gives a reason, or undefined. */
import type { InputPropertyErrorDetails, OutputInstance } from "@pulumi/pulumi";
import type { Bounds } from "../../nva-cloud-init/contract/contract";

/**
 * One thing that is wrong with the arguments: where it is, and the rule, the value, the way out.
 */
export type Problem = InputPropertyErrorDetails;

/** The answer of a check: why the value cannot be used; undefined for a usable one. */
export type Reason = string | undefined;

/** The value as a message shows it: strings quoted, long ones cut, never what an Output holds. */
export function shown(value: unknown): string {
  if (isDeferred(value)) return "a value that is known only later (an Output): give a plain one";
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value, withoutOutputs) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** For JSON: an Output turns itself into a complaint before a replacer gets it. */
function withoutOutputs(this: Record<string, unknown>, key: string, value: unknown): unknown {
  return isDeferred(this[key]) ? "(an Output)" : value;
}

/**
 * Arguments that must be plain, because they decide how many things are made or what they are
 * called, and are not. `deferrable` names the ones that may be Outputs.
 */
export function plainProblems(args: object, deferrable: readonly string[]): Problem[] {
  return Object.entries(args).flatMap(([propertyPath, value]) =>
    isDeferred(value) && !deferrable.includes(propertyPath)
      ? [{ propertyPath, reason: `must be plain, got ${shown(value)}` }]
      : [],
  );
}

/** Whether a value is known only later. */
export function isDeferred(value: unknown): value is Promise<unknown> | OutputInstance<unknown> {
  if (value instanceof Promise) return true;
  // Without the SDK, which pure files do not import: this is how it marks its Outputs.
  return (value as { __pulumiOutput?: unknown } | null | undefined)?.__pulumiOutput === true;
}

/** A problem if there is a reason for one. */
export function at(propertyPath: string, reason: Reason): Problem[] {
  return reason === undefined ? [] : [{ propertyPath, reason }];
}

/** The same problems, one level further down: `port` becomes `internal.port`. */
export function under(prefix: string, problems: readonly Problem[]): Problem[] {
  return problems.map(({ propertyPath, reason }) => ({
    propertyPath:
      propertyPath === "" || propertyPath.startsWith("[")
        ? `${prefix}${propertyPath}`
        : `${prefix}.${propertyPath}`,
    reason,
  }));
}

/** Runs a check on a value that may be left out; what is left out has no problem. */
export function optional<T>(value: T | undefined, check: (value: T) => Reason): Reason {
  // Programs in other languages send null for what is left out.
  return value === undefined || value === null ? undefined : check(value);
}

/** A whole number within limits, both included. */
export function wholeReason(value: number, min: number, max: number, unit = ""): Reason {
  if (Number.isInteger(value) && value >= min && value <= max) return undefined;
  return `must be a whole number from ${min} to ${max}${unit && ` ${unit}`}, got ${shown(value)}`;
}

/** The same for bounds of the contract with the NVA's programs. */
export const boundsReason = (value: number, { least, most }: Bounds, unit = ""): Reason =>
  wholeReason(value, least, most, unit);

/** A string of a given form; `rule` says the form in words. */
export function formReason(value: string, form: RegExp, rule: string): Reason {
  return typeof value === "string" && form.test(value)
    ? undefined
    : `must be ${rule}, got ${shown(value)}`;
}

/** One of a closed list of values. */
export function choiceReason(value: string, choices: readonly string[]): Reason {
  if (choices.includes(value)) return undefined;
  return `must be one of ${choices.map(shown).join(", ")}, got ${shown(value)}`;
}

/**
 * Limits of tags on Azure's network and compute resources: 50 of them, names up to 512
 * characters without `<>%&\?/`, values up to 256.
 */
export function tagProblems(tags: Record<string, unknown>): Problem[] {
  const entries = Object.entries(tags);
  const many = entries.length > 50 ? `takes up to 50 tags, got ${entries.length}` : undefined;
  return [
    ...at("", many),
    ...entries.flatMap(([name, value]) => {
      if (name === "" || name.length > 512 || /[<>%&\\?/]/.test(name)) {
        return at(
          `[${JSON.stringify(name)}]`,
          `tag names have 1 to 512 characters, none of <>%&\\?/, got ${shown(name)}`,
        );
      }
      if (typeof value === "string" && value.length > 256) {
        return at(
          `[${JSON.stringify(name)}]`,
          `tag values have up to 256 characters, got ${value.length}`,
        );
      }
      return [];
    }),
  ];
}
