import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { which } from "../../lab/host/which";
import { run } from "../../lab/run";
import { root } from "../support/sources";

interface Step {
  uses?: string;
  with?: Record<string, unknown>;
}

interface Job {
  if?: string;
  permissions?: Record<string, string>;
  "timeout-minutes"?: number;
  steps: Step[];
}

interface Workflow {
  on: Record<string, unknown>;
  permissions?: Record<string, string>;
  jobs: Record<string, Job>;
}

const dir = path.join(root, ".github/workflows");
const files = readdirSync(dir).map((name) => path.join(dir, name));
const workflows = files.map((file) => ({
  name: path.basename(file),
  workflow: parse(readFileSync(file, "utf8")) as Workflow,
}));
const jobs = workflows.flatMap(({ name, workflow }) =>
  Object.entries(workflow.jobs).map(([id, job]) => ({ name: `${name} ${id}`, job, workflow })),
);

describe("workflows", () => {
  const go = which("go");
  test("pass actionlint", { skip: go === undefined && "no go on PATH" }, async () => {
    const module = path.join(__dirname, "../support/actionlint");
    // Its word is the exit code: Go writes about downloads to standard error.
    await run(["go", "tool", "actionlint", ...files], { cwd: module, timeoutSeconds: 300 });
  });

  test("start with the right to read and nothing else", () => {
    for (const { workflow } of workflows)
      assert.deepEqual(workflow.permissions, { contents: "read" });
  });

  test("end by themselves, and leave no token in the checkout", () => {
    for (const { name, job } of jobs) {
      assert.ok(job["timeout-minutes"], name);
      for (const { uses, with: inputs } of job.steps) {
        if (uses?.startsWith("actions/checkout@")) {
          assert.equal(inputs?.["persist-credentials"], false, name);
        }
      }
    }
  });

  test("give pull requests of forks no identity", () => {
    assert.ok(workflows.every(({ workflow }) => !("pull_request_target" in workflow.on)));
    const withIdentity = jobs.filter(
      ({ job, workflow }) => "pull_request" in workflow.on && job.permissions?.["id-token"],
    );
    assert.ok(withIdentity.length > 0);
    for (const { name, job } of withIdentity) {
      assert.match(job.if ?? "", /head\.repo\.full_name == github\.repository/, name);
    }
  });
});
