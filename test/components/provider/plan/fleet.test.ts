import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type FleetArgs,
  fleetProblems,
  fleetWarnings,
  planFleet,
} from "../../../../components/provider/plan/fleet";

const paths = (args: FleetArgs, subnet?: string) =>
  fleetProblems(args, subnet).map((p) => p.propertyPath);

describe("fleetProblems", () => {
  for (const { name, args, subnet, want } of [
    { name: "nothing said", args: {}, want: [] },
    { name: "one NVA", args: { capacity: 1 }, want: [] },
    { name: "no NVA", args: { capacity: 0 }, want: ["capacity"] },
    { name: "a thousand", args: { capacity: 1000 }, want: [] },
    { name: "one more", args: { capacity: 1001 }, want: ["capacity"] },
    { name: "zone 4", args: { zones: ["1", "4"] }, want: ["zones[1]"] },
    { name: "a zone twice, not in order", args: { zones: ["2", "1", "2"] }, want: ["zones[2]"] },
    { name: "the fullest /29", args: { capacity: 3 }, subnet: "10.7.1.0/29", want: [] },
    {
      name: "one too many for it",
      args: { capacity: 4 },
      subnet: "10.7.1.0/29",
      want: ["capacity"],
    },
    {
      name: "the one VM beside a full /29",
      args: { capacity: 3, keepNva: true },
      subnet: "10.7.1.0/29",
      want: ["capacity"],
    },
    {
      name: "no room for a surge",
      args: { capacity: 11, upgrade: { surge: true } },
      subnet: "10.7.1.0/28",
      want: ["capacity"],
    },
    {
      name: "room for the capacity, not for the maximum",
      args: { autoscale: { maximum: 12 } },
      subnet: "10.7.1.0/28",
      want: ["autoscale.maximum"],
    },
    {
      name: "a capacity outside the bounds",
      args: { capacity: 2, autoscale: { minimum: 3 } },
      want: ["capacity"],
    },
    { name: "a batch of everything", args: { upgrade: { batchPercent: 100 } }, want: [] },
    { name: "no batch", args: { upgrade: { batchPercent: 4 } }, want: ["upgrade.batchPercent"] },
    {
      name: "a batch that may not be unhealthy",
      args: { upgrade: { batchPercent: 50, unhealthyPercent: 49 } },
      want: ["upgrade.unhealthyPercent"],
    },
    {
      name: "fewer than none",
      args: { upgrade: { unhealthyUpgradedPercent: -1 } },
      want: ["upgrade.unhealthyUpgradedPercent"],
    },
    {
      name: "a pause of half seconds",
      args: { upgrade: { pauseSeconds: 0.5 } },
      want: ["upgrade.pauseSeconds"],
    },
    {
      name: "a question too often",
      args: { health: { intervalSeconds: 4 } },
      want: ["health.intervalSeconds"],
    },
    { name: "25 answers", args: { health: { probes: 25 } }, want: ["health.probes"] },
    {
      name: "less time than the answers take",
      args: { health: { intervalSeconds: 60, probes: 24, bootSeconds: 1439 } },
      want: ["health.bootSeconds"],
    },
    {
      name: "a repair too early",
      args: { repairs: { graceMinutes: 9 } },
      want: ["repairs.graceMinutes"],
    },
    {
      name: "a notice of 4 minutes",
      args: { terminateNoticeMinutes: 4 },
      want: ["terminateNoticeMinutes"],
    },
    { name: "a notice of 15", args: { terminateNoticeMinutes: 15 }, want: [] },
    { name: "another order", args: { scaleIn: "Largest" as "Default" }, want: ["scaleIn"] },
  ] as { name: string; args: FleetArgs; subnet?: string; want: string[] }[]) {
    test(name, () => assert.deepEqual(paths(args, subnet), want));
  }
});

test("what a bad batch leaves unhealthy does not keep the next upgrade out", () => {
  for (const capacity of [2, 3, 5, 10, 100]) {
    const { upgrade } = planFleet({ capacity });
    const batch = Math.max(1, Math.floor((capacity * upgrade.batchPercent) / 100));
    assert.ok((100 * batch) / capacity <= upgrade.unhealthyPercent, `${capacity}`);
  }
});

test("the plan of a plan's arguments is the same again", () => {
  const args: FleetArgs = {
    zones: ["3", "1"],
    autoscale: { minimum: 4 },
    upgrade: { surge: true },
  };
  assert.deepEqual(planFleet(args), planFleet(args));
  assert.deepEqual(planFleet(args).zones, ["1", "3"]);
  assert.deepEqual(args.zones, ["3", "1"]);
  assert.equal(planFleet(args).capacity, 4);
});

test("one NVA alone is allowed, with a warning", () => {
  const warned = (args: FleetArgs) => fleetWarnings(planFleet(args)).map((p) => p.propertyPath);
  assert.deepEqual(warned({ capacity: 2 }), []);
  assert.deepEqual(warned({ capacity: 1 }), ["capacity"]);
  assert.deepEqual(warned({ autoscale: { minimum: 1 } }), ["autoscale.minimum"]);
});
