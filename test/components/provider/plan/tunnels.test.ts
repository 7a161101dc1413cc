import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  planTunnels,
  TAKEN_PORTS,
  type TunnelPair,
  tunnelKey,
  tunnelProblems,
} from "../../../../components/provider/plan/tunnels";
import { DEFAULTS, TUNNEL_NUMBERS } from "../../../../nva-cloud-init/contract/contract";

const pair = (external: { port?: number; vni?: number }): TunnelPair => planTunnels({}, external);
const paths = (tunnels: TunnelPair) => tunnelProblems(tunnels).map((p) => p.propertyPath);
const vnis = fc.integer({ min: TUNNEL_NUMBERS.vni.least, max: TUNNEL_NUMBERS.vni.most });
const ports = fc.integer({ min: 1, max: 65535 }).filter((port) => !TAKEN_PORTS.has(port));

describe("tunnels", () => {
  test("default to the reference", () => {
    assert.deepEqual(planTunnels(), { internal: DEFAULTS.internal, external: DEFAULTS.external });
    assert.equal(tunnelKey(planTunnels()), "internal 800/10800, external 801/10801");
  });

  for (const { name, external, want } of [
    { name: "the highest VNI", external: { vni: 1000 }, want: [] },
    { name: "past the highest VNI", external: { vni: 1001 }, want: ["external.vni"] },
    { name: "below the lowest VNI", external: { vni: 799 }, want: ["external.vni"] },
    { name: "a fraction", external: { vni: 800.5 }, want: ["external.vni"] },
    { name: "the other tunnel's VNI", external: { vni: 800 }, want: ["external.vni"] },
    { name: "the other tunnel's port", external: { port: 10800 }, want: ["external.port"] },
    { name: "the lowest port", external: { port: 1 }, want: [] },
    { name: "port 0", external: { port: 0 }, want: ["external.port"] },
    { name: "past the highest port", external: { port: 65536 }, want: ["external.port"] },
    { name: "VXLAN's own port", external: { port: 4789 }, want: ["external.port"] },
    { name: "the host agent's port", external: { port: 65330 }, want: ["external.port"] },
  ]) {
    test(name, () => assert.deepEqual(paths(pair(external)), want));
  }

  test("two tunnels in range clash only in what is equal", () => {
    fc.assert(
      fc.property(vnis, vnis, ports, ports, (a, b, p, q) => {
        const found = paths({ internal: { vni: a, port: p }, external: { vni: b, port: q } });
        assert.equal(found.includes("external.vni"), a === b);
        assert.equal(found.includes("external.port"), p === q);
      }),
    );
  });

  test("two pairs have one key only when they are equal", () => {
    const tunnel = fc.record({ port: ports, vni: vnis });
    const pairs = fc.record({ internal: tunnel, external: tunnel });
    fc.assert(
      fc.property(pairs, pairs, (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b);
        assert.equal(tunnelKey(a) === tunnelKey(b), same);
      }),
    );
  });
});
