import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { removeDeadLocks } from "../../../lab/engine/locks";

const backend = mkdtempSync(path.join(os.tmpdir(), "gwlb-locks-"));
const locks = path.join(backend, ".pulumi/locks/organization/p/dev");

function lock(name: string, content: object): string {
  mkdirSync(locks, { recursive: true });
  const file = path.join(locks, `${name}.json`);
  writeFileSync(file, JSON.stringify(content));
  return file;
}

describe("locks of killed engines", () => {
  after(() => rmSync(backend, { recursive: true, force: true }));

  test("go when the number is no engine's any more; other machines' stay", () => {
    const hostname = os.hostname();
    const gone = lock("gone", { pid: 2 ** 22 + 1, hostname });
    const reused = lock("reused", { pid: process.pid, hostname });
    const elsewhere = lock("elsewhere", { pid: 2 ** 22 + 1, hostname: `not-${hostname}` });
    removeDeadLocks(backend);
    assert.deepEqual([gone, reused, elsewhere].map(existsSync), [false, false, true]);
  });

  test("a backend without locks is fine", () => removeDeadLocks(path.join(backend, "none")));
});
