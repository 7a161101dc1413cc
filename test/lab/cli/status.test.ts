import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { changesOf } from "../../../lab/cli/status";
import { processOf } from "../../../lab/host/processes";
import { labPaths } from "../../../lab/paths";
import { start } from "../../../lab/run";

const dir = mkdtempSync(path.join(tmpdir(), "gwlb-status-"));
after(() => rmSync(dir, { recursive: true, force: true }));

test("lab status --watch: the state now, after each change, and at last that the lab is down", {
  timeout: 30_000,
}, async () => {
  const lab = labPaths(dir);
  mkdirSync(lab.run, { recursive: true });
  const supervisor = start(["sleep", "60"]);
  after(() => supervisor.kill());
  writeFileSync(lab.supervisorPid, JSON.stringify(processOf(supervisor.pid ?? 0)));
  const says = (updated: string) => {
    writeFileSync(`${lab.status}.new`, JSON.stringify({ updated }));
    renameSync(`${lab.status}.new`, lab.status);
  };
  says("1");
  const [states, ticking] = [changesOf(lab, false), changesOf(lab, true)];
  after(() => Promise.all([states, ticking].map((one) => one.return(undefined))));
  const next = async () => {
    const { value, done } = await states.next();
    return done ? "no more" : value?.updated;
  };
  assert.equal(await next(), "1");
  const second = next();
  // Longer than it waits before it looks by itself: a look that finds nothing new says nothing.
  await sleep(1300);
  says("2");
  assert.equal(await second, "2");
  for (let n = 0; n < 2; n += 1) assert.equal((await ticking.next()).value?.updated, "2");
  const last = next();
  supervisor.kill();
  await once(supervisor, "close");
  assert.equal(await last, undefined);
  assert.equal(await next(), "no more");
});
