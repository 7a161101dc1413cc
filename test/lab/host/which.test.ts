import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { which, withSystemDirs } from "../../../lab/host/which";

const dir = mkdtempSync(path.join(tmpdir(), "gwlb-which-"));

describe("programs on a PATH", () => {
  after(() => rmSync(dir, { recursive: true, force: true }));
  for (const name of ["first", "second"]) mkdirSync(path.join(dir, name));
  writeFileSync(path.join(dir, "first", "tool"), "");
  mkdirSync(path.join(dir, "first", "other"));
  for (const name of ["tool", "other"]) {
    writeFileSync(path.join(dir, "second", name), "");
    chmodSync(path.join(dir, "second", name), 0o755);
  }
  const searchPath = ["first", "second", "none"].map((name) => path.join(dir, name)).join(":");

  test("are files that can be run", () => {
    assert.equal(which("tool", searchPath), path.join(dir, "second", "tool"));
    assert.equal(which("other", searchPath), path.join(dir, "second", "other"));
    assert.equal(which("nothing", searchPath), undefined);
    assert.equal(which("tool", ""), undefined);
  });

  test("the system's folders come last, each once", () => {
    assert.match(withSystemDirs("/mine:/usr/bin"), /^\/mine:\/usr\/bin:.*\/usr\/sbin/);
    assert.equal(withSystemDirs("/usr/bin").match(/\/usr\/bin/g)?.length, 1);
  });
});
