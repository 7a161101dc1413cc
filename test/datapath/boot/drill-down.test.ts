import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { labCgroup } from "../../../lab/machine/cgroups";
import { labPaths } from "../../../lab/paths";
import { run, start } from "../../../lab/run";
import { labArgv } from "../../support/drill";

const root = path.resolve(__dirname, "../../..");

/** What a lab must not leave behind. The test runs in namespaces of its own; control groups are the machine's. */
async function traces(dir: string) {
  const text = async (...argv: string[]) => (await run(argv)).stdout.trim().split("\n").sort();
  const links = (await text("ip", "-o", "link")).map((line) => line.split(/[:@]/)[1]?.trim());
  const mounts = readFileSync("/proc/self/mounts", "utf8").trim().split("\n").sort();
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const namespaces = new Set(pids.flatMap(namespacesOf));
  const commands = pids
    .map(command)
    .filter((line) => /supervisor|fabric|nspawn|systemd|vxlan|pulumi/.test(line));
  const cgroups = await text("find", "/sys/fs/cgroup", "-maxdepth", "4", "-name", labCgroup(dir));
  const names = readdirSync("/run/netns");
  return { links, mounts, namespaces, names, commands, cgroups };
}

function namespacesOf(pid: string): string[] {
  return ["net", "pid", "mnt"].flatMap((kind) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/${kind}`);
    } catch {
      return []; // it has ended meanwhile
    }
  });
}

function command(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

describe("what a lab leaves behind", () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), "gwlb-down-"));
  });
  after(async () => {
    await run(labArgv(dir, "down"), { cwd: root });
    await rm(dir, { recursive: true, force: true });
  });

  test("nothing, after up and down", async () => {
    const clean = await traces(dir);
    await run(labArgv(dir, "up"), { cwd: root, timeoutSeconds: 300 });
    const there = await traces(dir);
    for (const kind of ["namespaces", "commands", "cgroups"] as const) {
      assert.notDeepEqual(there[kind], clean[kind], `a lab that is up shows no ${kind}`);
    }
    await run(labArgv(dir, "down"), { cwd: root, timeoutSeconds: 60 });
    assert.deepEqual(await traces(dir), clean);
    assert.ok(!existsSync(labPaths(dir).status), "status.json is still there");
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`nothing, after ${signal} in the middle of up`, async () => {
      const clean = await traces(dir);
      const up = start(labArgv(dir, "up"), { cwd: root, stdio: "ignore", detached: true });
      const ended = once(up, "close");
      // The middle: the fabric is there and has begun to build.
      const until = Date.now() + 120_000;
      while (!existsSync(labPaths(dir).status) && Date.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.ok(up.pid !== undefined && existsSync(labPaths(dir).status), "up never got there");
      // As a terminal does it: to the whole group.
      process.kill(-up.pid, signal);
      const [code] = await ended;
      assert.notEqual(code, 0);
      assert.deepEqual(await traces(dir), clean);
    });
  }

  test("a second down has nothing to do", async () => {
    await run(labArgv(dir, "down"), { cwd: root });
    await run(labArgv(dir, "down"), { cwd: root });
  });
});
