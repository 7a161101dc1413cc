/** The command line without a lab: every verb answers in one line. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { labCommand } from "../../support/lab";

const dir = mkdtempSync(path.join(tmpdir(), "gwlb-cli-"));

describe("the command line where no lab runs", () => {
  after(() => rmSync(dir, { recursive: true, force: true }));

  const group = "/subscriptions/s/resourceGroups/g";
  writeFileSync(path.join(dir, "group.json"), '{"location": "westeurope"}');
  writeFileSync(path.join(dir, "list.json"), "[]");

  const cases: [string[], { code: number; stdout?: RegExp; stderr?: RegExp }][] = [
    [["--help"], { code: 0, stdout: /^ {2}up .*\n/m }],
    [["status"], { code: 0, stdout: /^The lab is down\.$/m }],
    [["status", "--json"], { code: 0, stdout: /^\{\}$/m }],
    [["exec", "internet", "--", "true"], { code: 1, stderr: /^lab: the lab is down/ }],
    [["capture", "vm"], { code: 1, stderr: /^lab: the lab is down/ }],
    [["capture", "vm", "--seconds", "0"], { code: 1, stderr: /above 0/ }],
    [["event", "vm", "reboot"], { code: 1, stderr: /^lab: the lab is down/ }],
    [["event", "vm", "rest"], { code: 1, stderr: /terminate/ }],
    [["break", "vm", "hang"], { code: 1, stderr: /^lab: the lab is down/ }],
    [["break", "vm", "clock"], { code: 1, stderr: /clock of its own/ }],
    [["break", "vm", "luck"], { code: 1, stderr: /power, hang, nic, disk, memory, clock/ }],
    [["guest", "push", "vm"], { code: 1, stderr: /^lab: the lab is down/ }],
    [["mend", "vm"], { code: 1, stderr: /^lab: the lab is down/ }],
    [["azure", "action", group, "restart"], { code: 1, stderr: /^lab: ResourceNotFound/ }],
    [["down"], { code: 0, stdout: /was not running/ }],
    [["up"], { code: 1, stderr: /^lab: no Pulumi\.yaml in / }],
    [["up", "--project", "none"], { code: 1, stderr: /^lab: no Pulumi\.yaml in .*none/ }],
    [["nonsense"], { code: 1, stderr: /unknown command/ }],
    [["azure", "list"], { code: 0, stdout: /^$/ }],
    [["azure", "list", "--json"], { code: 0, stdout: /^\[\]$/m }],
    [["azure", "show", group], { code: 3, stderr: /^lab: ResourceNotFound/ }],
    [["azure", "put", group, "none.json"], { code: 1, stderr: /none\.json: ENOENT/ }],
    [["azure", "put", group, "list.json"], { code: 1, stderr: /list\.json: .* JSON object/ }],
    [["azure", "delete", group], { code: 1, stderr: /^lab: ResourceGroupNotFound/ }],
  ];
  for (const [args, expected] of cases) {
    test(`lab ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await labCommand(dir, args);
      assert.equal(code, expected.code, stdout + stderr);
      assert.match(stdout, expected.stdout ?? /^/);
      assert.match(stderr, expected.stderr ?? /^/);
      assert.ok(!/^ +at /m.test(stderr), `a stack for a user's mistake: ${stderr}`);
    });
  }
});
