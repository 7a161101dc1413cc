/** More consumers than one gateway takes: refused by Azure, or spread over several. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { labCommand } from "../support/lab";
import { installPacked } from "../support/packed";
import { root } from "../support/sources";

/** Chains that Azure takes at one gateway. */
const LIMIT = 100;

interface Interface {
  properties: {
    ipConfigurations: { properties: { gatewayLoadBalancer?: { id: string } } }[];
  };
}

describe("the sharded example", () => {
  const dir = mkdtempSync(path.join(tmpdir(), "gwlb-sharded-"));
  let settings: string;

  /** The engine's command line, with so many gateways, on a lab of this name. */
  async function pulumi(gateways: number, lab: string, ...args: string[]) {
    const names = Array.from({ length: gateways }, (_, i) => `sharded-${i + 1}`);
    const text = settings.replace('["sharded-1", "sharded-2"]', JSON.stringify(names));
    await writeFile(path.join(dir, "Pulumi.dev.yaml"), text);
    // 490 resources: half a minute on two cores of one's own.
    const options = { timeoutSeconds: 900 };
    return labCommand(dir, ["--lab", path.join(dir, lab), "pulumi", ...args], options);
  }
  const azureList = async (lab: string) =>
    (await labCommand(dir, ["--lab", path.join(dir, lab), "azure", "list", "--json"])).stdout;

  before(async () => {
    cpSync(path.join(root, "examples/sharded"), dir, { recursive: true });
    settings = await readFile(path.join(dir, "Pulumi.dev.yaml"), "utf8");
    await installPacked(dir, { also: ["typescript", "@types/node"] });
    const up = await pulumi(2, ".two", "up", "--yes", "--skip-preview");
    assert.equal(up.code, 0, up.stdout + up.stderr);
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  test("with one gateway, Azure takes 100 chains and refuses the others by the limit", async () => {
    const { code, stdout, stderr } = await pulumi(1, ".one", "up", "--yes", "--skip-preview");
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /GatewayLoadBalancerChainLimitReached/);
    assert.equal(chainsIn(await azureList(".one")).length, LIMIT);
  });

  test("chains 150 consumers to two gateways, none over the limit", async () => {
    const shares = new Map<string, number>();
    for (const chain of chainsIn(await azureList(".two"))) {
      shares.set(chain, (shares.get(chain) ?? 0) + 1);
    }
    const counts = [...shares.values()];
    assert.equal(counts.length, 2);
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      150,
    );
    assert.ok(
      counts.every((count) => count <= LIMIT && count > 50),
      counts.join(),
    );
  });

  test("moves to a third gateway no more than its share", async () => {
    const { stdout, stderr, code } = await pulumi(3, ".two", "preview", "--json");
    assert.equal(code, 0, stdout + stderr);
    const { steps } = JSON.parse(stdout) as { steps: { op: string; urn: string }[] };
    const moved = steps.filter(({ op, urn }) => op === "update" && /app-\d+-nic$/.test(urn));
    assert.ok(moved.length > 30 && moved.length < 70, `${moved.length}`);
    assert.ok(!steps.some(({ op }) => op === "replace" || op === "delete"));
  });
});

function chainsIn(json: string): string[] {
  const resources = JSON.parse(json) as Interface[];
  return resources.flatMap(({ properties }) =>
    (properties?.ipConfigurations ?? []).flatMap(
      (configuration) => configuration.properties.gatewayLoadBalancer?.id ?? [],
    ),
  );
}
