import assert from "node:assert/strict";
import { test } from "node:test";
import { machineHierarchies } from "../../../lab/machine/cgroup";

test("hierarchies of a machine: the unified one, and version 1's for systemd and for memory", () => {
  const mountinfo = [
    "30 25 0:26 / /sys/fs/cgroup rw shared:9 - tmpfs tmpfs rw,mode=755",
    "31 30 0:27 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw",
    "32 30 0:28 / /sys/fs/cgroup/systemd rw shared:11 - cgroup cgroup rw,xattr,name=systemd",
    "34 30 0:30 / /sys/fs/cgroup/cpu rw shared:13 - cgroup cgroup rw,cpu",
    "33 30 0:29 / /sys/fs/cgroup/memory rw shared:12 - cgroup cgroup rw,memory",
  ].join("\n");
  assert.deepEqual(machineHierarchies(mountinfo), [
    "/sys/fs/cgroup/unified",
    "/sys/fs/cgroup/systemd",
    "/sys/fs/cgroup/memory",
  ]);
});
