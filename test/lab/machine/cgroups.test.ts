import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hierarchies, labCgroup } from "../../../lab/machine/cgroups";

describe("control groups of a lab", () => {
  test("have a name of the lab's own, the same for each spelling of its folder", () => {
    assert.match(labCgroup("/a/.lab"), /^gwlb-[0-9a-f]{12}$/);
    assert.equal(labCgroup("/a/.lab"), labCgroup("/a/b/../.lab/"));
    assert.notEqual(labCgroup("/a/.lab"), labCgroup("/b/.lab"));
  });

  test("lie in every hierarchy that is mounted, of both versions, each once", () => {
    const mountinfo = [
      "24 30 0:22 / /proc rw,relatime shared:5 - proc proc rw",
      "31 23 0:26 / /sys/fs/cgroup/systemd rw shared:9 - cgroup cgroup rw,name=systemd",
      "32 23 0:27 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw",
      "33 23 0:27 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw",
      "",
    ].join("\n");
    const expected = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"];
    assert.deepEqual(hierarchies(mountinfo), expected);
  });
});
