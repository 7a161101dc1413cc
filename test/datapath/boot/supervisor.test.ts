/** However a lab ends, the kernel and `down` leave nothing of it. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, processOf, signalProcess, waitForEnd } from "../../../lab/host/processes";
import { hierarchies, labCgroup } from "../../../lab/machine/cgroups";
import { type LabPaths, labPaths } from "../../../lab/paths";
import { run } from "../../../lab/run";
import { startSupervisor, stopSupervisor, supervisorOf } from "../../../lab/supervisor/lifecycle";

/** Makes what a fabric makes: a namespace, a device, a mount, processes, control groups. */
const FABRIC = `
set -eu
ip netns add internet
ip link add v0 type veth peer name v1 netns internet
mount -t tmpfs tmpfs /mnt
sleep 600 &
for dir in "$@"; do mkdir -p "$dir/vm"; echo $! >"$dir/vm/cgroup.procs"; done
trap 'exit 0' TERM
echo "$GWLB_BOX_PID" >"$LAB/run/up.new"
mv "$LAB/run/up.new" "$LAB/run/up"
exec 3<&0
cat <&3 >/dev/null & wait $!
`;

/** Traces that outlive processes: those of this box, and the control groups of the lab in a folder. */
async function traces(labDir: string): Promise<Record<string, string[]>> {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const net = pids.flatMap((pid) => {
    try {
      return [readlinkSync(`/proc/${pid}/ns/net`)];
    } catch {
      return [];
    }
  });
  const cgroups = hierarchies(readFileSync("/proc/self/mountinfo", "utf8"));
  return {
    namespaces: [...new Set(net)].sort(),
    mounts: readFileSync("/proc/self/mountinfo", "utf8").split("\n"),
    devices: (await run(["ip", "-o", "link"])).stdout.split("\n"),
    sleeping: (await run(["pgrep", "-f", "sleep 600"], { allowed: [0, 1] })).stdout.split("\n"),
    cgroups: cgroups.flatMap((dir) =>
      readdirSync(dir).filter((name) => name === labCgroup(labDir)),
    ),
  };
}

describe("the lab's supervisor", () => {
  let paths: LabPaths;
  let before: Record<string, string[]>;

  async function up(): Promise<number> {
    const dir = await mkdtemp(path.join(tmpdir(), "gwlb-supervisor-"));
    paths = labPaths(dir);
    mkdirSync(paths.run, { recursive: true });
    writeFileSync(path.join(dir, "fabric.sh"), FABRIC);
    before = await traces(paths.dir);
    await startSupervisor(paths, command());
    return boxPid();
  }

  function command(): string[] {
    const systemd = hierarchies(readFileSync("/proc/self/mountinfo", "utf8"));
    const own = systemd.slice(-2).map((mount) => path.join(mount, labCgroup(paths.dir)));
    const env = ["env", `LAB=${paths.dir}`];
    return [...env, "sh", path.join(paths.dir, "fabric.sh"), ...own];
  }

  /** Waits for the box, and takes its word that it is up. */
  async function boxPid(): Promise<number> {
    const file = path.join(paths.run, "up");
    for (let turn = 0; turn < 200; turn += 1) {
      try {
        const pid = Number(readFileSync(file, "utf8"));
        rmSync(file);
        return pid;
      } catch {
        await sleep(25);
      }
    }
    throw new Error(readFileSync(paths.log, "utf8"));
  }

  afterEach(async () => {
    await stopSupervisor(paths);
    rmSync(paths.dir, { recursive: true, force: true });
  });

  test("starts once, tells the box its number, and ends with everything", async () => {
    const pid = await up();
    assert.match(readFileSync(`/proc/${pid}/cmdline`, "utf8"), /fabric\.sh/);
    assert.notDeepEqual((await traces(paths.dir)).namespaces, before.namespaces);
    assert.equal(await startSupervisor(paths, command()), false);
    assert.equal(await stopSupervisor(paths), true);
    assert.deepEqual(await traces(paths.dir), before);
    assert.equal(await stopSupervisor(paths), false);
  });

  test("a killed supervisor takes the box with it, and down removes the rest", async () => {
    await up();
    const supervisor = supervisorOf(paths);
    assert.ok(supervisor);
    signalProcess(supervisor, "SIGKILL");
    assert.ok(await waitForEnd(supervisor, 5));
    await stopSupervisor(paths);
    assert.deepEqual(await traces(paths.dir), before);
  });

  test("a box that dies is started again", async () => {
    const first = processOf(await up());
    assert.ok(first);
    signalProcess(first, "SIGKILL");
    const second = processOf(await boxPid());
    assert.ok(second && isAlive(second));
    assert.notDeepEqual(second, first);
    await stopSupervisor(paths);
    assert.deepEqual(await traces(paths.dir), before);
  });
});
