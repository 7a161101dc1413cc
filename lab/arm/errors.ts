/** Refusals of Azure Resource Manager. */
import type { Rule } from "./rules";

/** A refusal: the rule with HTTP status and code, a sentence, and the property it is about. */
export class ArmError extends Error {
  constructor(
    readonly rule: Rule,
    message: string,
    /** Path of the property, as Azure names it in `target`. */
    readonly target?: string,
    /** Further refusals of the same request. */
    readonly details: readonly ArmError[] = [],
  ) {
    super(message);
    this.name = "ArmError";
  }

  /** HTTP status. */
  get status(): number {
    return this.rule.http;
  }

  /** Azure's error code, e.g. `InUseSubnetCannotBeDeleted`. */
  get code(): string {
    return this.rule.code;
  }

  /** The body of Azure's answer. */
  toJSON(): Record<string, unknown> {
    const { code, message, target, details } = this;
    return {
      error: {
        code,
        message,
        ...(target === undefined ? {} : { target }),
        ...(details.length === 0
          ? {}
          : {
              details: details.map((d) => ({ code: d.code, message: d.message, target: d.target })),
            }),
      },
    };
  }
}

/** A request that a rule forbids. */
export function refuse(rule: Rule, message: string, target?: string): ArmError {
  return new ArmError(rule, message, target);
}

/** All refusals of one request as one error: the first one leads, the others are its details. */
export function joined(errors: readonly ArmError[]): ArmError | undefined {
  const [first, ...others] = errors;
  if (first === undefined || others.length === 0) return first;
  const details = [...first.details, ...others.flatMap((other) => [other, ...other.details])];
  return new ArmError(first.rule, first.message, first.target, details);
}

/** One line in the words of azure-native: `Status=400 Code="…" Message="…"`. */
export function formatArmError(error: ArmError): string {
  const line = (e: ArmError) =>
    `Code="${e.code}" Message="${e.message}"${e.target === undefined ? "" : ` Target="${e.target}"`}`;
  const details = error.details.map((d) => `\n  ${line(d)}`).join("");
  return `Status=${error.status} ${line(error)}${details}`;
}
