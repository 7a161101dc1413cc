import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import {
  findProject,
  requireProject,
  selectedStack,
  selectionFile,
  stackSettings,
} from "../../../lab/engine/project";
import { UserError } from "../../../lab/userError";

const dir = realpathSync(mkdtempSync(path.join(tmpdir(), "gwlb-project-")));
const write = (name: string, text: string) => {
  mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
  writeFileSync(path.join(dir, name), text);
};

describe("the project of a folder", () => {
  after(() => rmSync(dir, { recursive: true, force: true }));
  write("a/Pulumi.yaml", "name: a\nruntime: nodejs\nstackConfigDir: stacks\n");
  write("a/b/c/x", "");
  write("bad/Pulumi.yaml", "name: [\n");
  write("nameless/Pulumi.yml", "runtime: nodejs\n");

  test("is found from below", () => {
    const project = findProject(path.join(dir, "a/b/c"));
    assert.equal(project?.name, "a");
    assert.equal(project?.dir, path.join(dir, "a"));
    const settings = project && stackSettings(project, "dev");
    assert.equal(settings, path.join(dir, "a/stacks/Pulumi.dev.yaml"));
  });

  test("must have a project file that can be read and has a name", () => {
    assert.throws(() => requireProject(dir), UserError);
    assert.throws(() => findProject(path.join(dir, "bad")), UserError);
    assert.throws(() => findProject(path.join(dir, "nameless")), /has no name/);
  });

  test("remembers its stack where the engine does", () => {
    const project = requireProject(path.join(dir, "a"));
    assert.equal(selectedStack(dir, project), undefined);
    const file = path.relative(dir, selectionFile(dir, project));
    assert.match(file, /^workspaces\/a-[0-9a-f]{40}-workspace\.json$/);
    write(file, '{"stack":"organization/a/prod"}');
    assert.equal(selectedStack(dir, project), "prod");
  });
});
