import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { buildArgv, ENGINE, YAML_HOST } from "../../../lab/engine/build";
import { engineEnv, engineHome, prepareHome } from "../../../lab/engine/home";
import { labPaths } from "../../../lab/paths";

const dir = mkdtempSync(path.join(tmpdir(), "gwlb-home-"));
const home = engineHome(labPaths(dir));
const built = { pulumi: "/cache/bin/pulumi", hasNodeHost: false };

describe("the engine's settings", () => {
  after(() => rmSync(dir, { recursive: true, force: true }));

  test("nothing of a person's cloud reaches the lab", () => {
    const env = engineEnv(home, built, {
      HOME: "/h",
      PATH: "/bin",
      PULUMI_ACCESS_TOKEN: "t",
      PULUMI_BACKEND_URL: "https://api.example",
      PULUMI_CONFIG_PASSPHRASE: "p",
      PULUMI_STACK: "prod",
      ARM_CLIENT_SECRET: "s",
      AZURE_TENANT_ID: "t",
    });
    const { HOME, PATH, ...set } = env;
    assert.deepEqual([HOME, PATH], ["/h", "/cache/bin:/bin"]);
    const outside = Object.values(set).filter(
      (value) => !/^true$/.test(value ?? "") && !value?.includes(dir),
    );
    assert.deepEqual(outside, []);
    assert.equal(env.PULUMI_CONFIG_PASSPHRASE, undefined);
  });

  test("the passphrase is each lab's own, and its owner's only", async () => {
    await prepareHome(home, built);
    const first = readFileSync(home.passphrase, "utf8");
    assert.ok(first.trim().length >= 32);
    assert.equal(statSync(home.passphrase).mode & 0o777, 0o600);
    await prepareHome(home, built);
    assert.equal(readFileSync(home.passphrase, "utf8"), first);
  });

  test("an engine with a host of its own uses that one", () => {
    assert.equal(engineEnv(home, built).PULUMI_IGNORE_AMBIENT_PLUGINS, "true");
    const official = { pulumi: "/opt/pulumi", hasNodeHost: true };
    assert.equal(engineEnv(home, official).PULUMI_IGNORE_AMBIENT_PLUGINS, undefined);
  });

  for (const program of [ENGINE, YAML_HOST]) {
    test(`${program.title} is built in the version that it says it is`, () => {
      const { module, package: main, version } = program;
      const argv = buildArgv(program, "go", "out").join(" ");
      assert.ok(argv.includes(`version.Version=v${version.value}`), argv);
      const mod = path.join(__dirname, "../../../lab/engine", module, "go.mod");
      const required = [...readFileSync(mod, "utf8").matchAll(/^\s(\S+) (v\S+)/gm)];
      const found = required.find(([, name = ""]) => main.startsWith(`${name}/`));
      assert.equal(found?.[2], `v${version.value}`);
    });
  }
});
