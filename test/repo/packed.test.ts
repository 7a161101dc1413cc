import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "../../lab/run";
import { installPacked, type Packed, packed } from "../support/packed";
import { root, sourceFiles } from "../support/sources";

describe("the packed archive", () => {
  let library: Packed;
  let files: string[];
  before(async () => {
    library = await packed();
    const { stdout } = await run(["tar", "-tzf", library.archive]);
    files = stdout.split("\n").flatMap((line) => line.replace(/^package\//, "") || []);
  });

  test("holds nothing beside the library", () => {
    const stray = files.filter(
      (file) =>
        !/^(components|nva-cloud-init)\/.*\.ts$|^dist\/.*\.(js|d\.ts)$/.test(file) &&
        !file.startsWith("dist/nva-cloud-init/guest/"),
    );
    assert.deepEqual(stray.sort(), [
      ...["CHANGELOG.md", "LICENSE", "PulumiPlugin.yaml", "README.md", "package.json"],
      ...["plugin.ts", "schema.json"],
    ]);
  });

  test("holds each source with what was compiled from it", () => {
    const sources = sourceFiles(".ts").filter((file) =>
      /^(plugin\.ts$|components\/|nva-cloud-init\/)/.test(file),
    );
    const compiled = sources.flatMap((file) => {
      const stem = `dist/${file.slice(0, -".ts".length)}`;
      return [file, `${stem}.js`, `${stem}.d.ts`];
    });
    const code = files.filter((file) => !file.startsWith("dist/nva-cloud-init/guest/"));
    assert.deepEqual(code.filter((file) => /\.(ts|js)$/.test(file)).sort(), compiled.sort());
  });

  test("holds every file of the guest, as it is here", () => {
    const guest = sourceFiles("").filter((file) => file.startsWith("nva-cloud-init/guest/"));
    const shipped = files.filter((file) => file.startsWith("dist/nva-cloud-init/guest/"));
    assert.deepEqual(shipped.sort(), guest.map((file) => `dist/${file}`).sort());
    for (const file of guest) {
      const at = (dir: string) => readFileSync(path.join(dir, file), "latin1");
      assert.equal(at(path.join(library.dir, "dist")), at(root), file);
    }
  });

  test("stays small", () => {
    const bytes = readFileSync(library.archive).length;
    assert.ok(bytes < 320_000, `${bytes} bytes`);
  });
});

describe("the package, installed into an empty folder", () => {
  const dir = mkdtempSync(path.join(tmpdir(), "gwlb-packed-"));
  before(() => installPacked(dir, { also: ["typescript", "@types/node"] }));
  after(() => rm(dir, { recursive: true, force: true }));

  test("is loaded by its name, with no package that it does not declare", async () => {
    const script = "console.log(Object.keys(require('azure-gwlb')).sort().join())";
    const { stdout } = await run([process.execPath, "-e", script], { cwd: dir });
    assert.match(stdout, /GatewayProvider,IlpipConsumer/);
    assert.ok(!existsSync(path.join(dir, "node_modules/tsx")));
  });

  for (const [resolution, module] of [
    ["node10", "commonjs"],
    ["nodenext", "nodenext"],
  ] as const) {
    test(`has types under the module resolution ${resolution}, strictly checked`, async () => {
      const source = [
        'import { GatewayProvider, RuleAction } from "azure-gwlb";',
        'const hub = new GatewayProvider("hub", {',
        '  resourceGroupName: "rg",',
        "  policy: { rules: [], defaultInbound: RuleAction.Drop },",
        "});",
        "export const id: import('@pulumi/pulumi').Output<string> = hub.gatewayFrontendId;",
        "// @ts-expect-error: no such argument",
        'new GatewayProvider("hub", { resourceGroupName: "rg", polcy: {} });',
      ].join("\n");
      await writeFile(path.join(dir, "program.ts"), source);
      const flags = ["--noEmit", "--strict", "--target", "es2022", "--types", "node"];
      const resolved = ["--module", module, "--moduleResolution", resolution];
      const tsc = path.join(dir, "node_modules/typescript/bin/tsc");
      await run([process.execPath, tsc, ...flags, ...resolved, "program.ts"], { cwd: dir });
    });
  }

  test("runs no script when it is installed", () => {
    const text = readFileSync(path.join(dir, "node_modules/azure-gwlb/package.json"), "utf8");
    const { scripts = {} } = JSON.parse(text) as { scripts?: Record<string, string> };
    for (const script of ["preinstall", "install", "postinstall"]) {
      assert.equal(scripts[script], undefined, script);
    }
    assert.ok(readdirSync(path.join(dir, "node_modules/azure-gwlb")).includes("PulumiPlugin.yaml"));
  });
});
