/**
 * The compiled policy does in the kernel what the reference evaluator says: packet for packet and
 * rule for rule. GWLB_CASES, GWLB_SEED and GWLB_PATH run more cases or a reported one again;
 * GWLB_SHRINK=no reports the first difference without making it smaller.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import {
  compilePolicy,
  diffPolicies,
  explainPacket,
  type FirewallPolicy,
  planPolicy,
  policyProblems,
} from "../../../components/policy";
import { encodeBundle } from "../../../components/policy/bundle";
import type { CompiledPolicy } from "../../../components/policy/compile";
import { FlowTable } from "../../../components/policy/evaluate";
import type { Packet } from "../../../components/policy/packet";
import { frameOf } from "../../support/frames";
import { describePacket, type FlowScript, flows, holds, policies } from "../../support/policies";
import { KernelJudge, type PolicyMachine, policyMachine } from "../../support/policyMachine";

/** Two policies, one after the other, over flows that live through the change. */
interface Case {
  policies: [FirewallPolicy, FirewallPolicy];
  flows: FlowScript[];
  /** Rules that a leaf of the compiled tree may have: few, so that short lists have trees too. */
  leaf: number;
}

/** 100 cases of two policies and about 100 packets each. */
const CASES = Number(process.env.GWLB_CASES ?? 100);
const SEED = Number(process.env.GWLB_SEED ?? Date.now() % 1_000_000);

const valid = policies.filter((policy) => policyProblems(policy).length === 0);
const cases: fc.Arbitrary<Case> = fc.record({
  policies: fc.tuple(valid, valid),
  leaf: fc.constantFrom(1, 3, 99),
  flows: fc.uniqueArray(flows, {
    minLength: 18,
    maxLength: 24,
    selector: ({ packets }) => endsOf(packets[0]),
  }),
});

/** The ends of a flow whichever way it is read: one flow in conntrack. */
const endsOf = (packet: Packet | undefined) =>
  packet === undefined
    ? ""
    : [
        packet.protocol,
        packet.icmp?.id,
        ...[
          `${packet.source}:${packet.ports?.source}`,
          `${packet.destination}:${packet.ports?.destination}`,
        ].sort(),
      ].join(" ");

let machine: PolicyMachine;
let kernel: KernelJudge | undefined;

before(async () => {
  machine = await policyMachine("d");
  kernel = new KernelJudge(machine);
});
after(() => kernel?.close());

/** Sends a case's packets; gives a line for each difference between evaluator and kernel. */
async function differences(
  { policies: pair, flows: scripts, leaf }: Case,
  compile: (policy: FirewallPolicy, leaf: number) => CompiledPolicy,
): Promise<string[]> {
  assert.ok(kernel);
  await kernel.forget();
  const plans = pair.map(planPolicy);
  const [firstPlan = planPolicy({ rules: [] })] = plans;
  const table = new FlowTable(firstPlan);
  const found: string[] = [];
  for (const [phase, policy] of pair.entries()) {
    await kernel.load(encodeBundle(compile(policy, leaf)).userData);
    const plan = plans[phase];
    if (phase > 0 && plan) table.change(plan);
    const packets = scripts.flatMap(({ packets: all, before: n }) =>
      phase === 0 ? all.slice(0, n) : all.slice(n),
    );
    const { passed, counters } = await kernel.send(
      packets.map((packet, id) => [
        packet.direction === "inbound" ? "ex" : "in",
        frameOf(packet, id),
      ]),
    );
    const expected = new Map<string, number>();
    packets.forEach((packet, index) => {
      const verdict = table.next(packet);
      expected.set(verdict.rule, (expected.get(verdict.rule) ?? 0) + 1);
      if (verdict.passes === passed[index]) return;
      found.push(
        `policy ${phase}, ${describePacket(packet)}: ${JSON.stringify(verdict)}, the kernel ${passed[index] ? "passes" : "drops"} it`,
      );
    });
    for (const rule of new Set([...Object.keys(counters), ...expected.keys()])) {
      const [want, got] = [expected.get(rule) ?? 0, counters[rule] ?? 0];
      if (want !== got)
        found.push(`policy ${phase}, rule ${rule}: ${want} packets expected, ${got} counted`);
    }
  }
  return found;
}

const compilePlain = (policy: FirewallPolicy, leaf: number) =>
  compilePolicy(planPolicy(policy), leaf);

test(`the kernel agrees with the evaluator (seed ${SEED})`, { timeout: 400_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (one) => {
      assert.deepEqual(await differences(one, compilePlain), []);
    }),
    {
      numRuns: CASES,
      seed: SEED,
      path: process.env.GWLB_PATH,
      includeErrorInReport: true,
      endOnFailure: process.env.GWLB_SHRINK === "no",
      interruptAfterTimeLimit: 240_000,
    },
  );
});

interface Tools {
  explain: typeof explainPacket;
  diff: typeof diffPolicies;
}
const tools: Tools = { explain: explainPacket, diff: diffPolicies };

