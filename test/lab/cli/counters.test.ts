import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { countersArgv, countsTable, parseCounts } from "../../../lab/cli/counters";
import { logsArgv } from "../../../lab/cli/logs";
import type { PlaceMap } from "../../../lab/places";
import { UserError } from "../../../lab/userError";

const status: PlaceMap = {
  boxPid: 7,
  places: [{ name: "nva", kind: "vm", netns: "vm-nva", power: "running", pid: 20 }],
};

describe("lab counters", () => {
  test("asks the NVA's own program", () => {
    assert.match(countersArgv(status, "nva").join(" "), /nsenter -t 20 .*gwlb-policy counters$/);
    assert.throws(() => countersArgv(status, "nvb"), UserError);
  });
  test("a row per rule; nothing for an NVA without policy", () => {
    const counts = parseCounts('{"rule": "a", "packets": 3, "bytes": 180}\n');
    assert.match(countsTable(counts), /a .* 3 .* 180/);
    assert.deepEqual(parseCounts(""), []);
  });
});

describe("lab logs", () => {
  test("shows the latest records, and follows over rotation when asked", () => {
    const argv = logsArgv(status, "nva", { lines: 5 }).join(" ");
    assert.match(argv, /nsenter -t 20 .*tail -n 5 \/var\/log\/azure-gwlb\/audit\.jsonl$/);
    assert.match(logsArgv(status, "nva", { lines: 5, follow: true }).join(" "), /tail -n 5 -F/);
    assert.throws(() => logsArgv(status, "nvb", { lines: 5 }), UserError);
  });
});
