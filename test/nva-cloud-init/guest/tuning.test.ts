/** How large the connection table is to be, by the machine's memory. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { guestPython } from "../../support/guestPython";

const settings = "proc/sys/net/netfilter";
let root: string;
before(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), "gwlb-tuning-"));
  await mkdir(path.join(root, settings), { recursive: true });
  for (const name of ["max", "buckets"]) {
    await writeFile(path.join(root, settings, `nf_conntrack_${name}`), "65536\n");
  }
});
after(() => rm(root, { recursive: true, force: true }));

const table = (megabytes: number) =>
  guestPython(
    `
import json
from gwlb.flows import tuning
tuning.memory = lambda: ${megabytes} << 20
print(json.dumps(tuning.wanted()))`,
    root,
  );

describe("the connection table", () => {
  for (const [what, megabytes, flows] of [
    ["has a flow for each 4 KiB of memory", 1024, 262_144],
    ["has whole pages of buckets", 1001, 253_952],
    ["has no more than twice what Azure gives a NIC", 65_536, 1_048_576],
    ["is never made smaller", 64, 65_536],
  ] as const) {
    test(what, async () => {
      assert.deepEqual(await table(megabytes), {
        "net/netfilter/nf_conntrack_buckets": String(flows),
        "net/netfilter/nf_conntrack_max": String(flows),
      });
    });
  }
});
