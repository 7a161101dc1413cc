/** Which lab and which project a command line is about. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { Command } from "commander";
import { contextOf, withLabOption, withProjectOption } from "../../../lab/cli/context";
import { UserError } from "../../../lab/userError";

const dir = realpathSync(mkdtempSync(path.join(tmpdir(), "gwlb-context-")));
const project = (name: string) => {
  mkdirSync(path.join(dir, name), { recursive: true });
  writeFileSync(path.join(dir, name, "Pulumi.yaml"), `name: ${path.basename(name)}\n`);
};

describe("the context of a verb", () => {
  const before = process.cwd();
  after(() => {
    process.chdir(before);
    rmSync(dir, { recursive: true, force: true });
  });
  project("home");
  project("home/other");
  mkdirSync(path.join(dir, "empty"));

  const cases: { from: string; args: string[]; cwd: string; lab: string }[] = [
    { from: "home", args: [], cwd: "home", lab: "home/.lab" },
    { from: "home", args: ["--project", "other"], cwd: "home/other", lab: "home/.lab" },
    { from: "home", args: ["--project", "other", "--lab", "x"], cwd: "home/other", lab: "home/x" },
    { from: "empty", args: ["--project", "../home"], cwd: "home", lab: "home/.lab" },
    { from: "empty", args: [], cwd: "empty", lab: "empty/.lab" },
  ];
  for (const { from, args, cwd, lab } of cases) {
    test(`in ${from} with [${args.join(" ")}]`, () => {
      process.chdir(path.join(dir, from));
      const command = withProjectOption(withLabOption(new Command("up"))).action(() => undefined);
      command.parse(args, { from: "user" });
      const found = contextOf(command);
      assert.equal(found.cwd, path.join(dir, cwd));
      assert.equal(found.lab.dir, path.join(dir, lab));
    });
  }

  test("a named folder must be a project's", () => {
    process.chdir(dir);
    const command = withProjectOption(withLabOption(new Command("up"))).action(() => undefined);
    command.parse(["--project", "empty"], { from: "user" });
    assert.throws(() => contextOf(command), UserError);
  });
});
