import assert from "node:assert/strict";
import { test } from "node:test";
import { labPaths } from "../../../lab/paths";
import { Progress } from "../../../lab/progress";
import { NOTHING_PROVEN, report } from "../../../lab/proof/report";

test("a stack without consumers proves nothing, which is no success", async () => {
  const printed: string[] = [];
  const code = await report({
    lab: labPaths("/nowhere"),
    readStatus: () => ({ boxPid: 1, places: [], publicAddresses: [], gateways: [] }),
    progress: new Progress({ write: () => true }),
    print: (text) => printed.push(text),
  });
  assert.equal(code, NOTHING_PROVEN);
  assert.match(printed.join("\n"), /no packet was sent.*\n\n0 passed, 0 failed$/s);
});
