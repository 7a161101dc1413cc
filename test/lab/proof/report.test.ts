import assert from "node:assert/strict";
import { test } from "node:test";
import { labPaths } from "../../../lab/paths";
import { Progress } from "../../../lab/progress";
import type { ProofStatus } from "../../../lab/proof/proof";
import { NOTHING_PROVEN, report } from "../../../lab/proof/report";

const empty: ProofStatus = { boxPid: 1, places: [], publicAddresses: [], gateways: [] };

async function reported(readStatus: () => ProofStatus) {
  const printed: string[] = [];
  const code = await report({
    lab: labPaths("/nowhere"),
    readStatus,
    progress: new Progress({ write: () => true }),
    print: (text) => printed.push(text),
  });
  return { code, text: printed.join("\n") };
}

test("a stack without consumers proves nothing, which is no success", async () => {
  const { code, text } = await reported(() => empty);
  assert.equal(code, NOTHING_PROVEN);
  assert.match(text, /no packet was sent.*\n\n0 passed, 0 failed$/s);
});

test("an NVA whose first probe came too early is waited for", async () => {
  let reads = 0;
  await reported(() => {
    reads += 1;
    const nvas = [{ vm: "nva", healthy: reads > 3, reason: "HTTP 503" }];
    return { ...empty, gateways: [{ id: "/g", nvas }] };
  });
  assert.ok(reads > 3);
});
