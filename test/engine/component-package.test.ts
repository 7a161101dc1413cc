/** The packed library as a component package: from a YAML program, by the real engine. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { parseDocument } from "yaml";
import { labCommand } from "../support/lab";
import { installPacked } from "../support/packed";
import { read, root } from "../support/sources";

interface Plan {
  steps: { op: string; urn: string }[];
}

describe("the component package, from YAML", () => {
  const dir = mkdtempSync(path.join(tmpdir(), "gwlb-yaml-"));
  const project = path.join(dir, "yaml-consumer");
  const program = path.join(project, "Pulumi.yaml");
  const lab = path.join(dir, ".lab");
  const pulumi = (...args: string[]) =>
    labCommand(dir, ["--lab", lab, "pulumi", "--project", project, ...args]);

  before(async () => {
    cpSync(path.join(root, "examples/yaml-consumer"), project, { recursive: true });
    await installPacked(dir);
  });
  after(() => rm(dir, { recursive: true, force: true }));

  test("has the schema that is kept", async () => {
    const library = path.join(dir, "node_modules/azure-gwlb");
    const { stdout, stderr } = await labCommand(dir, [
      ...["--lab", lab, "pulumi", "package", "get-schema", library],
    ]);
    const served = JSON.parse(stdout || "{}") as { resources?: object; types?: object };
    const kept = JSON.parse(read("schema.json")) as typeof served;
    assert.deepEqual(
      Object.keys(served.resources ?? {}).sort(),
      Object.keys(kept.resources ?? {}).sort(),
      stderr,
    );
    assert.deepEqual(Object.keys(served.types ?? {}).sort(), Object.keys(kept.types ?? {}).sort());
  });

  test("plans the resources that a TypeScript program would have", async () => {
    const { code, stdout, stderr } = await pulumi("preview", "--json");
    assert.equal(code, 0, stdout + stderr);
    const { steps } = JSON.parse(stdout.slice(stdout.indexOf("{"))) as Plan;
    const names = steps.map(({ op, urn }) => `${op} ${urn.split("::").slice(2).join(" ")}`);
    for (const expected of [
      "create azure-gwlb:index:GatewayProvider$azure-native:network:LoadBalancer yaml-gateway",
      "create azure-gwlb:index:GatewayProvider$azure-native:compute:VirtualMachine yaml-nva",
      "create azure-gwlb:index:IlpipConsumer$azure-native:network:NetworkInterface yaml-web-nic",
      "create azure-native:compute:VirtualMachine yaml-vm",
    ]) {
      assert.ok(names.includes(expected), names.join("\n"));
    }
  });

  test("deploys, with what the components ask of Azure on the way", async () => {
    const { code, stdout, stderr } = await pulumi("up", "--yes", "--skip-preview");
    assert.equal(code, 0, stdout + stderr);
    const destroyed = await pulumi("destroy", "--yes", "--skip-preview");
    assert.equal(destroyed.code, 0, destroyed.stdout + destroyed.stderr);
  });

  test("names every wrong argument by its path, before anything is created", async () => {
    const text = await readFile(program, "utf8");
    const wrong = parseDocument(text);
    const gateway = ["resources", "gateway", "properties"];
    wrong.setIn([...gateway, "idleTimeoutMinutes"], 99);
    wrong.setIn([...gateway, "policy", "rules", 0, "ports", 0], "ssh");
    await writeFile(program, wrong.toString());
    const { code, stdout, stderr } = await pulumi("up", "--yes", "--skip-preview");
    await writeFile(program, text);
    assert.notEqual(code, 0);
    const told = (stdout + stderr).replaceAll(/\s+/g, " ");
    assert.match(told, /idleTimeoutMinutes.*99/);
    assert.match(told, /policy\.rules\[0\]\.ports\[0\]/);
    const { stdout: left } = await labCommand(dir, ["--lab", lab, "azure", "list"]);
    assert.doesNotMatch(left, /loadBalancers|virtualMachines/);
  });
});
