/** Policy plan → what the guest loads: rules in the form of iptables-restore, and address sets. */

import {
  CHAIN,
  COMMENT,
  DEVICE,
  NFLOG,
  SET_BITS,
  VERDICT,
} from "../../nva-cloud-init/contract/contract";
import { bits, type Family, formatNetwork } from "../azure/addresses";
import { dispatchTree, LEAF_RULES, type Test, type Tree } from "./dispatch";
import { type Line, type Match, RUNNING } from "./fields/field";
import { FIELD_LIST } from "./fields/index";
import { DIRECTIONS, FAMILIES, type PlannedRule, type PolicyPlan } from "./plan";
import type { RateLimit, RuleDirection } from "./policy";
import { encodeRanges, type Range } from "./ranges";

/** One address list as the guest looks it up: members get their bit in the packet's mark. */
export interface CompiledSet {
  family: Family;
  /** Which end of the flow is looked up. */
  side: "source" | "destination";
  /** Bit of the mark, 0 to {@link SET_BITS} - 1; rules test it instead of addresses. */
  bit: number;
  /** As `encodeRanges` writes them. */
  ranges: string;
}

/**
 * The rules as the guest loads them. In the rules `@` stands for the guest's name of the generation
 * that they are loaded as, and `@-OK` for its chain that takes a flow.
 */
export interface CompiledPolicy {
  stateful: boolean;
  endForbiddenFlows: boolean;
  /** For iptables-restore and ip6tables-restore: chain declarations and rules, a line each. */
  filter4: string;
  filter6: string;
  sets: CompiledSet[];
}

/** The tunnels' devices on the NVA: a flow from the internet comes in by the first. */
export const TUNNEL_DEVICES = { inbound: DEVICE.external, outbound: DEVICE.internal } as const;
/** Most records that a rule with `log` writes. */
const LOG = { perSecond: 50, burst: 100 } as const;

/**
 * Compiles a plan; the same plan gives the same text, byte for byte. Lists of more than `leafRules`
 * rules (default: {@link LEAF_RULES}) are looked up by a tree.
 */
export function compilePolicy(plan: PolicyPlan, leafRules = LEAF_RULES): CompiledPolicy {
  const sets = new SetTable();
  const filter = (family: Family) =>
    DIRECTIONS.flatMap((direction) =>
      (plan.stateful ? [false, true] : [false]).flatMap((answer) =>
        chainOf(plan, { family, direction, answer }, sets, leafRules),
      ),
    );
  const [filter4 = "", filter6 = ""] = FAMILIES.map((family) => `${filter(family).join("\n")}\n`);
  const { stateful, endForbiddenFlows } = plan;
  return { stateful, endForbiddenFlows, filter4, filter6, sets: sets.compiled };
}

/** How many sets the family with the most of them needs: more than {@link SET_BITS} do not fit. */
export const setsNeeded = ({ sets }: CompiledPolicy): number =>
  Math.max(...FAMILIES.map((family) => sets.filter((set) => set.family === family).length));

/**
 * Which packets a chain judges: `answer` chains read a packet as the answer to the flow's opener.
 */
interface Reading {
  family: Family;
  direction: RuleDirection;
  answer: boolean;
}

/** Gives each distinct list of addresses, per family and side, a bit. */
class SetTable {
  readonly compiled: CompiledSet[] = [];
  readonly #bits = new Map<string, number>();
  readonly #used: Record<Family, number> = { 4: 0, 6: 0 };

  bitOf(family: Family, side: CompiledSet["side"], list: readonly Range[]): number {
    const ranges = encodeRanges(list);
    const key = `${family} ${side} ${ranges}`;
    const known = this.#bits.get(key);
    if (known !== undefined) return known;
    const bit = this.#used[family]++;
    this.#bits.set(key, bit);
    this.compiled.push({ family, side, bit, ranges });
    return bit;
  }
}

/**
 * The chain of one reading, with a chain of its own for each rule that takes several lines, and a
 * tree in front of a long list.
 */
function chainOf(plan: PolicyPlan, reading: Reading, sets: SetTable, leafRules: number): string[] {
  const { direction, answer } = reading;
  const chain = CHAIN[answer ? (`${direction}Answer` as const) : direction];
  const rules = plan.rules[direction][reading.family];
  // Answers are judged when a policy changes or a neighbour died, not with each new flow.
  const leaf = answer ? rules.length : leafRules;
  const tree = dispatchTree(rules, reading.family, leaf);
  const own: string[] = [];
  const bodies = rules.map((rule, index): ((at: string) => string[]) => {
    const matches = matchesOf(plan, rule, reading, sets);
    // A rule in several leaves has one verdict, so that its limits and records are the rule's.
    const copied = tree.branches !== undefined && rule.log;
    if (matches.length === 0) return () => [];
    if (matches.length === 1 && rule.rateLimit === undefined && !copied) {
      return (at) => decide(plan, rule, reading, `-A ${at}${matches[0]}`);
    }
    const name = `${chain}-${index}`;
    own.push(`:${name} - [0:0]`, ...decide(plan, rule, reading, `-A ${name}`));
    return (at) => matches.map((match) => `-A ${at}${match} -g ${name}`);
  });
  return [...treeLines(tree, chain, reading.family, bodies), ...own];
}

