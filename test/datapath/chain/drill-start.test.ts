import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Drill } from "../../support/drill";

let drill: Drill | undefined;
after(() => drill?.down());

test("npm start proves every flow on a real NVA, and a second one finds nothing to do", async () => {
  drill = await Drill.up();
  const { stdout } = await drill.lab("start");
  assert.match(stdout, /^\d+ passed, 0 failed$/m);
  assert.match(stdout, /^ +\d+ unchanged$/m);
  assert.doesNotMatch(stdout, /^ *[+~-]? ?\d+ (created|updated|replaced|deleted)$/m);
});
