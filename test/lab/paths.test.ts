import assert from "node:assert/strict";
import path from "node:path";
import { describe, test } from "node:test";
import { cacheDir, callerDir, checkout, labPaths } from "../../lab/paths";

describe("folders", () => {
  test("everything of a lab lies in its folder", () => {
    const { dir, ...files } = labPaths("some/lab");
    assert.equal(dir, path.resolve("some/lab"));
    for (const file of Object.values(files)) assert.ok(file.startsWith(dir + path.sep), file);
  });

  test("the cache follows the desktop's convention, else the home folder", () => {
    assert.equal(cacheDir({ XDG_CACHE_HOME: "/c", HOME: "/h" }), "/c/azure-gwlb");
    assert.equal(cacheDir({ HOME: "/h" }), "/h/.cache/azure-gwlb");
    assert.equal(cacheDir({ XDG_CACHE_HOME: "", HOME: "/h" }), "/h/.cache/azure-gwlb");
  });

  const below = path.join(checkout, "examples", "one");
  const npm = { npm_lifecycle_event: "lab" };
  const cases: [string, NodeJS.ProcessEnv, string, string][] = [
    ["npm moved to the root", { ...npm, INIT_CWD: below }, checkout, below],
    ["npm was called elsewhere", { ...npm, INIT_CWD: "/elsewhere" }, checkout, checkout],
    ["a test of npm's runs the command", { ...npm, INIT_CWD: below }, "/tmp/x", "/tmp/x"],
    ["no npm", { INIT_CWD: below }, checkout, checkout],
  ];
  for (const [name, env, cwd, expected] of cases) {
    test(`the caller's folder: ${name}`, () => assert.equal(callerDir(env, cwd), expected));
  }
});
