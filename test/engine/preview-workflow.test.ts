/** The workflow that comments on pull requests of forks: its own steps, in its order. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { parse, parseDocument } from "yaml";
import { run } from "../../lab/run";
import { read, root, sourceFiles } from "../support/sources";

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}

/** Of a runner, only what the steps are about: an action that brings a tool finds it here. */
const BRINGS_A_TOOL = /^actions\/(setup-node|setup-go|cache)@/;

/** What GitHub puts in place of the job's expressions for a pull request of a fork. */
const EXPRESSIONS: Record<string, string> = {
  "github.event.pull_request.head.repo.full_name == github.repository": "false",
  "github.event.pull_request.number": "7",
  "github.token": "",
};

/** `npm ci` makes what is installed here already; everything else of npm is npm's own. */
const NPM = `#!/bin/sh
if [ "$1" = ci ]; then
  [ "$2" = --prefix ] && cd "$3"
  exec ln -s ${path.join(root, "node_modules")} node_modules
fi
PATH=\${PATH#*:} exec npm "$@"
`;

describe("the workflow of a fork's pull request", () => {
  const dir = mkdtempSync(path.join(tmpdir(), "gwlb-workflow-"));
  const workspace = path.join(dir, "workspace");
  const bin = path.join(dir, "bin");
  let comment: string;

  /** What the action puts into the workspace: the base as it is here, the request with a rule more. */
  function checkOut(into: string): void {
    for (const file of sourceFiles("").filter((name) => name !== "")) {
      const target = path.join(into, file);
      mkdirSync(path.dirname(target), { recursive: true });
      cpSync(path.join(root, file), target);
    }
    if (into !== workspace) return;
    const settings = path.join(into, "Pulumi.dev.yaml");
    const stack = parseDocument(readFileSync(settings, "utf8"));
    const rule = { name: "no-telnet", action: "drop", direction: "inbound", protocol: "tcp" };
    stack.addIn(
      ["config", "azure-gwlb:policy", "rules"],
      stack.createNode({ ...rule, ports: ["23"] }),
    );
    writeFileSync(settings, stack.toString());
  }

  const evaluated = (value: string) =>
    value.replaceAll(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => {
      const known = EXPRESSIONS[expression];
      assert.ok(known !== undefined, `the job asks for ${expression}`);
      return known;
    });

  async function take({ uses, run: script, with: inputs, env = {} }: Step): Promise<void> {
    if (uses?.startsWith("actions/checkout@")) {
      return checkOut(path.join(workspace, String(inputs?.path ?? "")));
    }
    if (uses !== undefined) return assert.match(uses, BRINGS_A_TOOL);
    const own = Object.entries(env).map(([name, value]) => [name, evaluated(value)]);
    await run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script ?? ""], {
      cwd: workspace,
      timeoutSeconds: 600,
      env: {
        ...{ ...process.env, ...Object.fromEntries(own), PATH: `${bin}:${process.env.PATH}` },
        ...{ GWLB_LAB: undefined, GITHUB_STEP_SUMMARY: undefined, INIT_CWD: undefined },
        PULUMI_NODEJS_TRANSPILE_ONLY: "true",
      },
    });
  }

  before(async () => {
    mkdirSync(bin);
    mkdirSync(workspace);
    writeFileSync(path.join(bin, "npm"), NPM, { mode: 0o755 });
    const { jobs } = parse(read(".github/workflows/preview.yml")) as {
      jobs: Record<string, { steps: Step[] }>;
    };
    for (const step of jobs.embedded?.steps ?? []) await take(step);
    comment = readFileSync(path.join(workspace, "comment.md"), "utf8");
  });
  after(() => rm(dir, { recursive: true, force: true }));

  test("shows what the request changes, over the stack of its base", () => {
    assert.match(comment, /no-telnet/);
    assert.match(comment, /gwlb-nva/);
    assert.doesNotMatch(comment, /gwlb-gateway/, "the gateway is not new");
  });
});
