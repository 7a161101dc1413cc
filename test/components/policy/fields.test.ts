import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ICMP_NAMES, icmpCounterpart, parseIcmpType } from "../../../components/policy/icmp";
import { formatPorts, mergePorts, parsePorts } from "../../../components/policy/ports";

describe("ports", () => {
  for (const text of ["22", "1-65535", "8000-8100"]) {
    test(`${text} reads and writes the same`, () => {
      const range = parsePorts(text);
      assert.ok(range);
      assert.equal(formatPorts(range), text);
    });
  }
  for (const text of ["", "http", "22,80", "-80", "80-", "1.5", "8000 - 8100", "123456"]) {
    test(`"${text}" is no port`, () => assert.equal(parsePorts(text), undefined));
  }
  test("touching and overlapping ranges are joined", () => {
    const ranges = ["81", "80", "90-95", "92", "22"].flatMap((text) => parsePorts(text) ?? []);
    assert.deepEqual(mergePorts(ranges).map(formatPorts), ["22", "80-81", "90-95"]);
  });
});

describe("ICMP types", () => {
  for (const { text, v4, v6 } of [
    { text: "echo-request", v4: { type: 8 }, v6: { type: 128 } },
    { text: "packet-too-big", v4: { type: 3, code: 4 }, v6: { type: 2 } },
    { text: "timestamp-request", v4: { type: 13 }, v6: undefined },
    { text: "3/4", v4: { type: 3, code: 4 }, v6: { type: 3, code: 4 } },
    { text: "256", v4: undefined, v6: undefined },
    { text: "toString", v4: undefined, v6: undefined },
  ]) {
    test(text, () => {
      const found = [parseIcmpType(text, 4), parseIcmpType(text, 6)];
      const plain = found.map((t) => t && JSON.parse(JSON.stringify(t)));
      assert.deepEqual(plain, [v4, v6]);
    });
  }
  test("a query's counterpart is its answer, both ways; errors have none", () => {
    assert.deepEqual(icmpCounterpart({ type: 8 }, 4)?.type, 0);
    assert.deepEqual(icmpCounterpart({ type: 129 }, 6)?.type, 128);
    assert.equal(icmpCounterpart({ type: 3 }, 4), undefined);
    assert.ok(ICMP_NAMES.includes("echo-request"));
  });
});
