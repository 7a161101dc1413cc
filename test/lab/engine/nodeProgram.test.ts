import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type ProgramRun,
  pluginCall,
  programArgv,
  programEnv,
  runtimeOptions,
} from "../../../lab/engine/nodeProgram";

const program: ProgramRun = {
  monitor: "127.0.0.1:1",
  engine: "127.0.0.1:2",
  organization: "organization",
  project: "p",
  stack: "dev",
  rootDirectory: "/p",
  pwd: "/p/sub",
  dryRun: true,
  parallel: 4,
  entryPoint: "index.ts",
  args: ["x"],
  config: { "p:key": "value" },
  secretKeys: ["p:key"],
  options: { typescript: true, nodeArgs: ["--enable-source-maps"] },
};

describe("a Node program for the engine", () => {
  test("gets node's own arguments, the runner, flags, entry point and arguments, in this order", () => {
    assert.deepEqual(programArgv("/sdk/cmd/run", program), [
      ...["--enable-source-maps", "/sdk/cmd/run"],
      ...["--monitor=127.0.0.1:1", "--engine=127.0.0.1:2", "--organization=organization"],
      ...["--project=p", "--root-directory=/p", "--stack=dev", "--pwd=/p/sub", "--parallel=4"],
      ...["--dry-run", "index.ts", "x"],
    ]);
  });

  test("is not told of a dry run when it is none", () => {
    assert.ok(!programArgv("r", { ...program, dryRun: false }).includes("--dry-run"));
  });

  test("reads its configuration and which of it is secret", () => {
    assert.deepEqual(programEnv(program), {
      PULUMI_CONFIG: '{"p:key":"value"}',
      PULUMI_CONFIG_SECRET_KEYS: '["p:key"]',
      PULUMI_NODEJS_TYPESCRIPT: "true",
    });
    const options = runtimeOptions({ tsconfig: "tsconfig.pulumi.json" });
    assert.equal(
      programEnv({ ...program, options }).PULUMI_NODEJS_TSCONFIG_PATH,
      "tsconfig.pulumi.json",
    );
  });

  test("is TypeScript unless its project says otherwise", () => {
    assert.deepEqual(runtimeOptions({}), { typescript: true, nodeArgs: [] });
    assert.equal(runtimeOptions({ typescript: false }).typescript, false);
    assert.deepEqual(runtimeOptions({ nodeargs: "-r x" }).nodeArgs, ["-r", "x"]);
  });

  test("plugins: components and policy packs, and no other kind", () => {
    assert.deepEqual(pluginCall("resource", "/c", ["addr"])?.argv, ["/c", "addr"]);
    assert.deepEqual(pluginCall("analyzer", "/pack", ["addr"])?.argv, ["addr", "/pack"]);
    assert.equal(pluginCall("converter", "/c", []), undefined);
  });
});
