/**
 * The NVA under attack: packets that no stack sends, faults, kills, and hostile answers of what the
 * guest reads. `npm run attack` runs every case as a test of its own, with a table at the end; among
 * all tests a group of packets is one, and a few faults are tried.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { bundlePolicy } from "../../../components/policy/bundle";
import { run } from "../../../lab/run";
import { Undo } from "../../../lab/undo";
import { type FaultCase, faultCases, UNDER_ATTACK } from "../../attack/faults";
import { ALLOWED, FORBIDDEN, tcp4 } from "../../attack/frames";
import { type PacketCase, packetCases } from "../../attack/packets";
import { Guest } from "../../support/guest";
import type { Seen, Side } from "../../support/outside";

const inFull = process.env.GWLB_ATTACK === "full";
/** Seconds after which nothing more comes of what was sent. */
const QUIET = 1;
/** Seconds within which an NVA is whole again, on a machine that others use. */
const WHOLE = 40;
/** Seconds for which a hostile answer stands: the guest asks every second. */
const STANDS = 3;
const SYN = 0x02;

const undo = new Undo();
let guest: Guest;
before(async () => {
  guest = await Guest.healthy(undo, UNDER_ATTACK);
});
after(() => undo.run());

const tally = new Map<string, { passed: number; failed: number }>();
after(() => {
  if (!inFull) return;
  for (const [group, { passed, failed }] of tally) {
    console.log(
      `${group.padEnd(20)} ${String(passed).padStart(4)} passed ${String(failed).padStart(4)} failed`,
    );
  }
});

function count(group: string, problem: string | undefined): void {
  const sums = tally.get(group) ?? { passed: 0, failed: 0 };
  tally.set(group, sums);
  if (problem === undefined) sums.passed += 1;
  else sums.failed += 1;
}

const other = (side: Side): Side => (side === "in" ? "ex" : "in");
const keyOf = (side: Side, frame: Buffer) => `${side} ${frame.toString("hex")}`;

/** Sends all of a group and says of each case what is wrong; undefined: nothing. */
async function shoot(cases: readonly PacketCase[]): Promise<Map<PacketCase, string | undefined>> {
  const shots = cases.flatMap((one) => one.shots);
  await guest.outside.take(0, 0);
  await guest.outside.send(shots.map(({ side, frame, vni }) => [side, frame, vni] as const));
  const seen = await guest.outside.take(Number.MAX_SAFE_INTEGER, QUIET);
  const left = new Set(seen.map(({ side, frame }) => keyOf(other(side), frame)));
  const found = cases.map(({ shots: own }) =>
    own.flatMap(({ side, frame, leaves }) => {
      const gone = left.has(keyOf(side, frame));
      return leaves === "any" || gone === (leaves === "unchanged")
        ? []
        : `${frame.toString("hex")} ${gone ? "left" : "did not leave"}`;
    }),
  );
  const sent = new Set(
    shots.flatMap(({ side, frame, whole = frame }) => [keyOf(side, frame), keyOf(side, whole)]),
  );
  const made = seen.filter(({ side, frame }) => !sent.has(keyOf(other(side), frame)));
  assert.deepEqual(made.map(describeSeen), [], "nothing leaves that did not come");
  return new Map(cases.map((one, i) => [one, found[i]?.length ? found[i].join("\n") : undefined]));
}

const describeSeen = ({ side, frame }: Seen) => `${side} ${frame.toString("hex")}`;

const groups = grouped(packetCases());

function grouped(cases: readonly PacketCase[]): Map<string, PacketCase[]> {
  const found = new Map<string, PacketCase[]>();
  for (const one of cases) found.set(one.group, [...(found.get(one.group) ?? []), one]);
  return found;
}

