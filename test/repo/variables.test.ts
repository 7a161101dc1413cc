import assert from "node:assert/strict";
import { test } from "node:test";
import { read, sourceFiles } from "../support/sources";

test("CONTRIBUTING lists every variable of the environment that the sources read", () => {
  const files = [...sourceFiles(".ts"), ...sourceFiles(".py"), "package.json"];
  const used = new Set(files.flatMap((file) => read(file).match(/\bGWLB_[A-Z_]+[A-Z]\b/g) ?? []));
  const listed = new Set(read("CONTRIBUTING.md").match(/\bGWLB_[A-Z_]+[A-Z]\b/g));
  assert.deepEqual([...used].filter((name) => !listed.has(name)).sort(), []);
  assert.deepEqual([...listed].filter((name) => !used.has(name)).sort(), []);
});
