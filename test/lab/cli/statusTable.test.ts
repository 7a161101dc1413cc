import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { statusText } from "../../../lab/cli/statusTable";
import type { LabStatus, PlaceStatus } from "../../../lab/supervisor/status";
import { whatIsMissing } from "../../../lab/up";

const network = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network";
const gateway = `${network}/loadBalancers/gw`;
const empty: LabStatus = {
  ...{ updated: "2026-01-01T00:00:00Z", phase: "ready", appliedSeq: 3, problems: [], boxPid: 7 },
  ...{ places: [], publicAddresses: [], chains: [], gateways: [], backends: [], scaleSets: [] },
};
const nva = { vm: "nva-0", address: "10.7.1.5", healthy: false, since: "", reason: "HTTP 503" };

describe("the state of a lab as text", () => {
  test("an empty lab is one line", () => assert.equal(statusText(empty), "The lab is ready."));

  test("an address is shown with its gateway, an NVA with the probe's reason", () => {
    const text = statusText({
      ...empty,
      publicAddresses: [
        {
          ...{
            address: "203.0.113.10",
            id: "/x/pip",
            via: "ilpip",
            owner: `${network}/networkInterfaces/web-nic/ipConfigurations/a`,
          },
          ...{ vms: ["web"], chainedTo: `${gateway}/frontendIPConfigurations/f` },
        },
      ],
      gateways: [
        { id: `${gateway}/frontendIPConfigurations/f`, frontendAddress: "10.7.0.4", nvas: [nva] },
      ],
      scaleSets: [
        {
          ...{ id: "/x/fleet", name: "fleet", capacity: 2, upgradeMode: "Rolling" },
          instances: [
            { vm: "fleet_1", latestModel: true, health: "Unknown", reason: "HTTP 503" },
            { vm: "fleet_2", latestModel: false, health: "Healthy", leaving: "replaced" },
          ],
          upgrade: { status: "Faulted", upgraded: 0, failed: 1, pending: 1, error: "too many" },
          repairsSuspended: true,
        },
      ],
      problems: ["one thing"],
    });
    assert.match(text, /203\.0\.113\.10 .* web-nic \(ilpip\) .* web .* gw /);
    assert.match(text, /gw 10\.7\.0\.4 .* nva-0 10\.7\.1\.5 .* not healthy: HTTP 503/);
    assert.match(text, /fleet .* fleet_1 .* latest .* Unknown: HTTP 503/);
    assert.match(text, /fleet_2 .* older .* Healthy \(being replaced\)/);
    assert.match(text, /^fleet: upgrade Faulted, 0 upgraded, 1 failed, 1 pending: too many$/m);
    assert.match(text, /^fleet: automatic repairs are suspended$/m);
    assert.match(text, /^problem: one thing$/m);
  });
});

describe("an upgrade that is under way", () => {
  const until = "2026-01-01T00:01:40.000Z";
  const set = { id: "/x/fleet", name: "fleet", capacity: 3, upgradeMode: "Rolling" };
  const waiting = (what: "restart" | "health" | "pause", ...vms: string[]) =>
    statusText(
      {
        ...empty,
        scaleSets: [
          {
            ...set,
            instances: [],
            upgrade: {
              ...{ status: "RollingForward", upgraded: 1, failed: 0, pending: 2 },
              waiting: { what, vms, until },
            },
          },
        ],
      },
      Date.parse("2026-01-01T00:01:00Z"),
    );

  test("says which instances it waits for, what for, and how long at most", () => {
    assert.match(
      waiting("health", "fleet_3c1a"),
      /^fleet: waiting for fleet_3c1a: health, 40 s left$/m,
    );
    assert.match(waiting("restart", "a", "b"), /^fleet: waiting for a b: restart, 40 s left$/m);
    assert.match(waiting("pause"), /^fleet: pause between two batches, 40 s left$/m);
  });
});

describe("what a lab waits for", () => {
  test("changes, machines, probes, in one line", () => {
    const place: PlaceStatus = {
      name: "web",
      kind: "vm",
      addresses: [],
      power: "starting",
      netns: "n",
    };
    const status: LabStatus = {
      ...empty,
      phase: "converging",
      places: [place],
      gateways: [{ id: gateway, frontendAddress: "10.7.0.4", nvas: [nva] }],
    };
    assert.equal(whatIsMissing(status, 5), "change 3 of 5; starting: web; nva-0: HTTP 503");
    assert.equal(whatIsMissing({ ...empty, phase: "converging" }, 3), "converging");
  });
});
