/** Decisions that a rule logs become JSON lines; what is too much is counted instead. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { bundlePolicy, type FirewallPolicy } from "../../../components/policy";
import type { Packet } from "../../../components/policy/packet";
import { parsePacket } from "../../../components/policy/packetText";
import { run, start } from "../../../lab/run";
import { frameOf } from "../../support/frames";
import {
  GUEST,
  KernelJudge,
  type PolicyMachine,
  policyMachine,
  writeSettings,
} from "../../support/policyMachine";

interface Line {
  [field: string]: unknown;
  rule: string;
  action: string;
  count?: number;
}

const policy: FirewallPolicy = {
  rules: [
    {
      name: "no-ssh",
      action: "drop",
      direction: "inbound",
      sources: ["8.8.8.8"],
      protocol: "tcp",
      ports: ["22"],
      log: true,
    },
    {
      name: "six",
      action: "drop",
      direction: "outbound",
      protocol: "icmp",
      destinations: ["2001:db8::/32"],
      log: true,
    },
    {
      name: "seen",
      action: "allow",
      direction: "inbound",
      protocol: "udp",
      ports: ["53"],
      log: true,
    },
    { name: "quiet", action: "drop", direction: "inbound", protocol: "udp" },
  ],
  defaultInbound: "allow",
};
const { hash, userData } = bundlePolicy(policy);

const LOADER = path.join(__dirname, "../..", "support", "loadPolicy.py");

let machine: PolicyMachine;
let sender: KernelJudge;
let root: string;
let audit: ChildProcess;

const guest = (program: string, ...argv: string[]) => [
  ...["ip", "netns", "exec", machine.nva, "env", `ROOT=${root}`, "GWLB_AUDIT_SECONDS=2"],
  ...["python3", "-B", path.resolve(GUEST, program), ...argv],
];

const lines = (): Line[] => {
  const text = readFileSync(path.join(root, "var/log/azure-gwlb/audit.jsonl"), "utf8");
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Line]));
};

async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  for (const end = Date.now() + 15_000; ; ) {
    try {
      const found = look();
      if (found !== undefined) return found;
    } catch {
      // No file yet.
    }
    assert.ok(Date.now() < end, `no ${what} in time`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const send = (packets: Packet[]) =>
  sender.send(packets.map((p, id) => [p.direction === "inbound" ? "ex" : "in", frameOf(p, id)]));

before(async () => {
  machine = await policyMachine("l");
  root = mkdtempSync(path.join(tmpdir(), "gwlb-audit-"));
  writeSettings(root);
  mkdirSync(path.join(root, "var/lib/azure-gwlb"), { recursive: true });
  writeFileSync(path.join(root, "var/lib/azure-gwlb/policy.last"), Buffer.from(userData, "base64"));
  await run(guest("gwlb-policy", "restore"));
  sender = new KernelJudge(machine);
  audit = start(guest("gwlb-audit"), { stdio: ["ignore", "inherit", "pipe"] });
  await new Promise((resolve) => audit.stderr?.once("data", resolve));
});
after(() => {
  sender?.close();
  audit?.kill();
  rmSync(root, { recursive: true, force: true });
});

test("the reference case: the record of 8.8.8.8 → 22 names its rule", async () => {
  await send([parsePacket("8.8.8.8:5000", "20.1.1.1:22/tcp", "inbound")]);
  const { time, ...record } = await until("record", () => lines().find((l) => l.rule === "no-ssh"));
  assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000);
  assert.deepEqual(record, {
    policy: hash,
    rule: "no-ssh",
    action: "drop",
    tunnel: "external",
    source: "8.8.8.8",
    destination: "20.1.1.1",
    protocol: "tcp",
    length: 48,
    sourcePort: 5000,
    destinationPort: 22,
    flags: ["syn"],
  });
});

test("IPv6 and ICMP, by the Internal tunnel; an allowed flow once; nothing without log", async () => {
  const dns = parsePacket("8.8.4.4:5000", "20.1.1.1:53/udp", "inbound");
  const quiet = parsePacket("8.8.4.4:5000", "20.1.1.1:54/udp", "inbound");
  const ping = parsePacket("2603::1", "2001:db8::1/icmp", "outbound");
  const { passed } = await send([dns, dns, quiet, ping]);
  assert.deepEqual(passed, [true, true, false, false]);
  const six = await until("record", () => lines().find((l) => l.rule === "six"));
  assert.deepEqual([six.tunnel, six.icmpType, six.source], ["internal", "128/0", "2603::1"]);
  assert.equal(lines().filter((l) => l.rule === "seen" && l.action === "allow").length, 1);
  assert.equal(lines().filter((l) => l.rule === "quiet").length, 0);
});

test("of a flood some records are written, and the rest is counted to the packet", async () => {
  const already = lines().filter((l) => l.rule === "no-ssh").length;
  const flood = Array.from({ length: 2000 }, () =>
    parsePacket("8.8.8.8:5001", "20.1.1.1:22/tcp", "inbound"),
  );
  await send(flood);
  const sums = () => {
    const own = lines()
      .filter((l) => l.rule === "no-ssh")
      .slice(already);
    const records = own.filter((l) => l.action === "drop").length;
    const count = own.reduce((sum, l) => sum + (l.count ?? 0), 0);
    return { records, count };
  };
  const { records, count } = await until("count", () => {
    const found = sums();
    return found.records + found.count === 2000 ? found : undefined;
  });
  assert.ok(records >= 100 && records < 1500, `${records} records, ${count} suppressed`);
  await until("total", () => {
    const text = readFileSync(path.join(root, "run/azure-gwlb/audit.json"), "utf8");
    return (JSON.parse(text) as { suppressed: number }).suppressed === count || undefined;
  });
  const { stdout } = await run(guest("gwlb-policy", "metrics"));
  assert.match(stdout, new RegExp(`gwlb_audit_suppressed_total ${count}\n`));
  assert.match(stdout, /gwlb_rule_packets_total\{rule="no-ssh"\} 2001\n/);
});

test("what a rule drops while it does not log is not counted as suppressed", async () => {
  const suppressed = () => {
    const text = readFileSync(path.join(root, "run/azure-gwlb/audit.json"), "utf8");
    return (JSON.parse(text) as { suppressed: number }).suppressed;
  };
  const before = suppressed();
  const flood = Array.from({ length: 300 }, () =>
    parsePacket("8.8.8.8:5002", "20.1.1.1:22/tcp", "inbound"),
  );
  const load = async (log: boolean) => {
    const rules = policy.rules.map((rule) => ({ ...rule, log }));
    const bundle = Buffer.from(bundlePolicy({ ...policy, rules }).userData, "base64");
    writeFileSync(path.join(root, "var/lib/azure-gwlb/policy.last"), bundle);
    await run(guest(LOADER, GUEST));
    await send(flood);
  };
  const written = () => lines().filter((l) => l.rule === "no-ssh" && l.action === "drop").length;
  const already = written();
  await load(false);
  await load(true);
  await until("count", () => suppressed() - before + written() - already === 300 || undefined);
});

test("files stay within their sizes", async () => {
  const script = path.join(__dirname, "../..", "support", "auditFile.py");
  const { stdout } = await run(["python3", "-B", script, GUEST, root]);
  const files = stdout
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
  assert.deepEqual(
    files.map(([name]) => name),
    ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"],
  );
  assert.ok(files.every(([, size]) => Number(size) <= 4096));
});
