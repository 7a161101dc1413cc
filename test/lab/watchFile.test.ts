import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, mock, test } from "node:test";
import { watchFile } from "../../lab/watchFile";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "gwlb-watch-"));
after(() => fs.rmSync(dir, { recursive: true, force: true }));

/** A promise of the next call, and the call. */
function call(): { called: Promise<void>; onChange: () => void } {
  let onChange = (): void => undefined;
  const called = new Promise<void>((resolve) => {
    onChange = resolve;
  });
  return { called, onChange };
}

describe("watchFile", () => {
  test("hears of a file that is made and of one that grows", async () => {
    const file = path.join(dir, "watched");
    for (const _ of ["made", "grown"]) {
      const { called, onChange } = call();
      const stop = watchFile(file, onChange);
      fs.appendFileSync(file, "x");
      await called;
      stop();
    }
  });

  for (const code of ["EMFILE", "ENOSPC"]) {
    test(`hears of it also when the kernel answers ${code}`, async () => {
      const refusing = mock.method(fs, "watch", () => {
        throw Object.assign(new Error(code), { code });
      });
      const { called, onChange } = call();
      const file = path.join(dir, code);
      const stop = watchFile(file, onChange);
      refusing.mock.restore();
      fs.writeFileSync(file, "x");
      await called;
      stop();
    });
  }

  test("a folder that is not there is an error", () => {
    assert.throws(() => watchFile(path.join(dir, "no", "file"), () => undefined), /ENOENT/);
  });
});
