/** Rules of Azure's, each with its source: declared beside what holds them, listed for the docs. */

/** How a rule is known, the least certain first. */
export const STATUSES = ["assumed", "reported", "documented", "recorded"] as const;

/**
 * How a rule is known: from recorded traffic of the service, from its documentation, from users who
 * reported the refusal word for word, or from nothing yet: then the stricter behaviour holds.
 */
export type RuleStatus = (typeof STATUSES)[number];

/** A rule's source under its status: the compiler refuses none as it refuses two. */
type Source = {
  [Status in RuleStatus]: Record<Status, string> &
    Partial<Record<Exclude<RuleStatus, Status>, never>>;
}[RuleStatus];

/** A thing that Azure does of itself, in a sentence. */
export type Behaviour = Source & { says: string };

/** A refusal of Azure's: the sentence says what must hold. */
export type Refusal = Behaviour & {
  code: string;
  /** HTTP status; default: 400. */
  http?: number;
  /** No source shows the code: its spelling is the lab's own. */
  ours?: true;
};

/** A rule as the docs list it. */
export interface Listed {
  /** The resource type or the part of the API that the rule is about. */
  subject: string;
  says: string;
  status: RuleStatus;
  /** Of an assumed rule: why the lab takes it so. */
  source: string;
  /** Of a refusal. */
  code?: string;
  http?: number;
  ours?: boolean;
}

const declared = Symbol("declared");

/** A refusal that {@link refusalsOf} made: nothing else can be refused with. */
export interface Rule extends Listed {
  readonly [declared]: true;
  code: string;
  http: number;
}

const all: Listed[] = [];

/** Declares what Azure refuses about a subject. */
export function refusalsOf<Name extends string>(
  subject: string,
  refusals: Readonly<Record<Name, Refusal>>,
): Record<Name, Rule> {
  const rules = Object.entries<Refusal>(refusals).map(([name, refusal]) => {
    const { code, http = 400, ours = false } = refusal;
    const rule: Rule = { [declared]: true, ...listed(subject, refusal), code, http, ours };
    all.push(rule);
    return [name, rule];
  });
  return Object.fromEntries(rules) as Record<Name, Rule>;
}

/** Declares what Azure does of itself with a subject. */
export function behavesSo(subject: string, ...behaviours: readonly Behaviour[]): void {
  all.push(...behaviours.map((behaviour) => listed(subject, behaviour)));
}

function listed(subject: string, rule: Behaviour): Listed {
  const status = STATUSES.find((known) => rule[known] !== undefined) ?? "assumed";
  return { subject, says: rule.says, status, source: rule[status] ?? "" };
}

/** Every rule that a loaded module declared, by subject, code and sentence. */
export const declaredRules = (): Listed[] =>
  [...all].sort(
    (a, b) =>
      a.subject.localeCompare(b.subject) ||
      (a.code ?? "").localeCompare(b.code ?? "") ||
      a.says.localeCompare(b.says),
  );
