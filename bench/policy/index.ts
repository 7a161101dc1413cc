/** Cost of a policy by its size: one machine of ours that gets one policy after the other. */
import { bundlePolicy, type FirewallPolicy } from "../../components/policy";
import { bringUp, type Contender } from "../dataPath/contenders";
import { type Amounts, shortLooks } from "../dataPath/measures";
import { changePolicy } from "../dataPath/policyChange";
import { type Column, figureTable, format, markdownTable } from "../harness/figures";
import type { Context, Findings, Question } from "../harness/question";
import { type Turn, takeRounds } from "../harness/rounds";
import { largePolicy, NETWORKS, RULES, referencePolicy } from "../policies";

const ROUNDS = 4;
const AMOUNTS: Amounts = { packets: 30_000, connections: 30_000, handshakes: 300 };
const SLOW: Amounts = { packets: 500, connections: 500, handshakes: 100 };
const BASE = "reference";
const thousand = (value: number) => value.toLocaleString("en");

/** The policies, by key, in the order of the table. */
const policies: Record<string, { title: string; content: FirewallPolicy }> = {
  one: { title: "policy: the reference rule", content: referencePolicy },
  few: { title: "policy: a set of 10 networks", content: setOf(10) },
  many: { title: `policy: a set of ${thousand(NETWORKS)} networks`, content: setOf(NETWORKS) },
  rules: { title: `policy: ${RULES} rules`, content: largePolicy({ networks: 10 }) },
  large: {
    title: `policy: ${RULES} rules and a set of ${thousand(NETWORKS)} networks`,
    content: largePolicy(),
  },
};

export const policySize: Question = {
  name: "policy",
  about: "what a policy costs by its rules and networks: bundle, load, packets, connections",
  boxed: true,
  ask,
  show,
};

async function ask({ rounds = ROUNDS, only, cpu, undo, note }: Context): Promise<Findings> {
  const [reference, tree, linear, ours] = await bringUp(
    [BASE, "tree", "linear", "ours1"],
    cpu,
    undo,
    note,
  );
  if (!reference || !tree || !linear || !ours) throw new Error("not all contenders are up");
  const keys = Object.keys(policies).filter((key) => only?.includes(key) ?? true);
  const turns: Turn[] = [
    { contender: BASE, looks: shortLooks(reference, AMOUNTS) },
    ...keys.map((key) => turnOf(ours, key)),
    { contender: "tree", looks: shortLooks(tree, AMOUNTS) },
    { contender: "linear", looks: shortLooks(linear, SLOW) },
  ];
  const found = await takeRounds(turns, { rounds, note });
  const bundles = keys.map((key) => [`${key}Bytes`, bundleOf(key).bytes] as const);
  return {
    titles: {
      [BASE]: reference.title,
      ...Object.fromEntries(keys.map((key) => [key, policies[key]?.title ?? key])),
      tree: tree.title,
      linear: linear.title,
    },
    ...found,
    facts: Object.fromEntries(bundles),
  };
}

/** A policy that drops a set, and nothing else. */
function setOf(networks: number): FirewallPolicy {
  const { addressSets } = largePolicy({ networks });
  const [bad] = largePolicy({ networks: 1 }).rules;
  if (bad === undefined) throw new Error("the large policy begins with its set");
  return { rules: [bad], addressSets, defaultInbound: "allow", defaultOutbound: "allow" };
}

const bundleOf = (key: string) => bundlePolicy(policies[key]?.content ?? referencePolicy);

function turnOf(ours: Contender, key: string): Turn {
  const { guest } = ours;
  if (guest === undefined) throw new Error("ours is a machine");
  const bundle = bundleOf(key);
  return {
    contender: key,
    prepare: async () => ({ load: await changePolicy(guest, bundle) }),
    looks: shortLooks(ours, AMOUNTS),
  };
}

function show(results: Findings): string {
  const { facts = {}, titles, repeated, disturbed } = results;
  const perSecond = (nanoseconds: number) => 1e9 / nanoseconds;
  const columns: Column[] = [
    { head: "load, ms", figure: "load" },
    {
      ...{ head: "TCP connect p50, µs", figure: "handshake", digits: 1, against: BASE },
      convert: (nanoseconds) => nanoseconds / 1000,
    },
    { head: "packets/s, 64 bytes", figure: "packet64", convert: perSecond, against: BASE },
    { head: "new connections/s", figure: "connection", convert: perSecond, against: BASE },
  ];
  const bytes = Object.entries(facts).map(([name, value]) => {
    const key = name.replace(/Bytes$/, "");
    return [titles[key] ?? key, format(Number(value), 0)];
  });
  return [
    figureTable(results, columns),
    markdownTable(["", "userData, bytes"], bytes),
    `${repeated} looks were repeated because the machine was busy, ${disturbed} stayed disturbed.`,
  ].join("\n\n");
}
