/** Rules of Azure's with their sources: declared beside the check that holds them, listed for the docs. */
import { ArmError } from "./errors";

/**
 * How a rule is known: from recorded traffic of the service, from its documentation, from users who
 * reported the refusal word for word, or from nothing yet: then the harsher reading holds.
 */
export type RuleStatus = "recorded" | "documented" | "reported" | "assumed";

export interface Rule {
  code: string;
  /** HTTP status of the refusal. */
  http: number;
  status: RuleStatus;
  /** Where it is from; empty for an assumed one. */
  source: string;
  /** In words. */
  text: string;
  /** The refusal of one request. */
  refuse(message: string, target?: string): ArmError;
}

const all: Rule[] = [];

/** Declares a rule. */
export function rule(
  code: string,
  text: string,
  { status, source = "", http = 400 }: { status: RuleStatus; source?: string; http?: number },
): Rule {
  const declared: Rule = {
    ...{ code, http, status, source, text },
    refuse: (message, target) => new ArmError(http, code, message, target),
  };
  all.push(declared);
  return declared;
}

/** Every declared rule, by code. */
export const declaredRules = (): Rule[] =>
  [...all].sort((a, b) => a.code.localeCompare(b.code) || a.text.localeCompare(b.text));
