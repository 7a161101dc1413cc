import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { bundleOf } from "../../../lab/engine/bundle";
import { run } from "../../../lab/run";

const SCRIPT = "lab/engine/version.ts";

describe("a bundled program", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "gwlb-bundle-"));
  after(() => rmSync(folder, { recursive: true }));
  const made = (file: string) => statSync(file).mtimeMs;

  test("is made once, and anew when it is older than a source", async () => {
    const file = await bundleOf(SCRIPT, folder);
    const first = made(file);
    assert.equal(await bundleOf(SCRIPT, folder), file);
    assert.equal(made(file), first);
    utimesSync(file, 1, 1);
    await bundleOf(SCRIPT, folder);
    assert.ok(made(file) >= first);
  });

  test("is made anew when nothing says what it came from", async () => {
    const file = await bundleOf(SCRIPT, folder);
    const sources = readFileSync(`${file}.sources`, "utf8");
    rmSync(`${file}.sources`);
    await bundleOf(SCRIPT, folder);
    assert.equal(readFileSync(`${file}.sources`, "utf8"), sources);
  });

  test("knows where its sources are", async () => {
    const file = await bundleOf("lab/paths.ts", folder);
    const code = `process.stdout.write(require(${JSON.stringify(file)}).checkout)`;
    const { stdout } = await run([process.execPath, "-e", code]);
    assert.equal(stdout, path.resolve(__dirname, "../../.."));
  });
});
