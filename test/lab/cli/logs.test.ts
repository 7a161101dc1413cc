import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { logsArgv } from "../../../lab/cli/logs";
import { recordLine } from "../../../lab/cli/recordLine";
import type { PlaceMap } from "../../../lab/places";
import { UserError } from "../../../lab/userError";

const status: PlaceMap = {
  boxPid: 7,
  places: [{ name: "nva", kind: "vm", netns: "vm-nva", power: "running", pid: 20 }],
};

describe("lab logs", () => {
  test("shows the latest records, and follows over rotation when asked", () => {
    const argv = logsArgv(status, "nva", { lines: 5 }).join(" ");
    assert.match(argv, /nsenter -t 20 .*tail -n 5 \/var\/log\/azure-gwlb\/audit\.jsonl$/);
    assert.match(logsArgv(status, "nva", { lines: 5, follow: true }).join(" "), /tail -n 5 -F/);
    assert.throws(() => logsArgv(status, "nvb", { lines: 5 }), UserError);
  });
});

describe("a record as a line", () => {
  const plain = (record: object) => recordLine(JSON.stringify(record), { color: false });
  const dropped = {
    ...{ time: "2026-11-28T12:57:03.120345Z", policy: "0a1b", rule: "no-ssh-from-8-8-8-8" },
    ...{ action: "drop", tunnel: "external", source: "8.8.8.8", destination: "20.0.0.4" },
    ...{ protocol: "tcp", length: 60, sourcePort: 40231, destinationPort: 22, flags: ["syn"] },
  };

  test("says when, what, from where to where, and by which rule", () => {
    assert.equal(
      plain(dropped),
      "12:57:03.120  drop   in   8.8.8.8:40231 > 20.0.0.4:22 tcp syn 60 B  no-ssh-from-8-8-8-8",
    );
  });
  test("puts IPv6 addresses into brackets where a port follows", () => {
    const line = plain({ ...dropped, source: "2001:db8::1", destination: "2603:1030::1" });
    assert.match(line, / \[2001:db8::1\]:40231 > \[2603:1030::1\]:22 tcp /);
  });
  test("shows packets without ports, and packets without records of their own", () => {
    const { sourcePort, destinationPort, flags, ...echo } = dropped;
    const line = plain({ ...echo, protocol: "icmp", icmpType: "8/0", tunnel: "internal" });
    assert.match(line, /drop {3}out {2}8\.8\.8\.8 > 20\.0\.0\.4 icmp 8\/0 60 B/);
    const { time, policy, rule } = dropped;
    assert.equal(
      plain({ time, policy, rule, action: "suppressed", count: 212 }),
      "12:57:03.120  suppressed  212 more packets without a record  no-ssh-from-8-8-8-8",
    );
  });
  test("has the action as a word, and colors only where they were asked for", () => {
    const esc = String.fromCharCode(27);
    assert.ok(!plain(dropped).includes(esc));
    const colored = recordLine(JSON.stringify(dropped), { color: true });
    assert.ok(colored.includes(`${esc}[31mdrop`), colored);
    assert.ok(colored.includes("drop"));
  });
  test("never moves the terminal's cursor, and shows what is no record as it came", () => {
    const esc = String.fromCharCode(27);
    assert.equal(recordLine(`no record ${esc}[2J`, { color: false }), "no record ?[2J");
    for (const color of [true, false]) {
      const line = recordLine(JSON.stringify({ ...dropped, rule: `a${esc}[2Jb\n` }), { color });
      assert.match(line, /a\?\[2Jb\?$/);
    }
  });
});
