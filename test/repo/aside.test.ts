import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { machineHierarchies } from "../../lab/machine/cgroup";
import { labCgroup } from "../../lab/machine/cgroups";
import { Aside } from "../support/aside";

test("an interrupted run leaves no temporary files and no control groups", (t) => {
  const aside = new Aside();
  const dir = mkdtempSync(path.join(aside.env.TMPDIR, "gwlb-project-"));
  writeFileSync(path.join(dir, "half-written"), "");
  // Only root makes control groups; for others there are none to leave.
  const [mount] =
    process.getuid?.() === 0
      ? machineHierarchies(readFileSync("/proc/self/mountinfo", "utf8"))
      : [];
  const group = mount && path.join(mount, labCgroup(path.join(dir, ".lab")), "machine");
  if (group) mkdirSync(group, { recursive: true });
  t.after(() => aside.remove());
  aside.remove();
  assert.ok(!existsSync(aside.dir));
  if (group) assert.ok(!existsSync(path.dirname(group)));
});
