import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type EngineEvent, readEvents, type StepMetadata } from "../../../tools/preview/events";
import { failed, Kind, planOf } from "../../../tools/preview/plan";

const urn = (name: string) => `urn:pulumi:dev::p::azure-native:network:LoadBalancer::${name}`;

function step(op: string, name: string, more: Partial<StepMetadata> = {}): StepMetadata {
  const state = { custom: true, inputs: { name } };
  const type = "azure-native:network:LoadBalancer";
  return { op, urn: urn(name), type, old: state, new: state, ...more };
}
const pre = (op: string, name: string, more?: Partial<StepMetadata>): EngineEvent => ({
  resourcePreEvent: { metadata: step(op, name, more) },
});
const end: EngineEvent = { summaryEvent: { result: "succeeded" } };

describe("readEvents", () => {
  test("reads a line an event, and knows more kinds than it needs", () => {
    const text = '{"sequence":1,"policyLoadEvent":{}}\n\n{"summaryEvent":{}}\n';
    assert.equal(readEvents(text).length, 2);
  });
  test("leaves out the torn last line of an interrupted engine", () => {
    assert.equal(readEvents('{"summaryEvent":{}}\n{"resourcePre').length, 1);
    assert.equal(readEvents('{"summaryEvent":{}}').length, 1);
  });
  for (const line of ["oops", "[1]", "null"]) {
    test(`names the line of ${line}`, () => {
      assert.throws(() => readEvents(`{"summaryEvent":{}}\n${line}\n`), /line 2/);
    });
  }
});

describe("planOf", () => {
  for (const order of [
    ["create-replacement", "replace", "delete-replaced"],
    ["delete-replaced", "replace", "create-replacement"],
  ]) {
    test(`makes one replacement of ${order.join(", ")}`, () => {
      const states: Record<string, Partial<StepMetadata>> = {
        "create-replacement": {
          keys: ["sku"],
          detailedDiff: { "sku.name": { diffKind: "update" } },
        },
        "delete-replaced": { new: null },
        replace: { keys: ["sku"] },
      };
      const { changes } = planOf([...order.map((op) => pre(op, "gateway", states[op])), end]);
      assert.equal(changes.length, 1);
      assert.equal(changes[0]?.kind, Kind.Replace);
      assert.deepEqual(changes[0]?.because, ["sku"]);
      assert.deepEqual(changes[0]?.paths, ["sku.name"]);
      assert.deepEqual(changes[0]?.before, { name: "gateway" });
      assert.deepEqual(changes[0]?.after, { name: "gateway" });
    });
  }

  test("puts what interrupts before what is new, and names in order", () => {
    const events = [pre("update", "b"), pre("create", "d"), pre("update", "a"), pre("delete", "c")];
    const { changes } = planOf([...events, end]);
    assert.deepEqual(
      changes.map(({ kind, name }) => `${kind} ${name}`),
      ["delete c", "create d", "update a", "update b"],
    );
  });

  test("counts what stays, and leaves out components and providers", () => {
    const component = pre("create", "part", { new: { custom: false } });
    const provider = pre("create", "default", { type: "pulumi:providers:azure-native" });
    const { changes, unchanged } = planOf([pre("same", "a"), component, provider, end]);
    assert.deepEqual([changes.length, unchanged], [0, 1]);
  });

  test("shows as drift what a refresh finds, and nothing that it finds as deployed", () => {
    const found = (op: string, name: string) => ({
      resOutputsEvent: { metadata: step(op, name, { new: op === "delete" ? null : undefined }) },
    });
    const { changes } = planOf([
      ...[pre("refresh", "changed"), pre("refresh", "gone"), pre("refresh", "fine")],
      ...[found("update", "changed"), found("delete", "gone"), found("same", "fine"), end],
    ]);
    assert.deepEqual(
      changes.map(({ kind, name }) => `${kind} ${name}`),
      ["drift changed", "drift gone"],
    );
  });

  test("tells a refused plan from a failed one", () => {
    const policyEvent = {
      resourceUrn: urn("web"),
      message: "<{%reset%}>No.<{%reset%}>",
      policyName: "rule",
      policyPackName: "pack",
      enforcementLevel: "mandatory",
    };
    const says = (message: string) => ({ diagnosticEvent: { message, severity: "error" } });
    const refused = planOf([{ policyEvent }, says("preview failed\n"), end]);
    assert.equal(failed(refused), false);
    assert.equal(refused.violations[0]?.message, "No.");
    assert.equal(failed(planOf([says("preview failed"), end])), true);
    assert.equal(failed(planOf([{ policyEvent }, says("no such resource"), end])), true);
    assert.equal(failed(planOf([])), true);
  });
});
