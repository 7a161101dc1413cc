import assert from "node:assert/strict";
import { test } from "node:test";
import { consumersOf, planFlows } from "../../../lab/proof/flows";
import { summarize } from "../../../lab/proof/statistics";
import { flowTable, latencyTable } from "../../../lab/proof/tables";

const flows = planFlows(
  consumersOf({
    publicAddresses: [
      { address: "20.0.0.4", via: "ilpip", owner: "web", vms: ["web"], chainedTo: "/g/f" },
    ],
    gateways: [{ id: "/g/f", nvas: [{ vm: "nva", healthy: true, reason: "" }] }],
  }),
);

test("flowTable has a row a flow and says below what is wrong", () => {
  const verdicts = flows.map((flow, index) => ({
    ...{ flow, passed: index > 0, seen: "seen", counters: ["no-ssh 0 → 3"] },
    problems: index > 0 ? [] : ["one was answered"],
  }));
  const text = flowTable(verdicts);
  assert.equal(text.match(/✔/g)?.length, flows.length - 1);
  assert.match(text, /✖ +8\.8\.8\.8 +web +22\/tcp +dropped by the NVA +seen +no-ssh/);
  assert.match(text, /^web is 20\.0\.0\.4, through nva$/m);
  assert.match(text, /✖ 8\.8\.8\.8 22\/tcp web:\n {4}one was answered/);
  assert.match(text, /web +203\.0\.113\.9 +tcp outbound/);
});

test("latencyTable prints ethr's columns, and dashes for what was not measured", () => {
  const text = latencyTable([
    { way: "with gateway", summary: summarize([1_469_000]) },
    { way: "without gateway", summary: undefined },
  ]);
  assert.match(text, /avg +min +p50 +p90 +p95 +p99 +p99\.9 +max/);
  assert.match(text, /with gateway +1 +(1\.469 ms *){8}/);
  assert.match(text, /without gateway +0 +(- *){8}/);
});
