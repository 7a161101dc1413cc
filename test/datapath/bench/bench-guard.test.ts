/** The guard on speed: ours is within its limits, and what is made slow on purpose is not. */
import assert from "node:assert/strict";
import os from "node:os";
import { after, before, test } from "node:test";
import { bringUp, type Contender } from "../../../bench/dataPath/contenders";
import { type Amounts, shortLooks } from "../../../bench/dataPath/measures";
import { changePolicy } from "../../../bench/dataPath/policyChange";
import { breaches } from "../../../bench/guard";
import { takeRounds } from "../../../bench/harness/rounds";
import { largePolicy, randomNetworks } from "../../../bench/policies";
import { compilePolicy, planPolicy } from "../../../components/policy";
import { encodeBundle } from "../../../components/policy/bundle";
import { Undo } from "../../../lab/undo";

/** Many short rounds: a disturbance hits a few of them, and the median is of the others. */
const ROUNDS = 7;
const AMOUNTS: Amounts = { packets: 8000, connections: 8000, handshakes: 150 };
/** Made slow on purpose, each packet may take a hundred times as long. */
const FEW: Amounts = { packets: 2000, connections: 500, handshakes: 50 };

/** Networks of the set that are listed: enough, and quickly loaded. */
const LISTED = 1000;

const undo = new Undo();
let reference: Contender;
let ours: Contender;
before(async () => {
  const cpu = os.cpus().length - 1;
  const up = await bringUp(["reference", "oursLarge"], cpu, undo, () => undefined);
  const [first, second] = up;
  if (first === undefined || second?.guest === undefined) throw new Error("not up");
  [reference, ours] = [first, second];
});
after(() => undo.run());

async function found(rounds: number, amounts: Amounts): Promise<string[]> {
  const turns = [reference, ours].map((contender) => ({
    contender: contender.key,
    looks: shortLooks(contender, amounts),
  }));
  // What the machine disturbs is left to the median: the test has no time for repetitions.
  const { samples } = await takeRounds(turns, { rounds, repetitions: 1 });
  return breaches(samples, ours.key, reference.key);
}

async function load(bundle: Parameters<typeof changePolicy>[1]): Promise<void> {
  if (ours.guest === undefined) throw new Error("ours is a machine");
  await changePolicy(ours.guest, bundle);
}

test("500 rules and 10,000 networks cost what they may", async () => {
  assert.deepEqual(await found(ROUNDS, AMOUNTS), []);
});

test("a compiler without its tree is found out", async () => {
  await load(encodeBundle(compilePolicy(planPolicy(largePolicy()), Number.POSITIVE_INFINITY)));
  assert.match((await found(3, FEW)).join(), /starts a flow/);
});

test("a set that became a list of rules is found out", async () => {
  const compiled = compilePolicy(planPolicy(largePolicy()));
  const tunnel = "-m physdev --physdev-is-bridged --physdev-in vxlan-ex";
  const list = randomNetworks(LISTED).map((network) => `-A @-IN -s ${network} ${tunnel} -j DROP`);
  const chain = ":@-IN - [0:0]";
  assert.ok(compiled.filter4.includes(chain));
  const filter4 = compiled.filter4.replace(chain, [chain, ...list].join("\n"));
  await load(encodeBundle({ ...compiled, filter4 }));
  assert.match((await found(3, FEW)).join(), /starts a flow/);
});
