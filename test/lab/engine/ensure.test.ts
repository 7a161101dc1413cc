/** Finding or building an engine, with programs of the test's own on PATH. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ENGINE_VERSION } from "../../../lab/engine/version";
import { labCommand } from "../../support/lab";

const pulumi = (version: string) => `echo ${version}`;
const go = (version: string, build = "exit 1") => `case $1 in
version) echo go version go${version} linux/amd64;;
build) ${build};;
esac`;

/** Takes its time, counts, and makes an engine where the arguments say. */
const BUILD = `echo built >>"$COUNT"
sleep 0.5
while [ "$1" != -o ]; do shift; done
mkdir -p "$(dirname "$2")"
printf '#!/bin/sh\\necho v0-from-module\\n' >"$2"
chmod +x "$2"`;

describe("the engine", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), "gwlb-ensure-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** `lab pulumi version` on a machine that has these programs beside the usual ones. */
  function version(programs: Record<string, string>) {
    const bin = path.join(dir, "bin");
    mkdirSync(bin, { recursive: true });
    for (const [name, script] of Object.entries(programs)) {
      writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    const env = {
      ...{ HOME: dir, XDG_CACHE_HOME: path.join(dir, "cache"), COUNT: path.join(dir, "count") },
      PATH: `${bin}:/usr/bin:/bin`,
    };
    return labCommand(dir, ["pulumi", "version"], { env });
  }

  test("is the installed one if that is new enough", async () => {
    const { stdout } = await version({ pulumi: pulumi("v3.260.0"), go: go("1.26.0") });
    assert.equal(stdout.trim(), "v3.260.0");
  });

  test("is built, by one of two that need it at once, and kept", async () => {
    const programs = { pulumi: pulumi("v3.100.0"), go: go("1.26.0", BUILD) };
    const answers = await Promise.all([version(programs), version(programs)]);
    assert.deepEqual(
      answers.map(({ stdout }) => stdout.trim()),
      ["v0-from-module", "v0-from-module"],
    );
    await version(programs);
    assert.equal(readFileSync(path.join(dir, "count"), "utf8"), "built\n");
    const kept = readdirSync(path.join(dir, "cache/azure-gwlb/engine"));
    assert.deepEqual(kept, [ENGINE_VERSION]);
  });

  test("is asked for in one line, with the command, where Go is too old", async () => {
    const { code, stderr } = await version({ go: go("1.20.3") });
    assert.equal(code, 1);
    assert.match(stderr, /^lab: no Pulumi engine: .* go 1\.20\.3 .*: curl -fsSL .*\n$/);
  });

  test("that cannot be built says why, and leaves nothing half done", async () => {
    const { code, stderr } = await version({ go: go("1.26.0", "echo no proxy >&2; exit 1") });
    assert.equal(code, 1);
    assert.match(stderr, /lab: the Pulumi engine cannot be built .*\nno proxy\n$/);
    assert.deepEqual(readdirSync(path.join(dir, "cache/azure-gwlb/engine")), []);
  });
});
