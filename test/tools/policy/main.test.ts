import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { policyCommand } from "../../../tools/policy/main";
import { PolicyError } from "../../../tools/policy/read";

let folder: string;
const file = (name: string) => path.join(folder, name);

before(() => {
  folder = mkdtempSync(path.join(tmpdir(), "gwlb-policy-"));
  const rules = '[{name: a, action: drop, direction: inbound, sources: ["8.8.8.8"]}';
  writeFileSync(file("one.yaml"), `rules: ${rules}]\ndefaultInbound: allow\n`);
  writeFileSync(file("two.yaml"), "rules: []\ndefaultInbound: allow\n");
  writeFileSync(file("bad.yaml"), "rules: [{name: A}]\n");
  writeFileSync(
    file("Pulumi.x.yaml"),
    `config:\n  p:policy:\n    rules: ${rules}, {name: b, action: drop, direction: inbound, sources: ["8.8.8.8"]}]\n`,
  );
  writeFileSync(
    file("save.txt"),
    "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j REJECT\n-A FORWARD -p gre -j DROP\nCOMMIT\n",
  );
});
after(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  process.exitCode = undefined;
});

function policy(...argv: string[]): { lines: string; complaints: string; code: number } {
  const [lines, complaints]: [string[], string[]] = [[], []];
  const command = policyCommand(
    (line) => lines.push(line),
    (line) => complaints.push(line),
  );
  command.parse(argv, { from: "user" });
  const [printed = "", complained = ""] = [lines, complaints].map((list) => list.join("\n"));
  return { lines: printed, complaints: complained, code: Number(process.exitCode ?? 0) };
}

describe("npm run policy", () => {
  test("check: size and hash of a good policy", () => {
    const { lines, code } = policy("check", file("one.yaml"));
    assert.match(lines, /^ok: \d+ bytes/);
    assert.equal(code, 0);
  });
  test("check: all problems of a bad one, and exit code 1", () => {
    const { lines, code } = policy("check", file("bad.yaml"));
    assert.match(lines, /rules\[0\]\.name[\s\S]*rules\[0\]\.action[\s\S]*rules\[0\]\.direction/);
    assert.equal(code, 1);
  });
  test("check: a stack's settings, with paths and warnings", () => {
    const { lines } = policy("check", file("Pulumi.x.yaml"));
    assert.match(lines, /warning: config\.p:policy\.rules\[1\]: b never matches: a in front/);
  });
  test("explain: the rule, and the verdict last", () => {
    const { lines } = policy(
      "explain",
      file("one.yaml"),
      "--from",
      "8.8.8.9",
      "--to",
      "20.1.1.1:22/tcp",
    );
    assert.match(lines, /a .*: another source\n.*default-inbound .*: allows it\npasses$/);
  });
  test("diff: packets, not text", () => {
    const { lines } = policy("diff", file("one.yaml"), file("two.yaml"));
    assert.match(
      lines,
      /^\+ allowed inbound from 8\.8\.8\.8 to any, any protocol \(a → default-inbound\)$/,
    );
    assert.equal(
      policy("diff", file("one.yaml"), file("one.yaml")).lines,
      "no packet's verdict changes",
    );
  });
  test("diff: an exit code for scripts when asked, and JSON", () => {
    const [one, two] = [file("one.yaml"), file("two.yaml")];
    assert.equal(policy("diff", one, two).code, 0);
    assert.equal(policy("diff", "--exit-code", one, two).code, 1);
    process.exitCode = undefined;
    assert.equal(policy("diff", "--exit-code", one, one).code, 0);
    const { settings, changes } = JSON.parse(policy("diff", "--json", one, two).lines) as {
      settings: unknown[];
      changes: { before: string; after: string; passes: boolean }[];
    };
    assert.deepEqual(settings, []);
    assert.deepEqual(
      changes.map(({ before, after, passes }) => [before, after, passes]),
      [["a", "default-inbound", true]],
    );
  });
  test("import: lines that cannot be taken exactly are named, nothing is written, exit code 1", () => {
    const { lines, complaints, code } = policy("import", file("save.txt"));
    assert.equal(lines, "");
    assert.match(complaints, /save\.txt:4: cannot be taken exactly: the protocol gre/);
    assert.match(complaints, /save\.txt:3: REJECT becomes drop: nobody is told/);
    assert.equal(code, 1);
  });
  test("import: --allow-partial writes a closed policy with the lines in their places", () => {
    const { lines, code } = policy("import", file("save.txt"), "--allow-partial");
    assert.match(
      lines,
      /# line 3: REJECT becomes[^\n]*\n {2}- name: drop-1-in[\s\S]*# line 4 cannot/,
    );
    assert.match(lines, /defaultInbound: drop\ndefaultOutbound: drop/);
    assert.equal(code, 0);
  });
  test("a policy that is not there is named", () => {
    assert.throws(() => policy("check", file("none.yaml")), PolicyError);
  });
});
