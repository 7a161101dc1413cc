import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Run } from "../../../lab/compute/scaleSets/observe";
import { type MachineFacts, reportStatus, type Surroundings } from "../../../lab/supervisor/report";
import { AzureFixture, GATEWAY_FRONTEND, ILPIP_ADDRESS } from "../../support/azureFixtures";
import { type ViewOptions, viewOf } from "../../support/fabricView";

const NOW = Date.parse("2026-01-01T00:01:00Z");

function report(
  options: ViewOptions = {},
  more: Partial<Surroundings> = {},
  machine = {},
  change: (view: ReturnType<typeof viewOf>) => void = () => undefined,
) {
  const view = viewOf(new AzureFixture(), options);
  change(view);
  const facts: MachineFacts = {
    netns: "vm",
    power: "running",
    startedAt: NOW - 5000,
    bootedAt: NOW - 3000,
    ...machine,
  };
  return reportStatus(view, {
    boxPid: 7,
    appliedSeq: 3,
    settled: true,
    problems: [],
    runs: new Map(),
    machines: new Map(view.model.vms.map((vm) => [vm.id, facts])),
    firstHealthy: new Map(),
    patienceMs: 60_000,
    now: new Date(NOW),
    ...more,
  });
}

describe("phase", () => {
  for (const { name, want, status } of [
    { name: "all on and healthy", want: "ready", status: report() },
    { name: "a change waits", want: "converging", status: report({}, { settled: false }) },
    { name: "a machine boots", want: "converging", status: report({}, {}, { power: "starting" }) },
    { name: "a machine is off", want: "ready", status: report({}, {}, { power: "stopped" }) },
    { name: "an NVA may still come", want: "converging", status: report({ sick: ["nva1"] }) },
    {
      name: "an NVA has had its time",
      want: "ready",
      status: report({ sick: ["nva1"] }, {}, { bootedAt: NOW - 11_000 }),
    },
    { name: "the network failed", want: "failed", status: report({}, { failure: "no nft" }) },
  ]) {
    test(`${name}: ${want}`, () => assert.equal(status.phase, want));
  }
});

test("says which public address crosses which gateway", () => {
  const chain = report().chains.find((one) => one.publicAddress === ILPIP_ADDRESS);
  assert.equal(chain?.gatewayFrontend, GATEWAY_FRONTEND.toLowerCase());
  const entry = report().publicAddresses.find((one) => one.address === ILPIP_ADDRESS);
  assert.deepEqual(
    [entry?.via, entry?.vms, entry?.chainedTo],
    ["ilpip", ["app"], chain?.gatewayFrontend],
  );
});

test("says of each NVA what its probe said", () => {
  const [nva] = report({ sick: ["nva1"] }).gateways.flatMap(({ nvas }) => nvas);
  assert.deepEqual([nva?.vm, nva?.healthy, nva?.reason], ["nva1", false, "HTTP 503"]);
});

test("a failure stands before all problems, each problem once", () => {
  const { problems } = report({}, { failure: "no nft", problems: ["a", "a"] });
  assert.deepEqual(problems, ["no nft", "a"]);
});

test("places: the internet and every VM", () => {
  const places = report().places.map(({ name, kind }) => `${kind} ${name}`);
  assert.deepEqual(places, ["internet internet", "vm app", "vm nva1", "vm web1"]);
});

describe("a rolling upgrade", () => {
  const BEGUN = NOW - 20_000;
  /** The report of a batch or a pause, with the machine's run and its health. */
  const waiting = (run: string | undefined, state: string, pauseUntil?: number) => {
    const runs = new Map<string, Run>();
    const { scaleSets } = report({}, { runs }, {}, ({ model }) => {
      const id = model.vms[0]?.id ?? "";
      if (run !== undefined) runs.set(id, { epoch: run, startedAt: BEGUN });
      const health = { state, since: "", reason: "" };
      const member = { id: id.toUpperCase(), epoch: "old", answers: 0, restarts: true };
      model.scaleSets.push({
        ...{ id: "/s/fleet", name: "fleet", capacity: 1, mode: "Rolling", repairsSuspended: false },
        instances: [{ vmId: id, latest: true, health }],
        upgrade: {
          ...{ model: 2, status: "RollingForward", startedAt: BEGUN, changedAt: BEGUN },
          ...{ upgraded: [], failed: [] },
          ...(pauseUntil === undefined
            ? { batch: { startedAt: BEGUN, members: [member], replaces: [] } }
            : { pauseUntil }),
        },
      });
    });
    const { what, vms, until } = scaleSets[0]?.upgrade?.waiting ?? {};
    return [what, vms?.join(), until];
  };
  const late = new Date(BEGUN + 60_000).toISOString();

  test("waits for its batch to restart, then for its health, until it counts as failed", () => {
    assert.deepEqual(waiting("old", "Healthy"), ["restart", "app", late], "it has its notice");
    assert.deepEqual(waiting(undefined, "Unknown"), ["restart", "app", late], "it is off");
    assert.deepEqual(waiting("new", "Unknown"), ["health", "app", late]);
    assert.deepEqual(waiting("new", "Healthy"), ["health", "app", late]);
  });
  test("pauses between two batches", () => {
    const ends = NOW + 5000;
    assert.deepEqual(waiting("new", "Healthy", ends), [
      ...["pause", ""],
      new Date(ends).toISOString(),
    ]);
    assert.deepEqual(waiting("new", "Healthy", NOW - 1), [undefined, undefined, undefined]);
  });
});
