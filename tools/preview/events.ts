/**
 * The engine's events, as far as a comment needs them. `pulumi preview --event-log FILE` writes
 * one JSON object a line; the real azure-native and the embedded one look the same here.
 */

/** A resource before or after a step. */
export interface StepState {
  /** False for components, which stand for their children. */
  custom?: boolean;
  parent?: string;
  protect?: boolean;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** The engine's step for one resource. */
export interface StepMetadata {
  op: string;
  urn: string;
  type: string;
  old?: StepState | null;
  new?: StepState | null;
  /** Properties that make it a replacement. */
  keys?: string[] | null;
  /** Top-level properties that differ. */
  diffs?: string[] | null;
  /** Property paths that differ; absent when the provider tells none. */
  detailedDiff?: Record<string, { diffKind: string; inputDiff?: boolean }> | null;
}

export interface DiagnosticEvent {
  urn?: string;
  message: string;
  severity: string;
  ephemeral?: boolean;
}

export interface PolicyEvent {
  resourceUrn?: string;
  message: string;
  policyName: string;
  policyPackName: string;
  enforcementLevel: string;
}

/** One event: exactly one of the fields is there, or another one that no comment needs. */
export interface EngineEvent {
  resourcePreEvent?: { metadata: StepMetadata };
  resOutputsEvent?: { metadata: StepMetadata };
  diagnosticEvent?: DiagnosticEvent;
  policyEvent?: PolicyEvent;
  summaryEvent?: { resourceChanges?: Record<string, number> | null; result?: string };
}

/**
 * Reads an event log. A last line without end is what an interrupted engine leaves and is not
 * counted; any other line that is no JSON object is an error that names the line.
 */
export function readEvents(text: string): EngineEvent[] {
  const lines = text.split("\n");
  const torn = lines.pop() ?? "";
  const whole = torn.trim() === "" || parse(torn) === undefined ? lines : [...lines, torn];
  return whole.flatMap((line, index) => {
    if (line.trim() === "") return [];
    const event = parse(line);
    if (event === undefined) {
      throw new Error(`line ${index + 1} of the event log is no event: ${line.slice(0, 80)}`);
    }
    return [event];
  });
}

function parse(line: string): EngineEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
