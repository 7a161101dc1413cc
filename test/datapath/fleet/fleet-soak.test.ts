/**
 * Random faults under load, one every five seconds: a minute of it here, thirty by `npm run soak`.
 * GWLB_SOAK_SECONDS and GWLB_SOAK_SEED are its length and its order.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DETECTION_SECONDS, FleetLab, inFull } from "../../support/fleetLab";
import type { LoadFailure } from "../../support/load";
import { Prober } from "../../support/prober";

const seconds = Number(process.env.GWLB_SOAK_SECONDS ?? 60);
/** The same faults for every commit: how one is judged should not be luck. */
const SEED = 537;
const seed = Number(process.env.GWLB_SOAK_SEED ?? (inFull ? Date.now() % 1_000_000 : SEED));
const FAULT_EVERY_MS = 5000;
/** What an attempt that began in time may still take to fail, and what clocks may differ, in ms. */
const SLACK_MS = 1500;
/** Seconds until everything that was broken is well again, repairs included. */
const RECOVERY = 150;
/** Growth of a program's memory that is none: caches, and a collector that takes its time. */
const FLAT = { factor: 1.5, kilobytes: 20_000 };

/** Time in which new connections may fail, milliseconds since 1970. */
interface Window {
  from: number;
  to: number;
  why: string;
}

interface Fault {
  name: string;
  /** Milliseconds in which new connections may fail; 0 for what is planned. */
  costs: number;
  /** Milliseconds after which the NVA can be asked whether it is well again. */
  busy: number;
  cause: (lab: FleetLab, vm: string) => Promise<unknown>;
}

const NOTICED_MS = DETECTION_SECONDS * 1000 + SLACK_MS;
/** The guard hears of it at once, and has it made anew: no probe is needed. */
const MENDED_MS = 8000;
/** A drain takes its time, and so does a boot. */
const AWAY_MS = 25_000;
const BROKEN = ["--for", "12"];
type Costs = Pick<Fault, "costs" | "busy">;
const unnoticed: Costs = { costs: 0, busy: 3000 };
const planned: Costs = { costs: 0, busy: AWAY_MS };
const mended: Costs = { costs: MENDED_MS, busy: MENDED_MS };
const broken: Costs = { costs: NOTICED_MS, busy: AWAY_MS };

const CONNTRACK = "net.netfilter.nf_conntrack";
/** Drops everything for a while; the self-test tells health. */
const FOREIGN_TABLE = [
  "nft 'table inet foreign { chain c { type filter hook forward priority 0; policy drop; }; }'",
  "(sleep 12; nft delete table inet foreign) >/dev/null 2>&1 &",
].join("\n");

const inVm = (name: string, costs: Costs, ...argv: string[]): Fault => ({
  ...{ name, ...costs },
  cause: (lab, vm) => lab.exec(vm, argv, { allowed: [0, 1, 255] }),
});
const byLab = (name: string, costs: Costs, verb: string, ...rest: string[]): Fault => ({
  ...{ name, ...costs },
  cause: (lab, vm) => lab.verb(verb, vm, ...rest),
});

