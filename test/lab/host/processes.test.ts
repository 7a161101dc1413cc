import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  descendantsOf,
  endDescendants,
  endProcess,
  isAlive,
  processOf,
} from "../../../lab/host/processes";
import { start } from "../../../lab/run";

/** A shell with a child of its own that ignores a polite request; both print when they run. */
async function family() {
  const script = `sh -c 'trap "" TERM; echo child; while :; do sleep 0.05; done' & echo parent; wait`;
  const shell = start(["sh", "-c", script], { stdio: ["ignore", "pipe", "ignore"] });
  await new Promise<void>((resolve) => {
    let text = "";
    shell.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("child") && text.includes("parent")) resolve();
    });
  });
  const id = processOf(shell.pid ?? 0);
  assert.ok(id);
  return id;
}

describe("processes", { skip: process.platform !== "linux" && "needs /proc" }, () => {
  test("a number alone is not a process", () => {
    const self = processOf(process.pid);
    assert.ok(self && isAlive(self));
    assert.ok(!isAlive({ ...self, started: "1" }));
    assert.equal(processOf(2 ** 22 + 1), undefined);
  });

  test("one that does not listen is ended all the same", async () => {
    const shell = await family();
    const [child] = descendantsOf(shell.pid);
    assert.ok(child);
    await endProcess(child, 0.1);
    assert.ok(!isAlive(child));
    await endProcess(shell, 1);
  });

  test("descendants go, those of a spared one stay", async () => {
    const [gone, spared] = [await family(), await family()];
    const [child] = descendantsOf(spared.pid);
    assert.ok(child);
    await endDescendants(process.pid, [spared.pid]);
    assert.ok(!isAlive(gone));
    assert.ok(isAlive(spared) && isAlive(child));
    await endDescendants(process.pid);
    assert.ok(!isAlive(spared) && !isAlive(child));
  });
});
