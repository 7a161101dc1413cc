/** A hundred policies, one after another, under load: nothing leaks, nothing allowed is lost. */
import assert from "node:assert/strict";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { bundlePolicy, type FirewallPolicy, type FirewallRule } from "../../../components/policy";
import { run, start } from "../../../lab/run";
import { KernelJudge, policyMachine } from "../../support/policyMachine";

interface Outcome {
  opened: number;
  forbidden: number;
  said: number;
  gap: number;
  slow: number[];
  failed: string[];
  held: string;
  leaked: number;
}

const CHANGES = 100;

const web: FirewallRule = {
  name: "web",
  action: "allow",
  direction: "inbound",
  protocol: "tcp",
  ports: ["80"],
};
const shut: FirewallRule = {
  name: "shut",
  action: "drop",
  direction: "inbound",
  protocol: "tcp",
  ports: ["81"],
};
const listed: FirewallRule = {
  name: "listed",
  action: "drop",
  direction: "inbound",
  sources: ["bad"],
};
const addressSets = { bad: Array.from({ length: 50 }, (_, n) => `100.64.${2 * n}.0/24`) };

/** Policies that agree about ports 80 and 81 and about nothing else. */
const policies: FirewallPolicy[] = [
  { rules: [web], defaultInbound: "drop", defaultOutbound: "drop" },
  { rules: [listed, shut, web], addressSets, defaultInbound: "allow", defaultOutbound: "allow" },
  { rules: [{ ...web, sources: ["10.9.0.0/24"] }, listed], addressSets, defaultOutbound: "allow" },
];

test("100 changes under 200 new connections a second", { timeout: 240_000 }, async () => {
  const machine = await policyMachine("c");
  for (const [netns, side, address] of [
    ["left-c", "ex", "10.9.0.1/24"],
    ["right-c", "in", "10.9.0.2/24"],
  ] as const) {
    await run(["ip", "netns", "add", netns]);
    await run(["ip", "-n", machine.peer, "link", "set", side, "netns", netns]);
    await run(["ip", "-n", netns, "address", "add", address, "dev", side]);
    await run(["ip", "-n", netns, "link", "set", side, "up"]);
  }
  // The judge wants its sockets in a namespace with these two devices.
  await run(["ip", "-n", machine.peer, "link", "add", "ex", "type", "veth", "peer", "name", "in"]);
  const bundles = policies.map((policy) => bundlePolicy(policy).userData);
  const judge = new KernelJudge(machine, 0.2);
  const load = start(
    [
      "python3",
      path.join(__dirname, "../..", "support", "changeLoad.py"),
      "left-c",
      "right-c",
      "10.9.0.2",
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  try {
    await judge.load(bundles[0] ?? "");
    assert.ok(load.stdout);
    const lines = createInterface({ input: load.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, "ready");
    const started = Date.now();
    for (let n = 1; n <= CHANGES; n += 1) await judge.load(bundles[n % bundles.length] ?? "");
    const seconds = (Date.now() - started) / 1000;
    load.stdin?.end();
    const outcome = JSON.parse(String((await lines.next()).value)) as Outcome;
    console.log(`${CHANGES} changes in ${seconds.toFixed(1)} s: ${JSON.stringify(outcome)}`);
    const { opened, forbidden, said, gap, ...bad } = outcome;
    assert.deepEqual(bad, { slow: [], failed: [], held: "", leaked: 0 });
    // The load was there: a busy machine may fall behind by half, not more.
    assert.ok(gap < 1 && opened > 100 * seconds && forbidden > 20 * seconds && said > 5 * seconds);
  } finally {
    judge.close();
    load.kill();
  }
});
