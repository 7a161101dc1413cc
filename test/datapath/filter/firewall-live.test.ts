/** A rule that changes in the stack's settings takes effect in seconds, and hurts nobody else. */
import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { parse, stringify } from "yaml";
import type { FirewallPolicy } from "../../../components/policy";
import { inPlace } from "../../../lab/places";
import { run, start } from "../../../lab/run";
import { Drill } from "../../support/drill";

const ROOT = path.resolve(__dirname, "../../..");
const SETTINGS = "Pulumi.dev.yaml";
const STREAM = path.join(__dirname, "../..", "support", "udpStream.py");
const ECHO_PORT = 7;
/** Seconds in which a verdict must change after `up` has ended. */
const TAKES_EFFECT = 15;
/** Share of packets that this machine may lose by itself. */
const NOISE = 0.002;

let drill: Drill;
let address: string;
let project: string;

before(async () => {
  drill = await Drill.up();
  ({ address } = await drill.consumer("ilpip"));
  project = ownProject();
});
after(() => drill?.down());

/** True if 8.8.8.8 gets a connection to port 22. */
async function reachesSsh(): Promise<boolean> {
  const connect =
    "import socket,sys; s = socket.socket(); s.settimeout(0.8); s.bind(('8.8.8.8', 0)); " +
    "sys.exit(0 if s.connect_ex((sys.argv[1], 22)) == 0 else 1)";
  const argv = inPlace(await drill.status(), "internet", ["python3", "-c", connect, address]);
  return (await run(argv, { allowed: [0, 1] })).code === 0;
}

/** Sends a stream that stays allowed while `work` runs; gives the share of it that was lost. */
async function lossDuring(work: () => Promise<void>): Promise<number> {
  const argv = ["python3", STREAM, "203.0.113.9", address, `${ECHO_PORT}`, "500"];
  const child = start(inPlace(await drill.status(), "internet", argv), {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const closed = new Promise((resolve) => child.once("close", resolve));
  try {
    await work();
  } finally {
    child.stdin?.end();
  }
  await closed;
  const { sent, answered } = JSON.parse(text) as { sent: number; answered: number };
  assert.ok(sent > 1000, `only ${sent} packets were sent`);
  return 1 - answered / sent;
}

/** A copy of this repository, as links, whose settings a person can edit. */
function ownProject(): string {
  const folder = path.join(drill.dir, "project");
  mkdirSync(folder);
  for (const name of readdirSync(ROOT)) {
    if (name === SETTINGS || name.startsWith(".")) continue;
    symlinkSync(path.join(ROOT, name), path.join(folder, name));
  }
  copyFileSync(path.join(ROOT, SETTINGS), path.join(folder, SETTINGS));
  return folder;
}

/** Edits the policy in the settings, and brings the stack up by the engine's own command. */
async function upWith(change: (policy: FirewallPolicy) => FirewallPolicy): Promise<string> {
  edit(change);
  return (await drill.labWith({ cwd: project }, "pulumi", "up", "--yes")).stdout;
}

function edit(change: (policy: FirewallPolicy) => FirewallPolicy): void {
  const file = path.join(project, SETTINGS);
  const settings = parse(readFileSync(path.join(ROOT, SETTINGS), "utf8")) as {
    config: Record<string, unknown>;
  };
  const key = "azure-gwlb:policy";
  settings.config[key] = change(settings.config[key] as FirewallPolicy);
  writeFileSync(file, stringify(settings));
}

test("an edited rule: planned in place, in effect within seconds, an allowed stream unharmed", async () => {
  assert.equal(await reachesSsh(), false);
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 4000));
  const usual = await lossDuring(pause);
  let seconds = 0;
  const changing = await lossDuring(async () => {
    const stdout = await upWith((policy) => ({
      ...policy,
      rules: policy.rules.map((rule) => ({ ...rule, sources: ["198.51.100.7"] })),
    }));
    assert.match(stdout, /VirtualMachine.*updated.*diff: ~userData/);
    assert.doesNotMatch(stdout, /replac/);
    const begin = Date.now();
    await drill.until("8.8.8.8 reaches port 22", reachesSsh, TAKES_EFFECT);
    seconds = (Date.now() - begin) / 1000;
  });
  console.log(`in effect ${seconds.toFixed(1)} s after up; lost ${changing}, usually ${usual}`);
  assert.ok(changing <= usual + NOISE, `${changing} lost, ${usual} without the change`);
});

test("`lab up` is ready when packets are judged by the edited policy, both ways", async () => {
  for (const source of ["8.8.8.8", "198.51.100.7", "8.8.8.8"]) {
    edit((policy) => ({
      ...policy,
      rules: policy.rules.map((rule) => ({ ...rule, sources: [source] })),
    }));
    await drill.labWith({ cwd: project }, "up");
    assert.equal(await reachesSsh(), source !== "8.8.8.8", `dropped: ${source}`);
  }
});

test("the record of the reference case names its rule, and the counter has it", async () => {
  await upWith((policy) => policy);
  await drill.until("8.8.8.8 is dropped", async () => !(await reachesSsh()), TAKES_EFFECT);
  const [nva = ""] = (await drill.consumer("ilpip")).nvas;
  const records = async () => {
    const { stdout } = await drill.lab("logs", nva, "--json", "--lines", "100");
    return stdout.split("\n").filter((line) => line.includes('"destinationPort": 22'));
  };
  await drill.until("a record is written", async () => (await records()).length > 0, TAKES_EFFECT);
  const record = JSON.parse((await records())[0] ?? "") as Record<string, unknown>;
  assert.deepEqual(
    [record.rule, record.action, record.source, record.tunnel],
    ["no-ssh-from-8-8-8-8", "drop", "8.8.8.8", "external"],
  );
  const { stdout } = await drill.lab("counters", nva, "--json");
  const counts = JSON.parse(stdout) as { rule: string; packets: number }[];
  assert.ok((counts.find(({ rule }) => rule === "no-ssh-from-8-8-8-8")?.packets ?? 0) > 0);
});
