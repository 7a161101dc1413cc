import assert from "node:assert/strict";
import path from "node:path";
import { describe, test } from "node:test";
import { run, start } from "../../lab/run";

const root = path.resolve(__dirname, "../..");

/** A program around `interruptible`, as its own process: a signal ends the process. */
function program(work: string): string[] {
  const source = `
    const { interruptible } = require(${JSON.stringify(path.join(root, "lab/interrupt.ts"))});
    const undo = async () => {
      await new Promise((done) => setTimeout(done, 100));
      console.log("undone");
    };
    interruptible(async () => { ${work} }, undo).then(
      (value) => console.log("result", value),
      (error) => console.log("error", error.message),
    );`;
  return [process.execPath, "-r", "tsx/cjs", "-e", source];
}

async function signalled(work: string, ...signals: NodeJS.Signals[]) {
  const child = start(program(`console.log("begun"); ${work}`), {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  const begun = new Promise<void>((resolve) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes("begun")) resolve();
    });
  });
  await begun;
  for (const signal of signals) child.kill(signal);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, lines: out.trim().split("\n") };
}

describe("interruptible work", () => {
  const endless = "await new Promise((done) => setTimeout(done, 20_000));";

  test("without a signal nothing is undone", async () => {
    const { stdout } = await run(program("return 5;"), { cwd: root });
    assert.equal(stdout, "result 5\n");
  });

  test("an error is handed on, and is not a signal", async () => {
    const { stdout } = await run(program('throw new Error("no");'), { cwd: root });
    assert.equal(stdout, "error no\n");
  });

  for (const [signal, expected] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    test(`${signal} undoes and ends with ${expected}`, async () => {
      const { code, lines } = await signalled(endless, signal);
      assert.deepEqual({ code, lines }, { code: expected, lines: ["begun", "undone"] });
    });
  }

  test("a second signal does not cut the undoing short", async () => {
    const { code, lines } = await signalled(endless, "SIGINT", "SIGINT");
    assert.deepEqual({ code, lines }, { code: 130, lines: ["begun", "undone"] });
  });
});
