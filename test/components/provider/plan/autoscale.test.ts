import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  autoscaleProblems,
  autoscaleProfile,
  type FleetAutoscaleArgs,
  planAutoscale,
} from "../../../../components/provider/plan/autoscale";

const paths = (args: FleetAutoscaleArgs) => autoscaleProblems(args).map((p) => p.propertyPath);

describe("autoscaleProblems", () => {
  for (const { name, args, want } of [
    { name: "nothing said", args: {}, want: [] },
    { name: "the network too", args: { scaleOutMbps: 2000 }, want: [] },
    { name: "nobody", args: { minimum: 0 }, want: ["minimum"] },
    { name: "bounds the wrong way", args: { minimum: 5, maximum: 4 }, want: ["maximum"] },
    { name: "a number that is fixed", args: { minimum: 4, maximum: 4 }, want: [] },
    { name: "busier than can be", args: { scaleOutCpuPercent: 100 }, want: ["scaleOutCpuPercent"] },
    { name: "a text", args: { scaleOutCpuPercent: "60" }, want: ["scaleOutCpuPercent"] },
    // Two at 40 % are one at 80 %, three at 40 % are two at 60 %.
    { name: "to and fro", args: { scaleInCpuPercent: 40 }, want: ["scaleInCpuPercent"] },
    { name: "just not to and fro", args: { scaleInCpuPercent: 39 }, want: [] },
    {
      name: "to and fro at one",
      args: { minimum: 1, scaleInCpuPercent: 30 },
      want: ["scaleInCpuPercent"],
    },
    { name: "half a rule", args: { scaleInMbps: 100 }, want: ["scaleInMbps"] },
    {
      name: "the network to and fro",
      args: { scaleOutMbps: 900, scaleInMbps: 600 },
      want: ["scaleInMbps"],
    },
    { name: "no step", args: { step: 0 }, want: ["step"] },
    { name: "a window of 4 minutes", args: { windowMinutes: 4 }, want: ["windowMinutes"] },
    { name: "no pause", args: { cooldownMinutes: 0 }, want: ["cooldownMinutes"] },
  ] as { name: string; args: FleetAutoscaleArgs; want: string[] }[]) {
    test(name, () => assert.deepEqual(paths(args), want));
  }

  test("thresholds that were derived never go to and fro", () => {
    const args = fc.record({
      minimum: fc.integer({ min: 1, max: 20 }),
      maximum: fc.constant(20),
      scaleOutCpuPercent: fc.integer({ min: 3, max: 99 }),
      scaleOutMbps: fc.integer({ min: 1, max: 200_000 }),
    });
    fc.assert(fc.property(args, (some) => assert.deepEqual(paths(some), [])));
  });
});

test("each rule has its counterpart, and Azure gets bytes a minute", () => {
  const profile = autoscaleProfile(planAutoscale({ scaleOutMbps: 8, step: 2 }), 3, "/set");
  assert.deepEqual(profile.capacity, { minimum: "2", maximum: "10", default: "3" });
  const rules = profile.rules.map(({ metricTrigger, scaleAction }) => {
    const { metricName, operator, threshold } = metricTrigger;
    return [metricName, operator, threshold, scaleAction.direction, scaleAction.value];
  });
  assert.deepEqual(rules, [
    ["Percentage CPU", "GreaterThan", 60, "Increase", "2"],
    ["Percentage CPU", "LessThan", 24, "Decrease", "2"],
    // 8 Mbit/s are 1 MB a second.
    ["Network In Total", "GreaterThan", 60_000_000, "Increase", "2"],
    ["Network In Total", "LessThan", 24_000_000, "Decrease", "2"],
  ]);
});
