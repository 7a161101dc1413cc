import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type CommandLine, readCommandLine } from "../../../lab/engine/commandLine";

describe("the engine's command lines", () => {
  const cases: [string, Partial<CommandLine>][] = [
    ["up --yes", { command: "up", kind: "settings" }],
    ["preview -s prod --diff", { command: "preview", kind: "settings", stack: "prod" }],
    ["preview --stack=organization/project/prod", { kind: "settings", stack: "prod" }],
    ["--stack dev up", { command: "up", kind: "settings", stack: "dev" }],
    ["-C ../other refresh", { command: "refresh", kind: "settings", cwd: "../other" }],
    ["--cwd=/x destroy", { command: "destroy", kind: "settings", cwd: "/x" }],
    ["up --target urn:x --message stack", { command: "up", sub: "", kind: "settings" }],
    ["config", { kind: "settings" }],
    ["config get key", { kind: "settings" }],
    ["config set key -- -5", { kind: "edit" }],
    ["config rm key", { kind: "edit" }],
    ["stack", { kind: "stack" }],
    ["stack export --show-secrets", { kind: "stack", sub: "export" }],
    ["stack output --show-secrets", { kind: "stack", sub: "output" }],
    ["stack init prod", { kind: "own", sub: "init" }],
    ["stack select prod", { kind: "own" }],
    ["stack rm --yes prod", { kind: "own" }],
    ["stack ls", { kind: "plain" }],
    ["state delete urn:x", { kind: "stack" }],
    ["cancel", { kind: "stack" }],
    ["version", { kind: "plain" }],
    ["package get-schema .", { kind: "plain" }],
    ["up --help", { kind: "plain" }],
    ["up --config-file mine.yaml", { kind: "plain" }],
    ["", { command: "", kind: "plain" }],
  ];
  for (const [line, expected] of cases) {
    test(`pulumi ${line}`, () => {
      const read: CommandLine = readCommandLine(line === "" ? [] : line.split(" "));
      assert.deepEqual({ ...read, ...expected }, read);
    });
  }
});