const FAULTS: Fault[] = [
  inVm("restart from inside", planned, "systemctl", "reboot"),
  inVm("drain and back", planned, "systemctl", "restart", "--no-block", "gwlb-drain"),
  inVm("health killed", unnoticed, "systemctl", "kill", "-s", "KILL", "gwlb-health"),
  inVm("policy agent killed", unnoticed, "systemctl", "kill", "-s", "KILL", "gwlb-policy"),
  inVm("guard killed", unnoticed, "systemctl", "kill", "-s", "KILL", "gwlb-guard"),
  inVm("audit killed", unnoticed, "systemctl", "kill", "-s", "KILL", "gwlb-audit"),
  inVm("flows killed", unnoticed, "systemctl", "kill", "-s", "KILL", "gwlb-flows"),
  inVm("timeout changed", unnoticed, "sysctl", "-qw", `${CONNTRACK}_tcp_timeout_established=60`),
  inVm("ACCEPT by hand", mended, "iptables", "-I", "GWLB", "-j", "ACCEPT"),
  inVm("all tables flushed", mended, "nft", "flush", "ruleset"),
  inVm("clsact deleted", mended, "tc", "qdisc", "del", "dev", "vxlan-ex", "clsact"),
  inVm("hooks off", mended, "sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0"),
  inVm("learning bridge", mended, "bridge", "link", "set", "dev", "vxlan-ex", "learning", "on"),
  inVm("another program's table", broken, "sh", "-c", FOREIGN_TABLE),
  inVm("tunnel deleted", mended, "ip", "link", "del", "vxlan-in"),
  inVm("rules flushed", mended, "iptables", "-F"),
  byLab("freeze announced", planned, "event", "freeze"),
  byLab("reboot announced", planned, "event", "reboot"),
  // Filters on, but a repair replaces it, and it drains before.
  byLab("full disk", planned, "break", "disk", ...BROKEN),
  byLab("power", broken, "break", "power", ...BROKEN),
  byLab("hang", broken, "break", "hang", ...BROKEN),
  byLab("NIC", broken, "break", "nic", ...BROKEN),
  byLab("no memory", broken, "break", "memory", ...BROKEN),
];

/** Numbers from 0 to 1 that depend on the seed alone (mulberry32). */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

let lab: FleetLab;
before(async () => {
  lab = await FleetLab.up(3);
});
after(() => lab?.down());

test(`${seconds} s of random faults, seed ${seed}`, {
  timeout: (seconds + 600) * 1000,
}, async () => {
  console.log(`seed ${seed}: GWLB_SOAK_SEED=${seed} GWLB_SOAK_SECONDS=${seconds} repeats it`);
  const random = randomFrom(seed);
  const windows: Window[] = [];
  const busy = new Map<string, number>();
  const load = await lab.load({ seconds: seconds + 500 });
  const [address = ""] = await lab.addresses();
  const prober = Prober.start(await lab.status(), address);
  const memoryBefore = await lab.memory();

  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    const next = Date.now() + FAULT_EVERY_MS;
    const nvas = await lab.nvas();
    // What the probe has not noticed yet, or has not seen the end of, is not well either.
    const well = nvas.filter((nva) => nva.healthy && (busy.get(nva.vm) ?? 0) < Date.now());
    const vm = well[Math.floor(random() * well.length)]?.vm ?? "";
    const fault = FAULTS[Math.floor(random() * FAULTS.length)] as Fault;
    // One must stay well, or everything fails, and nothing is learned of the fault.
    if (well.length >= 2) {
      const from = Date.now();
      busy.set(vm, from + fault.busy);
      await fault.cause(lab, vm);
      const said = `${new Date(from).toISOString().slice(11, 19)} ${vm}: ${fault.name}`;
      console.log(said);
      if (fault.costs > 0) windows.push({ from, to: Date.now() + fault.costs, why: said });
    }
    await sleep(Math.max(0, next - Date.now()));
  }
  await lab.healthy(3, RECOVERY);
  const memoryAfter = await lab.memory();
  const { forbidden } = await prober.stop();
  const { text, sums } = await load.stop();
  console.log(text);

  assert.ok(forbidden.sent > seconds, "the forbidden packets were sent");
  assert.equal(forbidden.answered, 0, "forbidden connections that got through");
  const declared = ({ at }: LoadFailure) =>
    windows.some(({ from, to }) => at > from - SLACK_MS && at < to);
  assert.deepEqual(
    load.failed("new").filter((failure) => !declared(failure)),
    [],
    "new connections refused outside of declared windows",
  );
  assert.ok(sums.new > seconds * 10, `${sums.new} new connections`);
  for (const [what, kilobytes] of memoryAfter) {
    const first = memoryBefore.get(what);
    if (first === undefined) continue;
    console.log(`memory of ${what}: ${first} kB, then ${kilobytes} kB`);
    assert.ok(kilobytes < first * FLAT.factor + FLAT.kilobytes, what);
  }
});
