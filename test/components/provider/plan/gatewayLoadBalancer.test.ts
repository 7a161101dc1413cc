import assert from "node:assert/strict";
import { test } from "node:test";
import {
  gatewayFrontends,
  gatewayIds,
  gatewayPools,
  gatewayProbes,
  gatewayRules,
} from "../../../../components/provider/plan/gatewayLoadBalancer";
import { planProbe } from "../../../../components/provider/plan/probe";
import { planTunnels } from "../../../../components/provider/plan/tunnels";

const ids = gatewayIds("/lb");

test("the pool says both tunnels: an empty one would be filled by the service", () => {
  const [pool] = gatewayPools(planTunnels());
  assert.deepEqual(pool?.tunnelInterfaces, [
    { type: "Internal", protocol: "VXLAN", port: 10800, identifier: 800 },
    { type: "External", protocol: "VXLAN", port: 10801, identifier: 801 },
  ]);
});

test("the rule carries every protocol and port to the pool", () => {
  const [rule, ...others] = gatewayRules(ids, 4);
  assert.deepEqual(others, []);
  assert.deepEqual([rule?.protocol, rule?.frontendPort, rule?.backendPort], ["All", 0, 0]);
  assert.deepEqual(rule?.backendAddressPools, [{ id: ids.pool }]);
  // Both are refused or unsupported on a Gateway SKU.
  assert.ok(!("enableTcpReset" in (rule ?? {})) && !("enableFloatingIP" in (rule ?? {})));
});

test("children that the rule names exist under those names", () => {
  const names = [gatewayFrontends("/s", "10.7.0.4", []), gatewayPools(planTunnels())];
  const last = (id: string) => id.split("/").at(-1);
  assert.deepEqual(
    names.map(([child]) => child?.name),
    [ids.frontend, ids.pool].map(last),
  );
  assert.equal(gatewayProbes(planProbe())[0]?.name, last(ids.probe));
});

test("the probe takes an NVA out at its first missing answer", () => {
  const [probe] = gatewayProbes(planProbe());
  assert.deepEqual(
    [probe?.protocol, probe?.intervalInSeconds, probe?.probeThreshold],
    ["Http", 5, 1],
  );
  assert.ok(!("numberOfProbes" in (probe ?? {})));
});

test("zones are said only when there are some", () => {
  assert.ok(!("zones" in (gatewayFrontends("/s", "10.7.0.4", [])[0] ?? {})));
  assert.deepEqual(gatewayFrontends("/s", "10.7.0.4", ["1"])[0]?.zones, ["1"]);
});
