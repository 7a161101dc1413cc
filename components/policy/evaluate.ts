/**
 * Verdicts of a policy on packets, without a kernel: the reference that the compiled rules are
 * compared with, and the base of explaining and comparing policies. Limits and records are left
 * out: a limit depends on time, and a record changes no verdict.
 */
import { COMMENT } from "../../nva-cloud-init/contract/contract";
import type { Family } from "../azure/addresses";
import { FIELD_LIST } from "./fields/index";
import { isMalformed, isSyn, openerOf, type Packet } from "./packet";
import type { PlannedRule, PolicyPlan } from "./plan";

/** Whether a packet passes, and what decided it. */
export interface Verdict {
  passes: boolean;
  /**
   * Name of the deciding rule, `flow` for a flow that was let start before, or `malformed` for a
   * packet that no policy is asked about.
   */
  rule: string;
  /** `answer`: judged by the flow that it answers, with ends and direction exchanged. */
  reading: "opener" | "answer";
}

/** The rule that decides about a flow's opener, and whether it passes. */
export function judge(plan: PolicyPlan, opener: Packet): { passes: boolean; rule: PlannedRule } {
  const list = plan.rules[opener.direction][opener.family];
  const rule = list.find((candidate) => mismatch(candidate, opener) === undefined);
  if (rule === undefined) throw new Error("the last rule of a list matches every packet");
  return { passes: plan.trial || rule.action === "allow", rule };
}

/**
 * True for a TCP packet of a flow whose start nobody saw that is read as an answer: it goes from a
 * service's port to one that clients use. Systems take their clients' ports from 32,768 up.
 */
export const fromService = ({ protocol, ports, flags }: Packet): boolean =>
  protocol === "tcp" &&
  !isSyn(flags) &&
  ports !== undefined &&
  ports.source < CLIENT_PORTS &&
  ports.destination >= CLIENT_PORTS;

/** Follows packets in order, flows and changes of policy included, as one NVA does. */
export class FlowTable {
  readonly #flows = new Map<string, Flow>();
  #generation = 0;
  #plan: PolicyPlan;

  constructor(plan: PolicyPlan) {
    this.#plan = plan;
    this.change(plan);
  }

  /** Puts another policy in force; flows are judged again when they send. */
  change(plan: PolicyPlan): void {
    this.#plan = plan;
    this.#generation += 1;
  }

  /** The fate of the next packet. */
  next(packet: Packet): Verdict {
    if (isMalformed(packet)) return { passes: false, rule: "malformed", reading: "opener" };
    const key = keyOf(packet);
    const reverse = keyOf(openerOf(packet) ?? packet);
    const known = this.#flows.get(key) ?? this.#flows.get(reverse);
    const reply = known !== undefined && known.key !== key;
    const verdict = this.#plan.stateful
      ? this.#nextOfFlow(packet, known, reply)
      : this.#judgeAs("opener", packet);
    // Conntrack has seen a packet that the rules drop later; it forgets only flows that never passed.
    if (known !== undefined) known.replied ||= reply;
    else if (verdict.passes && startsFlow(packet)) {
      const turned = this.#plan.stateful && verdict.reading === "answer";
      const generation = this.#plan.stateful ? this.#generation : 0;
      this.#flows.set(key, { key, generation, turned, replied: false });
    }
    return verdict;
  }

  #nextOfFlow(packet: Packet, known: Flow | undefined, reply: boolean): Verdict {
    if (known === undefined) {
      return this.#judgeAs(fromService(packet) ? "answer" : "opener", packet);
    }
    const syn = isSyn(packet.flags);
    const running = known.generation !== 0;
    const taken = this.#plan.endForbiddenFlows ? known.generation === this.#generation : running;
    if (taken && !(known.turned && syn))
      return { passes: true, rule: COMMENT.flow, reading: "opener" };
    // Which end opened the flow: conntrack's view, unless the flow was taken up by its answers.
    let turned = known.turned;
    if (syn) turned = reply;
    else if (!running && !known.replied && !reply && !turned) turned = fromService(packet);
    const reading = !syn && reply !== turned ? "answer" : "opener";
    const verdict = this.#judgeAs(reading, { ...packet, running });
    if (verdict.passes) Object.assign(known, { generation: this.#generation, turned });
    else if (this.#plan.endForbiddenFlows) known.generation = 0;
    return verdict;
  }

  #judgeAs(reading: Verdict["reading"], packet: Packet): Verdict {
    const opener = reading === "answer" ? openerOf(packet) : packet;
    const { passes, rule } = judge(this.#plan, opener ?? packet);
    return { passes, rule: rule.name, reading };
  }
}

interface Flow {
  /** The packet that conntrack saw first, as text. */
  key: string;
  /** The policy that let it start, counted from 1; 0 if none that is remembered did. */
  generation: number;
  /** True if the flow's opener is the end that did not send the first packet seen. */
  turned: boolean;
  replied: boolean;
}

const CLIENT_PORTS = 32_768;

/** IPv6's authentication header and "no next header": what is behind them is no flow of theirs. */
const WITHOUT_FLOWS = [51, 59];

/** True for packets that make conntrack remember a flow. */
function startsFlow({ protocol, number, family, icmp, flags = {} }: Packet): boolean {
  if (protocol === "tcp")
    return isSyn(flags) || (flags.ack === true && !flags.syn && !flags.fin && !flags.rst);
  if (protocol !== "icmp") return family === 4 || !WITHOUT_FLOWS.includes(number ?? 0);
  const queries: Record<Family, number[]> = { 4: [8, 13, 15, 17], 6: [128] };
  return icmp !== undefined && queries[family].includes(icmp.type);
}

function keyOf({ family, protocol, number, source, destination, ports, icmp }: Packet): string {
  const detail = icmp ? `${icmp.type}/${icmp.code ?? 0} ${icmp.id ?? 0}` : number;
  return `${family} ${protocol} ${source}:${ports?.source} ${destination}:${ports?.destination} ${detail}`;
}

/**
 * The first thing about a flow's opener that keeps a rule from matching; undefined if it matches.
 */
export function mismatch(rule: PlannedRule, packet: Packet): string | undefined {
  const found = FIELD_LIST.find(([name, { matches }]) => {
    const planned = rule[name];
    return planned !== undefined && !matches(planned, packet, rule.action);
  });
  return found?.[1].mismatch;
}
