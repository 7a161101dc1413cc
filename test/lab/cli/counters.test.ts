import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { countersArgv, countsTable, parseCounts } from "../../../lab/cli/counters";
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
