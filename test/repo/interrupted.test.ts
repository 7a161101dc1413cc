/** A run of tests that is told to stop ends at once, and leaves no box. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, watch, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { start } from "../../lab/run";
import { root } from "../support/sources";

/** Far below the time after which a box is killed, far above what a busy machine needs. */
const SOON_MS = 20_000;
const isRoot = process.getuid?.() === 0;

describe("a run in a box", { skip: !isRoot && "only root makes boxes" }, () => {
  const dir = mkdtempSync(path.join(tmpdir(), "gwlb-interrupted-"));
  after(() => rm(dir, { recursive: true, force: true }));

  /** Processes whose command line has the word. */
  const processesWith = (word: string) =>
    readdirSync("/proc").filter((pid) => {
      if (!/^\d+$/.test(pid)) return false;
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(word);
      } catch {
        return false;
      }
    });

  /** Starts a run of one test that lasts for minutes, below a shell as npm does, and waits for it. */
  async function begin(name: string, deaf: boolean) {
    const file = path.join(dir, `${name}.test.cjs`);
    const begun = path.join(dir, `${name}.begun`);
    writeFileSync(
      file,
      `if (${deaf}) process.on("SIGTERM", () => {});
      require("node:fs").writeFileSync(${JSON.stringify(begun)}, "");
      require("node:test").test("lasts", () => new Promise((end) => setTimeout(end, 300_000)));`,
    );
    const script = `
      require("./lab/engine/parent").whenOrphaned(() => process.kill(process.pid, "SIGTERM"));
      require("./test/support/runFiles").runFiles([${JSON.stringify(file)}], { cwd: ".", box: true });`;
    const node = [process.execPath, "-r", "tsx/cjs", "-e", script];
    const shell = start(["sh", "-c", '"$@"; true', "sh", ...node], { cwd: root, stdio: "ignore" });
    const watcher = watch(dir);
    while (!existsSync(begun)) await once(watcher, "change");
    watcher.close();
    const [run] = processesWith(file).filter((pid) => parentOf(pid) === shell.pid);
    return { file, shell, run: Number(run) };
  }

  const parentOf = (pid: string) =>
    Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

  async function gone(file: string): Promise<void> {
    const end = Date.now() + SOON_MS;
    while (processesWith(file).length > 0) {
      assert.ok(Date.now() < end, `still there: ${processesWith(file).join()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  test("ends by one signal", async () => {
    const { file, run } = await begin("one", false);
    process.kill(run, "SIGTERM");
    await gone(file);
  });

  test("ends by a second signal when a test does not listen to the first", async () => {
    const { file, run } = await begin("two", true);
    process.kill(run, "SIGTERM");
    process.kill(run, "SIGINT");
    await gone(file);
  });

  test("ends with the shell that npm started it in", async () => {
    const { file, shell } = await begin("shell", false);
    shell.kill("SIGTERM");
    await gone(file);
  });

  test("ends when it is killed itself", async () => {
    const { file, run } = await begin("killed", true);
    process.kill(run, "SIGKILL");
    await gone(file);
  });
});
