import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FILES } from "../../nva-cloud-init/contract/contract";
import { contractFiles } from "../../tools/reference/contract";
import { guestPython } from "../support/guestPython";
import { read } from "../support/sources";

describe("the guest's copies of the contract", () => {
  for (const [file, text] of Object.entries(contractFiles())) {
    test(`${file} is what \`npm run docs\` writes`, () => assert.equal(read(file), text));
  }
});

test("the guest keeps its files where others look for them", async () => {
  const names = ["SETTINGS", "POLICY", "RECORDS", "AUDIT"];
  const lines = `import json; from gwlb import state; print(json.dumps([str(getattr(state, name)) for name in ${JSON.stringify(names)}]))`;
  const { settings, policyState, records, recordTotals } = FILES;
  assert.deepEqual(await guestPython(lines, "/"), [settings, policyState, records, recordTotals]);
});
