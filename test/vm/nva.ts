/** The NVA's customData in a full virtual machine with its own kernel: what containers cannot show. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { bundlePolicy } from "../../components/policy/bundle";
import { cacheDir } from "../../lab/paths";
import { Undo } from "../../lab/undo";
import { renderCustomData } from "../../nva-cloud-init/cloudConfig";
import { policy, RULE } from "../support/guest";
import { tcp, udp } from "../support/innerPackets";
import { Outside, settings } from "../support/outside";
import { bootFiles, type Release, releasesIn, vmDisk, vmImage, vmJournal } from "./image";
import { VirtualMachine } from "./machine";

const consumer = "20.0.0.4";
/** Seconds that a boot may take under software emulation, on two busy cores. */
const BOOT = 900;

/** An emulated machine needs its time: every question that it must answer slows its boot. */
const PAUSE_MS = 2000;
const SLOW = 60;

async function counted(outside: Outside): Promise<number> {
  const { body } = await outside.probe("/metrics", SLOW);
  const line = body
    .split("\n")
    .find((text) => /^gwlb_rule_packets_total/.test(text) && text.includes(`"${RULE}"`));
  assert.ok(line, body);
  return Number(line.split(" ").at(-1));
}

/** The reference rule drops and counts; everything else passes unchanged, full-size packets too. */
async function filters(outside: Outside): Promise<void> {
  const from = { source: "8.8.8.8", destination: consumer };
  const before = await counted(outside);
  await outside.send([1, 2, 3].map((port) => ["ex", tcp(from, [port, 22], "syn")] as const));
  const full = udp({ ...from, dontFragment: true }, [7, 53], Buffer.alloc(1472, 1));
  const back = udp({ source: consumer, destination: "8.8.8.8" }, [53, 7]);
  await outside.send([["ex", full]]);
  const seen = await outside.take(1, SLOW);
  await outside.send([["in", back]]);
  seen.push(...(await outside.take(1, SLOW)));
  assert.deepEqual(
    seen.map(({ side, frame }) => [side, frame.toString("hex")]),
    [
      ["in", full.toString("hex")],
      ["ex", back.toString("hex")],
    ],
  );
  assert.equal(await counted(outside), before + 3);
}

/** Its clock jumps: it goes on filtering, and takes another policy. */
async function jumps(machine: VirtualMachine, outside: Outside, by: string): Promise<void> {
  const mark = `jumped by ${by}`;
  machine.type(`date --set '${by}' +'${mark}' > /dev/console`);
  await until(mark, async () => machine.console().includes(mark));
  // An emulated machine may be late with a look, whatever the clock.
  await outside.probeUntil(200, SLOW, PAUSE_MS);
  await filters(outside);
  const [rule] = policy.rules;
  assert.ok(rule);
  const other = bundlePolicy({
    ...policy,
    rules: [rule, { ...rule, name: `after-${by.replace(/\W+/g, "")}` }],
  });
  await outside.userData(other.userData);
  await until("another policy is in force", async () => {
    const { code, body } = await outside.probe(undefined, SLOW);
    return code === 200 && JSON.parse(body).policy.hash === other.hash;
  });
  await filters(outside);
  console.log(`${mark}: filters on, took another policy`);
}

async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + SLOW * 1000; !(await is()); ) {
    assert.ok(Date.now() < end, `not within ${SLOW} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Switches it on and waits until it is healthy. */
async function boots(machine: VirtualMachine, outside: Outside): Promise<{ body: string }> {
  for (let attempts = 3; ; attempts -= 1) {
    await machine.boot();
    const healthy = outside.probeUntil(200, BOOT, PAUSE_MS);
    healthy.catch(() => undefined);
    const answer = await Promise.race([healthy, machine.off.then(() => undefined)]);
    if (answer !== undefined) return answer;
    // A kernel that patches its code for two processors can fall over a race of the emulator's.
    const panic = /Kernel panic.*/.exec(machine.console())?.[0];
    assert.ok(panic !== undefined && attempts > 1, panic ?? "it switched itself off");
    console.log(`once more: ${panic}`);
  }
}

/** Shows how far it came. */
async function explain(machine: VirtualMachine | undefined): Promise<void> {
  if (machine === undefined) return;
  console.error(machine.console().slice(-4000));
  await machine.shutDown(120).catch(() => machine.kill());
  console.error(await vmJournal(machine.disk));
}

for (const release of releasesIn(process.argv.slice(2))) {
  test(`on ${release}, with its own kernel: boots, jumps of the clock, power failure`, () =>
    lifeOn(release));
}

/** A first boot, jumps of the clock, a shutdown and a power failure, filtering all the time. */
async function lifeOn(release: Release): Promise<void> {
  const undo = new Undo();
  const dir = await mkdtemp(path.join(os.tmpdir(), "gwlb-vm-"));
  undo.add("folder", () => rm(dir, { recursive: true, force: true }));
  let machine: VirtualMachine | undefined;
  try {
    const image = await vmImage(cacheDir(), release);
    const disk = await vmDisk(image, dir, renderCustomData(settings));
    const outside = await Outside.make(undo);
    await outside.userData(bundlePolicy(policy).userData);
    machine = new VirtualMachine(disk, ...(await bootFiles(image, dir)), outside, undo);

    for (const boot of ["first boot", "boot after a shutdown", "boot after a power failure"]) {
      const begun = Date.now();
      const answer = await boots(machine, outside);
      const uname = image.kernel.replace(/.*vmlinuz-/, "");
      console.log(
        `${boot} on ${uname}: healthy after ${Math.round((Date.now() - begun) / 1000)} s`,
      );
      assert.deepEqual(JSON.parse(answer.body).problems, []);
      assert.deepEqual(await outside.take(1, 0), [], "silent so far");
      await filters(outside);
      if (boot === "first boot") {
        for (const by of ["+1 day", "-2 days"]) await jumps(machine, outside, by);
      }
      if (boot === "first boot") await machine.shutDown(120);
      else await machine.kill();
    }
    assert.doesNotMatch(await vmJournal(disk), /no fast path|no guard by/);
  } catch (cause) {
    await explain(machine);
    throw cause;
  } finally {
    await undo.run();
  }
}
