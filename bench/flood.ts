/**
 * Does logging a flood slow allowed traffic? 50,000 dropped packets a second beside one TCP stream,
 * with `log` on and off in turn; the best round of each counts. Root;
 * `node -r tsx/cjs bench/flood.ts [ROUNDS]`.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { bundlePolicy } from "../components/firewall";
import { type Argv, run, start } from "../lab/run";
import { boxed } from "../test/support/box";
import { GUEST, policyMachine } from "../test/support/policyMachine";

export interface FloodRound {
  log: boolean;
  /** Allowed TCP, bits per second at the receiver. */
  stream: number;
  /** Packets of the flood that were sent. */
  flood: number;
  /** Records written and packets counted instead of it, of this round. */
  written: number;
  suppressed: number;
}

const LOADER = path.resolve(__dirname, "../test/support/loadPolicy.py");
const RATE = 50_000;
const SECONDS = 4;

const policy = (log: boolean) =>
  bundlePolicy({
    rules: [
      {
        ...{ name: "no-ssh", action: "drop", direction: "inbound", sources: ["8.8.8.8"] },
        ...{ protocol: "tcp", ports: ["22"], log },
      },
    ],
    defaultInbound: "allow",
    defaultOutbound: "allow",
  });

/** Runs the rounds, logging in every second one. */
export async function benchFlood(rounds: number): Promise<FloodRound[]> {
  const machine = await policyMachine("f");
  for (const [netns, side, address] of [
    ["left-f", "ex", "10.9.0.1"],
    ["right-f", "in", "10.9.0.2"],
  ] as const) {
    await run(["ip", "netns", "add", netns]);
    await run(["ip", "-n", machine.peer, "link", "set", side, "netns", netns]);
    await run(["ip", "-n", netns, "address", "add", `${address}/24`, "dev", side]);
    await run(["ip", "-n", netns, "link", "set", side, "up"]);
  }
  const root = mkdtempSync(path.join(tmpdir(), "gwlb-flood-"));
  mkdirSync(path.join(root, "var/lib/azure-gwlb"), { recursive: true });
  const guest = (name: string, ...argv: string[]) => [
    ...["ip", "netns", "exec", machine.nva, "env", `ROOT=${root}`, "GWLB_AUDIT_SECONDS=1"],
    ...["python3", "-B", path.resolve(GUEST, name), ...argv],
  ];
  const audit = start(guest("gwlb-audit"), { stdio: "ignore" });
  const server = start(["ip", "netns", "exec", "right-f", "iperf3", "--server"], {
    stdio: "ignore",
  });
  const found: FloodRound[] = [];
  try {
    for (let round = 0; round < 2 * rounds; round += 1) {
      const log = round % 2 === 1;
      const bundle = Buffer.from(policy(log).userData, "base64");
      writeFileSync(path.join(root, "var/lib/azure-gwlb/policy.last"), bundle);
      await run(guest(LOADER, GUEST));
      const before = totals(root);
      const [flood, stream] = await Promise.all([sendFlood(), sendStream()]);
      await new Promise((resolve) => setTimeout(resolve, 2500)); // two of the audit's intervals
      const after = totals(root);
      const written = after.written - before.written;
      found.push({ log, stream, flood, written, suppressed: after.suppressed - before.suppressed });
    }
    const file = path.join(root, "var/log/azure-gwlb/audit.jsonl");
    console.log(`records on disk: ${statSync(file).size} bytes`);
  } finally {
    audit.kill();
    server.kill();
    rmSync(root, { recursive: true, force: true });
  }
  return found;
}

const inLeft = (...argv: string[]): Argv => ["ip", "netns", "exec", "left-f", ...argv];

async function sendFlood(): Promise<number> {
  const show = ["ip", "netns", "exec", "right-f", "cat", "/sys/class/net/in/address"];
  const mac = (await run(show)).stdout.trim();
  const script = path.join(__dirname, "flood.py");
  const argv = inLeft("python3", script, "ex", mac, `${RATE}`, `${SECONDS + 1}`);
  return Number((await run(argv)).stdout) / (SECONDS + 1);
}

async function sendStream(): Promise<number> {
  const argv = inLeft("iperf3", "--client", "10.9.0.2", "--time", `${SECONDS}`, "--json");
  const { end } = JSON.parse((await run(argv)).stdout) as {
    end: { sum_received: { bits_per_second: number } };
  };
  return end.sum_received.bits_per_second;
}

function totals(root: string): { written: number; suppressed: number } {
  try {
    const text = readFileSync(path.join(root, "run/azure-gwlb/audit.json"), "utf8");
    return JSON.parse(text) as { written: number; suppressed: number };
  } catch {
    return { written: 0, suppressed: 0 };
  }
}

/** One line a round, and the share that logging leaves, best round against best round. */
export function floodLines(all: FloodRound[]): string[] {
  const best = (log: boolean) =>
    Math.max(...all.filter((one) => one.log === log).map(({ stream }) => stream));
  return [
    ...all.map(
      ({ log, stream, flood, written, suppressed }) =>
        `log ${log ? "on " : "off"}: ${(stream / 1e9).toFixed(2)} Gbit/s beside ${flood.toFixed(0)} ` +
        `dropped packets/s; ${written} records, ${suppressed} suppressed`,
    ),
    `with log: ${(best(true) / best(false)).toFixed(2)} of the stream without`,
  ];
}

if (require.main === module) {
  const [, , rounds = "4"] = process.argv;
  if (process.env.GWLB_BENCH_BOXED === "1") {
    void benchFlood(Number(rounds)).then((all) => console.log(floodLines(all).join("\n")));
  } else {
    const inner = [process.execPath, "-r", "tsx/cjs", __filename, rounds];
    start(boxed(inner), { stdio: "inherit", env: { ...process.env, GWLB_BENCH_BOXED: "1" } }).on(
      "close",
      (code) => {
        process.exitCode = code ?? 1;
      },
    );
  }
}
