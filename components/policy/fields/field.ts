/** The parts of a match field: by what a rule chooses packets, in every place that reads it. */
import { MARK } from "../../../nva-cloud-init/contract/contract";
import type { Family } from "../../azure/addresses";
import type { Findings } from "../../check/findings";
import type { Packet } from "../packet";
import type { FirewallRule, RuleAction, RuleProtocol } from "../policy";
import { includes, type Range } from "../ranges";

/**
 * The parts of a rule that choose packets: all but its name, its verdict and the verdict's
 * options.
 */
export type FieldName = Exclude<
  keyof FirewallRule,
  "name" | "action" | "direction" | "log" | "rateLimit"
>;

/** A rule of which nothing is known yet, with what its fields are checked against. */
export interface UncheckedRule {
  fields: Record<string, unknown>;
  /** Address sets of the policy, unchecked. */
  sets: Record<string, unknown>;
  /** Families that the rule's addresses leave. */
  families: ReadonlySet<Family>;
  findings: Findings;
}

/** The values that a field may look at when it is planned for a family. */
export interface Scope {
  family: Family;
  /** Addresses, networks and names of sets as ranges of the family. */
  addresses: (texts: readonly string[]) => readonly Range[];
}

/** The lines of iptables that a field is written into. */
export interface Line {
  family: Family;
  action: RuleAction;
  protocol: RuleProtocol;
  stateful: boolean;
  /** The bit of the packet's mark that an address list has, as `0x1`. */
  bitOf: (side: "source" | "destination", list: readonly Range[]) => string;
}

/** A part of a line, by its place: the rule's ends, its protocol, and what follows the tunnel. */
export interface Match {
  ends?: string;
  protocol?: string;
  mark?: string;
  detail?: string;
}

/** Packets by one property, as numbers: what regions of packets are products of. */
export interface Axis<Planned> {
  /** Every value; a single one for packets without the property. */
  whole(protocol: Packet["protocol"], family: Family): readonly Range[];
  /** Values that a rule takes, merged. */
  taken(planned: Planned): readonly Range[];
  /** The value of a packet that opens a flow. */
  of(packet: Packet): bigint;
  /** Values as a rule writes them. */
  written(ranges: readonly Range[], family: Family): string[];
  /** Values as a person reads them; default: as a rule writes them. */
  shown?(ranges: readonly Range[], family: Family): string[];
}

/**
 * One field of a rule. `Written` is what users write, `Planned` what it means in one family; an
 * absent field matches every packet.
 */
export interface MatchField<Written, Planned> {
  /** Adds the field's problems; `written` may be anything. */
  check(written: unknown, path: string, rule: UncheckedRule): void;
  /** Its meaning in a family; undefined where it can match nothing. */
  plan(written: Written, scope: Scope): Planned | undefined;
  /** Alternatives that together match the packets that open a flow. */
  opener(planned: Planned, line: Line): Match[];
  /** Alternatives that match the answers to such packets; none where nothing answers. */
  answer(planned: Planned, line: Line): Match[];
  /** The evaluator's test of a packet that opens a flow; the reference for `opener`. */
  matches(planned: Planned, packet: Packet, action: RuleAction): boolean;
  /** Why a rule does not match, such as `another port`. */
  mismatch: string;
  axis: Axis<Planned>;
  /**
   * Options of iptables that say this field: what a rule writes for their value. They throw with
   * what a rule cannot say; undefined stands for every packet.
   */
  options: Readonly<Record<string, (value: string, negated: boolean) => Written | undefined>>;
  /**
   * The part of a packet that a word describes, such as `echo-request`; undefined if none.
   */
  read(word: string, packet: Packet): Partial<Packet> | undefined;
  /** The field in a sentence; empty where it says nothing. */
  words(entries: readonly string[] | undefined): string;
}

/** The evaluator's test by an axis. */
export const onAxis =
  <Planned>({ taken, of }: Axis<Planned>) =>
  (planned: Planned, packet: Packet): boolean =>
    includes(taken(planned), of(packet));

/** The one value of packets without a property. */
export const NONE: readonly Range[] = [{ first: 0n, last: 0n }];

const RUNNING_BIT = `0x${MARK.running.toString(16)}`;
/** Matches of the mark that the NVA sets on packets of flows that an earlier policy let start. */
export const RUNNING = {
  yes: ` -m mark --mark ${RUNNING_BIT}/${RUNNING_BIT}`,
  not: ` -m mark --mark 0x0/${RUNNING_BIT}`,
} as const;

/** For fields of which no word tells. */
export const untold = (): undefined => undefined;
