/** The plan of a preview, read from the engine's events: pure, for the comment to render. */
import type { EngineEvent, StepMetadata, StepState } from "./events";

/** Kinds of change, the ones that matter most to a reviewer first. */
export const Kind = {
  Replace: "replace",
  Delete: "delete",
  Create: "create",
  Update: "update",
  Import: "import",
  Drift: "drift",
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** One resource that would change. */
export interface Change {
  kind: Kind;
  urn: string;
  /** Type without API version, such as `azure-native:network:LoadBalancer`. */
  type: string;
  /** Name in the program. */
  name: string;
  /** Inputs before; absent for what is created. */
  before?: Record<string, unknown>;
  /** Inputs after; absent for what is deleted. */
  after?: Record<string, unknown>;
  /** URN of the component that it belongs to. */
  parent?: string;
  /** Property paths that differ. */
  paths: string[];
  /** Properties that make it a replacement. */
  because: string[];
}

/** Inputs of a component before and after; its resources name it as their parent. */
export interface ComponentChange {
  urn: string;
  before?: Record<string, unknown>;
  after?: Record<string, unknown>;
}

/** An objection of a policy pack. */
export interface Violation {
  policy: string;
  pack: string;
  mandatory: boolean;
  /** Name of the resource in the program; absent for one about the whole stack. */
  resource?: string;
  message: string;
}

/** A message of the engine's or the program's. */
export interface Message {
  severity: "error" | "warning";
  resource?: string;
  text: string;
}

export interface Plan {
  changes: Change[];
  components: ComponentChange[];
  unchanged: number;
  violations: Violation[];
  messages: Message[];
  /** False when the engine did not come to the end of the plan. */
  complete: boolean;
}

/** Puts the events of one preview together; resources in the order of kind, type and name. */
export function planOf(events: readonly EngineEvent[]): Plan {
  const steps = new Map<string, Change>();
  const refreshed = new Set(
    events.flatMap(({ resourcePreEvent: pre }) =>
      pre?.metadata.op === "refresh" ? [pre.metadata.urn] : [],
    ),
  );
  let unchanged = 0;
  for (const event of events) {
    const step = event.resourcePreEvent?.metadata;
    const result = event.resOutputsEvent?.metadata;
    if (step !== undefined && isOfCloud(step)) {
      const kind = kinds.get(step.op);
      if (kind !== undefined) remember(steps, step, kind);
      else if (step.op === "same") unchanged += 1;
    }
    // A refresh tells what it found only afterwards; the plan that follows is of the new state.
    if (result !== undefined && isOfCloud(result) && isDrift(result, refreshed)) {
      remember(steps, result, Kind.Drift);
    }
  }
  const changes = [...steps.values()].sort(byImportance);
  const violations = events.flatMap(violationOf);
  const refused = violations.some(({ mandatory }) => mandatory);
  return {
    changes,
    components: events.flatMap(componentOf),
    unchanged,
    violations,
    messages: events.flatMap(messageOf).filter(({ text }) => !isNoise(text, refused)),
    complete: events.some(({ summaryEvent }) => summaryEvent !== undefined),
  };
}

/** True when the engine did not get to the end, or met an error that is no refusal of a policy. */
export function failed({ complete, messages }: Plan): boolean {
  return !complete || messages.some(({ severity }) => severity === "error");
}

/** Name in the program: the last part of the URN. */
export const nameOf = (urn: string): string => urn.split("::").at(-1) ?? urn;

/** Type without the API version in it. */
export function typeOf(type: string): string {
  const [provider = "", module = "", ...rest] = type.split(":");
  return [provider.split("_")[0], module.split("/")[0], ...rest].join(":");
}

/** The engine's operations; `create-replacement` and `delete-replaced` are parts of `replace`. */
const kinds = new Map<string, Kind>([
  ["create", Kind.Create],
  ["update", Kind.Update],
  ["delete", Kind.Delete],
  ["replace", Kind.Replace],
  ["create-replacement", Kind.Replace],
  ["delete-replaced", Kind.Replace],
  ["import", Kind.Import],
  ["import-replacement", Kind.Replace],
]);

function isOfCloud({ type, old, new: after }: StepMetadata): boolean {
  return !type.startsWith("pulumi:") && (after ?? old)?.custom === true;
}

function componentOf({ resourcePreEvent: pre }: EngineEvent): ComponentChange[] {
  if (pre === undefined || isOfCloud(pre.metadata) || pre.metadata.type.startsWith("pulumi:")) {
    return [];
  }
  const { urn, old, new: after } = pre.metadata;
  return [{ urn, before: old?.inputs, after: after?.inputs }];
}

function isDrift({ op, urn }: StepMetadata, refreshed: ReadonlySet<string>): boolean {
  return (op === "update" || op === "delete") && refreshed.has(urn);
}

/** Keeps one change per resource: the parts of a replacement come as three steps. */
function remember(steps: Map<string, Change>, step: StepMetadata, kind: Kind): void {
  const known = steps.get(step.urn);
  const paths = pathsOf(step);
  steps.set(step.urn, {
    kind,
    urn: step.urn,
    parent: (step.new ?? step.old)?.parent ?? known?.parent,
    type: typeOf(step.type),
    name: nameOf(step.urn),
    before: known?.before ?? stateOf(step.old, kind),
    after: stateOf(step.new, kind) ?? known?.after,
    paths: paths.length > 0 ? paths : (known?.paths ?? []),
    because: union(known?.because ?? [], step.keys ?? []),
  });
}

/** Drift is in what Azure answers, everything else in what the program asks for. */
function stateOf(state: StepState | null | undefined, kind: Kind) {
  return (kind === Kind.Drift ? state?.outputs : state?.inputs) ?? undefined;
}

function pathsOf({ op, detailedDiff, diffs }: StepMetadata): string[] {
  if (op === "create" || op === "delete") return [];
  const detailed = Object.keys(detailedDiff ?? {});
  return [...(detailed.length > 0 ? detailed : (diffs ?? []))].sort();
}

const union = (one: string[], other: string[]) => [...new Set([...one, ...other])].sort();

function byImportance(one: Change, other: Change): number {
  const order = Object.values(Kind);
  return (
    order.indexOf(one.kind) - order.indexOf(other.kind) ||
    one.type.localeCompare(other.type, "en") ||
    one.name.localeCompare(other.name, "en")
  );
}

function violationOf({ policyEvent }: EngineEvent): Violation[] {
  if (policyEvent === undefined) return [];
  const { policyName, policyPackName, enforcementLevel, resourceUrn, message } = policyEvent;
  return [
    {
      policy: policyName,
      pack: policyPackName,
      mandatory: enforcementLevel !== "warning" && enforcementLevel !== "advisory",
      resource: resourceName(resourceUrn),
      message: withoutMarkup(message),
    },
  ];
}

function messageOf({ diagnosticEvent }: EngineEvent): Message[] {
  if (diagnosticEvent === undefined || diagnosticEvent.ephemeral === true) return [];
  const { severity, urn, message } = diagnosticEvent;
  const text = withoutMarkup(message).trim();
  if (text === "" || (severity !== "error" && severity !== "warning")) return [];
  return [{ severity, resource: resourceName(urn), text }];
}

/** Lines of the engine about itself: that a refused plan failed, and where it found its host. */
function isNoise(text: string, refused: boolean): boolean {
  return (
    (refused && /^(preview|update) failed$/.test(text)) ||
    /^using pulumi-language-\S+ from \$PATH/.test(text)
  );
}

function resourceName(urn: string | undefined): string | undefined {
  const isStack = urn?.includes("::pulumi:pulumi:Stack::") === true;
  return urn === undefined || urn === "" || isStack ? undefined : nameOf(urn);
}

/** Messages carry the engine's own colour marks, such as `<{%reset%}>`. */
const withoutMarkup = (text: string) => text.replaceAll(/<\{%[^%]*%\}>/g, "").trim();
