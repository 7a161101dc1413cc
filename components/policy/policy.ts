/** The firewall policy as a user writes it: types, choices and limits. */

/** The fate of a packet that a rule matches. */
export const RuleAction = {
  /** It passes. */
  Allow: "allow",
  /** It is dropped; nobody is told. */
  Drop: "drop",
} as const;
export type RuleAction = (typeof RuleAction)[keyof typeof RuleAction];

/** Which way a flow is opened: `inbound` from the internet, `outbound` to the internet. */
export const RuleDirection = {
  /** Opened from the internet. */
  Inbound: "inbound",
  /** Opened by the workload. */
  Outbound: "outbound",
} as const;
export type RuleDirection = (typeof RuleDirection)[keyof typeof RuleDirection];

/** The protocol that a rule matches; `icmp` is ICMP for IPv4 and ICMPv6 for IPv6. */
export const RuleProtocol = {
  /** Every protocol of IP. */
  Any: "any",
  /** TCP. */
  Tcp: "tcp",
  /** UDP. */
  Udp: "udp",
  /** ICMP for IPv4, ICMPv6 for IPv6. */
  Icmp: "icmp",
} as const;
export type RuleProtocol = (typeof RuleProtocol)[keyof typeof RuleProtocol];

/** `enforce` does what the rules say; `trial` logs what would be dropped and drops nothing. */
export const PolicyMode = {
  /** The verdicts of the rules apply. */
  Enforce: "enforce",
  /** Packets that a rule would drop are logged, and pass. */
  Trial: "trial",
} as const;
export type PolicyMode = (typeof PolicyMode)[keyof typeof PolicyMode];

/** How many flows a rule lets start; what is over the limit is dropped. */
export interface RateLimit {
  /** New flows a second (packets, when the policy is not stateful), 1 to 10,000. */
  perSecond: number;
  /** Flows taken at once before the rate counts, 1 to 10,000; default: as many as `perSecond`. */
  burst?: number;
  /** True gives each source address a limit of its own; default: one limit for all of them. */
  perSource?: boolean;
}

/** One rule. The first rule that matches decides; what is left out matches everything. */
export interface FirewallRule {
  /** Names the rule in logs, counters and messages: lower-case letters, digits, `-`; at most 28. */
  name: string;
  /** The fate of packets that match. */
  action: RuleAction;
  /** Which way the flow is opened; answers belong to it. */
  direction: RuleDirection;
  /** Addresses, networks, or names of address sets; default: any. */
  sources?: string[];
  /** Addresses, networks, or names of address sets; default: any. */
  destinations?: string[];
  /** Protocol of the packet; default: any. */
  protocol?: RuleProtocol;
  /** Destination ports of TCP or UDP, `"22"` or `"8000-8100"`; default: any. */
  ports?: string[];
  /**
   * Source ports of TCP or UDP, `"53"` or `"1024-65535"`, each 1 to 65535; default: any. Another
   * protocol is an error.
   */
  sourcePorts?: string[];
  /**
   * Flags of the TCP packet that opens a flow, by class: `syn` (SYN alone), `syn-ack`, `ack` (ACK
   * alone), `fin` (with ACK) and `rst` (with or without); default: any. Packets with flags that no
   * stack sends together are dropped before any rule. A flow that runs, or whose answer is seen
   * first, counts as opened by a SYN. Another protocol than `tcp` is an error.
   */
  tcpFlags?: string[];
  /**
   * DSCP of the packet that opens a flow: `ef`, `cs0` to `cs7`, `af11` to `af43`, or a number from
   * `"0"` to `"63"`; default: any.
   */
  dscp?: string[];
  /**
   * ICMP types by name, or by number (`"8"`, `"3/4"`) where addresses tell the family; default:
   * any.
   */
  icmpTypes?: string[];
  /** True writes a record of each decision; default: no record. */
  log?: boolean;
  /** For `allow` only; default: no limit. */
  rateLimit?: RateLimit;
}

/** The policy of a gateway's NVAs. */
export interface FirewallPolicy {
  /** In the order of looking at them, at most 1,000; an empty list leaves the defaults. */
  rules: FirewallRule[];
  /**
   * Lists of addresses and networks, of both families if need be, that rules name; default: none.
   */
  addressSets?: Record<string, string[]>;
  /** For flows from the internet that no rule matches; default: drop. */
  defaultInbound?: RuleAction;
  /** For flows to the internet that no rule matches; default: drop. */
  defaultOutbound?: RuleAction;
  /** True writes a record of what the defaults drop; default: no record. */
  logDefaults?: boolean;
  /** Whether what the rules drop is dropped or only logged; default: enforce. */
  mode?: PolicyMode;
  /** False judges every packet by itself, answers included; default: a flow is judged once. */
  stateful?: boolean;
  /** False lets flows go on that a changed policy would not let start; default: they end. */
  endForbiddenFlows?: boolean;
}

/** Lets everything pass: what a provider does without a policy. */
export const PASS_ALL: FirewallPolicy = {
  rules: [],
  defaultInbound: RuleAction.Allow,
  defaultOutbound: RuleAction.Allow,
};

export const RULES_MAX = 1000;
/** Names that counters and records use for what no rule matched. */
export const DEFAULT_RULES = {
  inbound: "default-inbound",
  outbound: "default-outbound",
} as const satisfies Record<RuleDirection, string>;