/** The lines of a tree: a chain per node, each test going to its branch. */
function treeLines(
  root: Tree,
  chain: string,
  family: Family,
  bodies: ((at: string) => string[])[],
): string[] {
  const lines: string[] = [];
  let count = 0;
  const write = (tree: Tree, at: string): void => {
    lines.push(`:${at} - [0:0]`);
    if (tree.branches === undefined) {
      lines.push(...tree.rules.flatMap((place) => bodies[place]?.(at) ?? []));
      return;
    }
    const targets = tree.branches.map(({ test, tree: branch }) => {
      const to = `${chain}-T${count++}`;
      return { line: `-A ${at}${testMatch(test, family)} -g ${to}`, to, branch };
    });
    const rest = `${chain}-T${count++}`;
    lines.push(...targets.map(({ line }) => line), `-A ${at} -g ${rest}`);
    for (const { to, branch } of targets) write(branch, to);
    write(tree.rest, rest);
  };
  write(root, chain);
  return lines;
}

function testMatch({ field, protocol, last, block }: Test, family: Family): string {
  if (block !== undefined) {
    const size = bits(family) - block.prefix;
    const end = block.first + (1n << BigInt(size)) - 1n;
    const network = { family, first: block.first, last: end, prefix: block.prefix };
    return ` ${field === "source" ? "-s" : "-d"} ${formatNetwork(network)}`;
  }
  const name = protocol === "icmp" && family === 6 ? "ipv6-icmp" : protocol;
  return ` -p ${name}${last === undefined ? "" : ` -m ${protocol} --dport 0:${last}`}`;
}

/** Every line's match for a rule: one, or the product of the alternatives of its fields. */
function matchesOf(
  { stateful }: PolicyPlan,
  rule: PlannedRule,
  { family, direction, answer }: Reading,
  sets: SetTable,
): string[] {
  const line: Line = {
    ...{ family, stateful, action: rule.action, protocol: rule.protocol ?? "any" },
    bitOf: (side, list) => `0x${(1 << sets.bitOf(family, side, list)).toString(16)}`,
  };
  // An answer comes in by the tunnel that the flow's opener leaves by.
  const device = TUNNEL_DEVICES[answer ? other(direction) : direction];
  const tunnel = ` -m physdev --physdev-is-bridged --physdev-in ${device}`;
  let product: Required<Match>[] = [{ ends: "", protocol: "", mark: "", detail: "" }];
  for (const [name, field] of FIELD_LIST) {
    const planned = rule[name];
    if (planned === undefined) continue;
    const matches = answer ? field.answer(planned, line) : field.opener(planned, line);
    product = product.flatMap((before) => matches.map((match) => joined(before, match)));
  }
  return product.map(
    ({ ends, protocol, mark, detail }) => `${ends}${protocol}${tunnel}${mark}${detail}`,
  );
}

const joined = (before: Required<Match>, { ends, protocol, mark, detail }: Match) => ({
  ends: before.ends + (ends ?? ""),
  protocol: before.protocol + (protocol ?? ""),
  mark: before.mark + (mark ?? ""),
  detail: before.detail + (detail ?? ""),
});

/** The lines that act on what a match takes: the record, the limit, the verdict. */
function decide(plan: PolicyPlan, rule: PlannedRule, reading: Reading, line: string): string[] {
  const allow = plan.stateful ? `-g ${CHAIN.take}` : "-j ACCEPT";
  const comment = (text: string) => ` -m comment --comment ${text}`;
  const log = (verdict: string) =>
    `${line}${comment(COMMENT.log + rule.name)} -m limit --limit ${LOG.perSecond}/second ` +
    `--limit-burst ${LOG.burst} -j NFLOG --nflog-group ${NFLOG.recordsGroup} ` +
    `--nflog-size ${NFLOG.recordBytes} --nflog-prefix ${verdict}${VERDICT.separator}${rule.name}`;
  const drop = (name: string) =>
    plan.trial
      ? [log(VERDICT.trial), `${line}${comment(name)} ${allow}`]
      : [...(rule.log ? [log(VERDICT.drop)] : []), `${line}${comment(name)} -j DROP`];
  if (rule.action === "drop") return drop(rule.name);
  if (rule.rateLimit === undefined) {
    return [...(rule.log ? [log(VERDICT.allow)] : []), `${line}${comment(rule.name)} ${allow}`];
  }
  return [
    // The limit is on flows that start: one that runs while a new policy is loaded goes on.
    ...(plan.stateful ? [`${line}${RUNNING.yes}${comment(rule.name)} ${allow}`] : []),
    `${line}${limitMatch(rule.name, rule.rateLimit, reading)}${comment(rule.name)} ${allow}`,
    // A limit counts whatever looks at it, so records are written for what it refuses only.
    ...drop(COMMENT.over + rule.name),
  ];
}

function limitMatch(
  name: string,
  { perSecond, burst, perSource }: Required<RateLimit>,
  { answer }: Reading,
): string {
  if (!perSource) return ` -m limit --limit ${perSecond}/second --limit-burst ${burst}`;
  // The kernel shares what it counted between limits of one name, hence a name per generation.
  return (
    ` -m hashlimit --hashlimit-upto ${perSecond}/second --hashlimit-burst ${burst} ` +
    `--hashlimit-mode ${answer ? "dstip" : "srcip"} --hashlimit-name @-${answer ? "R-" : ""}${name}`
  );
}

const other = (direction: RuleDirection): RuleDirection =>
  direction === "inbound" ? "outbound" : "inbound";