for (const [group, cases] of groups) {
  describe(`packets: ${group}`, () => {
    let found: Map<PacketCase, string | undefined>;
    before(async () => {
      found = await shoot(cases);
    });
    const check = (one: PacketCase) => {
      const problem = found.get(one);
      count(group, problem);
      return problem === undefined ? [] : [`${one.name}: ${problem}`];
    };
    if (inFull) for (const one of cases) test(one.name, () => assert.deepEqual(check(one), []));
    else test(`${cases.length} cases`, () => assert.deepEqual(cases.flatMap(check), []));
  });
}

const FORBIDDEN_SOURCE = Buffer.from(FORBIDDEN[4].split(".").map(Number));
let lastPort = 32_767;
const flow = (source: string, to: number) => {
  // Ports of Linux clients, again and again.
  lastPort = lastPort === 60_999 ? 32_768 : lastPort + 1;
  return tcp4(source, [lastPort, to], SYN);
};

/** Sends forbidden packets, one every two milliseconds, until the work is done, and a little longer. */
async function underFire(work: () => Promise<unknown>): Promise<number> {
  let done = false;
  const ended = work().finally(() => {
    done = true;
  });
  let passed = 0;
  for (let rounds = 25; rounds > 0; rounds -= done ? 1 : 0) {
    await guest.outside.send(
      Array.from({ length: 10 }, () => ["ex", flow(FORBIDDEN[4], 22)] as const),
    );
    const seen = await guest.outside.take(1, 0.02);
    passed += seen.filter(({ frame }) => frame.includes(FORBIDDEN_SOURCE)).length;
  }
  await ended;
  return passed;
}

async function strike(one: FaultCase): Promise<void> {
  const { line, userData, events, metadata, request, slow, frames, reboot } = one;
  if (reboot) await guest.reboot();
  if (frames !== undefined) await guest.outside.send(frames().map((frame) => ["ex", frame]));
  if (line !== undefined) await guest.sh(`${line} || true`);
  if (request !== undefined) await askProbe(request);
  if ([userData, events, metadata, slow].every((part) => part === undefined)) return;
  if (slow !== undefined) await guest.outside.slowCallers(slow);
  if (userData !== undefined) await guest.outside.userData(userData);
  if (events !== undefined) await guest.outside.events(events);
  if (metadata !== undefined) await guest.outside.metadata(metadata);
  await new Promise((resolve) => setTimeout(resolve, STANDS * 1000));
  await guest.outside.metadata();
  const { userData: own, hash } = bundlePolicy(UNDER_ATTACK);
  await guest.outside.userData(own);
  await guest.inForce(hash, WHOLE);
  await guest.outside.events([]);
  await guest.outside.slowCallers(0);
}

/** Says something to the probe's port as the platform, and waits for the answer's end. */
async function askProbe(request: string): Promise<void> {
  const code = `
import socket, sys
link = socket.create_connection(("10.7.1.5", 8080), timeout=8, source_address=("168.63.129.16", 0))
try:
    link.sendall(sys.stdin.buffer.read())
    while link.recv(65536): pass
except OSError: pass`;
  const enter = ["ip", "netns", "exec", guest.outside.netns];
  await run([...enter, "python3", "-c", code], { input: request });
}

describe("faults", () => {
  for (const one of faultCases.filter(({ short }) => inFull || short)) {
    test(`${one.group}: ${one.name}: nothing forbidden passes, and the NVA is whole again`, async () => {
      try {
        // A machine that restarts has no wire for a moment.
        if (one.reboot) await strike(one);
        assert.equal(await underFire(() => (one.reboot ? Promise.resolve() : strike(one))), 0);
        await guest.outside.probeUntil(200, WHOLE);
        if (one.unit) await guest.active(one.unit, WHOLE);
        const opener = flow(ALLOWED[4], 80);
        await guest.outside.take(0, 0);
        await guest.outside.send([["ex", opener]]);
        const [seen] = await guest.outside.take(1, 5);
        assert.equal(seen?.frame.toString("hex"), opener.toString("hex"));
        count(one.group, undefined);
      } catch (cause) {
        count(one.group, String(cause));
        throw cause;
      }
    });
  }
});
