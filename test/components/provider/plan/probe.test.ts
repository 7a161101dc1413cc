import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type GatewayProbeArgs,
  planProbe,
  probeClashProblems,
  probeProblems,
  REFUSED_PROBE_PORTS,
} from "../../../../components/provider/plan/probe";
import { DEFAULTS } from "../../../../nva-cloud-init/contract/contract";

const paths = (args: GatewayProbeArgs) => probeProblems(planProbe(args)).map((p) => p.propertyPath);

describe("probe", () => {
  test("defaults to the reference's port and Azure's shortest interval", () => {
    assert.deepEqual(planProbe(), { port: 8080, path: "/health", intervalSeconds: 5 });
    assert.deepEqual(paths({}), []);
  });
  for (const port of REFUSED_PROBE_PORTS) {
    test(`port ${port} is refused, as by Azure`, () => assert.deepEqual(paths({ port }), ["port"]));
  }
  for (const { name, args, want } of [
    {
      name: "an interval below Azure's least",
      args: { intervalSeconds: 4 },
      want: ["intervalSeconds"],
    },
    { name: "the least interval", args: { intervalSeconds: 5 }, want: [] },
    { name: "six minutes", args: { intervalSeconds: 360 }, want: ["intervalSeconds"] },
    { name: "a path without slash", args: { path: "health" }, want: ["path"] },
    { name: "a path with a space", args: { path: "/he alth" }, want: ["path"] },
    { name: "port 0", args: { port: 0 }, want: ["port"] },
  ]) {
    test(name, () => assert.deepEqual(paths(args), want));
  }
  test("must not use a tunnel's port", () => {
    assert.equal(probeClashProblems(planProbe({ port: 10801 }), DEFAULTS).length, 1);
    assert.equal(probeClashProblems(planProbe(), DEFAULTS).length, 0);
  });
});