/** What the tools tell a person of a packet that opens a flow, against what the kernel does. */
async function misleading(
  { policies: pair, flows: scripts, leaf }: Case,
  { explain, diff }: Tools = tools,
): Promise<string[]> {
  assert.ok(kernel);
  const judge = kernel;
  // Later packets follow their flow; errors and answers that come first have none to be explained.
  const first = scripts.flatMap(({ packets: [packet] }) =>
    packet !== undefined && opens(packet) ? [packet] : [],
  );
  const found: string[] = [];
  const seen: boolean[][] = [];
  for (const policy of pair) {
    await judge.forget();
    await judge.load(encodeBundle(compilePlain(policy, leaf)).userData);
    const frames = first.map(
      (packet, id) => [packet.direction === "inbound" ? "ex" : "in", frameOf(packet, id)] as const,
    );
    const { passed, counters } = await judge.send(frames);
    seen.push(passed);
    const explained = first.map((packet) => explain(policy, packet));
    explained.forEach(({ passes, rule }, n) => {
      if (passes === passed[n]) return;
      found.push(`${describeAt(first, n)}: explain says ${rule}, passes ${passes}`);
    });
    for (const [rule, count] of Object.entries(counters)) {
      const told = explained.filter((one) => one.rule === rule).length;
      if (told !== count) found.push(`${rule}: explained ${told} times, counted ${count}`);
    }
  }
  const changes = diff(...pair);
  first.forEach((packet, n) => {
    const told = changes.filter(({ region }) => holds(region, packet)).length;
    const changed = seen[0]?.[n] === seen[1]?.[n] ? 0 : 1;
    if (told !== changed) found.push(`${describeAt(first, n)}: in ${told} regions of the diff`);
  });
  return found;
}

const describeAt = (packets: readonly Packet[], n: number): string => {
  const packet = packets[n];
  return packet === undefined ? "" : describePacket(packet);
};

/** True for a packet that the kernel takes for a flow's first and not for an answer. */
const opens = ({ protocol, flags, icmp, family }: Packet): boolean =>
  protocol === "tcp"
    ? flags?.syn === true && flags.ack !== true
    : protocol !== "icmp" || icmp?.type === (family === 4 ? 8 : 128);

test(`diff and explain say what the kernel does (seed ${SEED})`, { timeout: 200_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (one) => assert.deepEqual(await misleading(one), [])),
    { numRuns: CASES, seed: SEED, includeErrorInReport: true, interruptAfterTimeLimit: 120_000 },
  );
});

/** Compilers that are wrong as real ones have been; each must be noticed within a few cases. */
const wrong: Record<string, (compiled: CompiledPolicy) => CompiledPolicy> = {
  "swaps the directions": onRules((line) =>
    line.replace(/vxlan-(ex|in)/, (_, side: string) => (side === "ex" ? "vxlan-in" : "vxlan-ex")),
  ),
  "is off by one port": onRules((line) =>
    line.replace(
      /(--dports? (?:[\d,:]*[,:])?)(\d+)/,
      (_, before: string, port: string) => before + Math.max(0, Number(port) - 1),
    ),
  ),
  "forgets IPv6": (compiled) => {
    const kept = (line: string) => !line.startsWith("-A") || line.includes("default-");
    return { ...compiled, filter6: compiled.filter6.split("\n").filter(kept).join("\n") };
  },
};

function onRules(change: (line: string) => string) {
  return (compiled: CompiledPolicy): CompiledPolicy => ({
    ...compiled,
    filter4: compiled.filter4.split("\n").map(change).join("\n"),
    filter6: compiled.filter6.split("\n").map(change).join("\n"),
  });
}

for (const [title, mutate] of Object.entries(wrong)) {
  test(`a compiler that ${title} is caught`, { timeout: 120_000 }, async () => {
    const run = fc.check(
      fc.asyncProperty(cases, async (one) => {
        const mutated = (policy: FirewallPolicy, leaf: number) =>
          mutate(compilePlain(policy, leaf));
        assert.deepEqual(await differences(one, mutated), []);
      }),
      { numRuns: CASES, seed: SEED, endOnFailure: true },
    );
    assert.ok((await run).failed);
  });
}

test("a flow taken up by its answers does not let a SYN of the same ends in", async () => {
  assert.ok(kernel);
  const policy: FirewallPolicy = { rules: [], defaultInbound: "drop", defaultOutbound: "allow" };
  await kernel.forget();
  await kernel.load(encodeBundle(compilePlain(policy, 99)).userData);
  const answer: Packet = {
    ...{ family: 4, direction: "inbound", protocol: "tcp", source: 0x08080808n },
    ...{ destination: 0x14010101n, ports: { source: 80, destination: 40_000 } },
    flags: { ack: true },
  };
  const packets: Packet[] = [
    answer,
    { ...answer, flags: { syn: true } },
    answer,
    // What claims to open a flow to a closed port is judged so, wherever it comes from.
    { ...answer, ports: { source: 80, destination: 22 } },
  ];
  const { passed } = await kernel.send(packets.map((one, id) => ["ex", frameOf(one, id)]));
  const table = new FlowTable(planPolicy(policy));
  assert.deepEqual(
    passed,
    packets.map((one) => table.next(one).passes),
  );
  assert.deepEqual(passed, [true, false, true, false]);
});

/** Tools that are wrong where it is easily overlooked. */
const wrongTools: Record<string, Tools> = {
  "explains with the rules in another order": {
    ...tools,
    explain: (policy, packet) =>
      explainPacket({ ...policy, rules: policy.rules.toReversed() }, packet),
  },
  "compares only what comes in": {
    ...tools,
    diff: (...pair) => diffPolicies(...pair).filter(({ region }) => region.direction === "inbound"),
  },
};

for (const [title, mutated] of Object.entries(wrongTools)) {
  test(`a tool that ${title} is caught`, { timeout: 120_000 }, async () => {
    const run = fc.check(
      fc.asyncProperty(cases, async (one) => assert.deepEqual(await misleading(one, mutated), [])),
      { numRuns: CASES, seed: SEED, endOnFailure: true },
    );
    assert.ok((await run).failed);
  });
}
