import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { resolved, settle, startMocks } from "../support/mocks";
import { root } from "../support/sources";

/** Settings as the engine hands them to a program: texts, and JSON of everything else. */
function settingsOf(stack: string, changes: Record<string, unknown> = {}): Record<string, string> {
  const file = readFileSync(path.join(root, `Pulumi.${stack}.yaml`), "utf8");
  const { config } = parse(file) as { config: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries({ ...config, ...changes }).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

type Program = typeof import("../../index");

async function run(preview: boolean, stack: string, changes: Record<string, unknown> = {}) {
  const engine = startMocks(preview, stack);
  pulumi.runtime.setAllConfig(settingsOf(stack, changes));
  const file = require.resolve("../../index");
  delete require.cache[file];
  const program = require(file) as Program;
  await settle();
  return { engine, program };
}

for (const preview of [false, true]) {
  describe(`the program, preview ${preview}`, () => {
    test("dev: provider, one consumer of each kind, a workload behind each", async () => {
      const { engine, program } = await run(preview, "dev");
      const machines = engine.registrations.filter((r) => r.type.endsWith(":VirtualMachine"));
      assert.deepEqual(machines.map(({ name }) => name).sort(), [
        "gwlb-demo-web-ilpip",
        "gwlb-demo-web-lb",
        "gwlb-nva",
      ]);
      const chained = [
        engine.find("network:NetworkInterface", "gwlb-demo-ilpip-nic").inputs.ipConfigurations,
        engine.find("network:LoadBalancer", "gwlb-demo-public-lb").inputs.frontendIPConfigurations,
      ] as { gatewayLoadBalancer?: { id?: string } }[][];
      const frontend = await resolved(program.gatewayFrontendId);
      for (const [part] of chained) {
        if (preview) assert.ok(part?.gatewayLoadBalancer);
        else assert.equal(part?.gatewayLoadBalancer?.id, frontend);
      }
    });

    test("dev without demo: the provider alone", async () => {
      const { engine, program } = await run(preview, "dev", { "azure-gwlb:demo": false });
      assert.deepEqual(
        engine.registrations.filter((r) => r.name.includes("demo")),
        [],
      );
      assert.deepEqual(program.publicAddresses, {});
    });
  });
}
