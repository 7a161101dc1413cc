/** The problems of one rule and of the addresses that it names. */
import { type Family, formatNetwork, hasHostBits, parseNetwork } from "../azure/addresses";
import type { Findings } from "../check/findings";
import { ICMP_NAMES, isIcmpNumber, parseIcmpType, parsePorts } from "./fields";
import { RATE_MAX, RuleAction, RuleDirection, RuleProtocol } from "./policy";

const RULE_FIELDS = [
  ...["name", "action", "direction", "sources", "destinations", "protocol", "ports"],
  ...["icmpTypes", "log", "rateLimit"],
];
const RATE_FIELDS = ["perSecond", "burst", "perSource"];
const ENDS = ["sources", "destinations"] as const;

/** Checks an address or network; true if it can be used. */
export function checkNetwork(entry: unknown, path: string, findings: Findings): entry is string {
  const network = typeof entry === "string" ? parseNetwork(entry) : undefined;
  if (typeof entry !== "string" || network === undefined) {
    const rule = "must be an IPv4 or IPv6 address or network";
    findings.add(path, entry, rule, "for example 203.0.113.0/24 or 2001:db8::/32");
    return false;
  }
  if (hasHostBits(entry)) {
    const rule = "must be a network whose host bits are zero";
    const alone = entry.split("/")[0];
    findings.add(path, entry, rule, `write ${formatNetwork(network)}, or ${alone} for one address`);
    return false;
  }
  return true;
}

/** Checks rules against the sets and the mode of their policy. */
export class RuleChecker {
  constructor(
    readonly sets: Record<string, unknown>,
    readonly trial: boolean,
    readonly findings: Findings,
  ) {}

  check(rule: unknown, path: string): void {
    const { findings } = this;
    if (!findings.record(rule, path, RULE_FIELDS)) return;
    findings.name(rule.name, `${path}.name`);
    findings.choice(rule.action, `${path}.action`, RuleAction, true);
    findings.choice(rule.direction, `${path}.direction`, RuleDirection, true);
    const families = this.#checkAddresses(rule, path);
    findings.choice(rule.protocol, `${path}.protocol`, RuleProtocol);
    if (rule.ports !== undefined) this.#checkPorts(rule, `${path}.ports`);
    if (rule.icmpTypes !== undefined) this.#checkIcmp(rule, families, `${path}.icmpTypes`);
    findings.boolean(rule.log, `${path}.log`);
    if (this.trial && rule.action === "drop" && rule.log === false) {
      const wayOut = "leave log out, or set the mode to enforce";
      const clash = "contradicts mode: trial, which records what this rule would drop";
      findings.add(`${path}.log`, false, clash, wayOut);
    }
    if (rule.rateLimit !== undefined) this.#checkRate(rule, `${path}.rateLimit`);
  }

  /** Checks both ends; gives the families that the rule can match. */
  #checkAddresses(rule: Record<string, unknown>, path: string): Set<Family> {
    const ends = ENDS.map((end) =>
      rule[end] === undefined ? undefined : this.#checkEnd(rule[end], `${path}.${end}`),
    );
    const [sources, destinations] = ends;
    const both: Family[] = [4, 6];
    const families = new Set(
      both.filter((family) => ends.every((end) => end === undefined || end.has(family))),
    );
    if (sources?.size && destinations?.size && families.size === 0) {
      const rule = "must have addresses of one family at both ends";
      const got = `IPv${[...sources].join()} sources, IPv${[...destinations].join()} destinations`;
      this.findings.add(path, got, rule, "write a rule for each family");
    }
    return families;
  }

  /** Families of one end: those of its sets, and the one that its own addresses share. */
  #checkEnd(list: unknown, path: string): Set<Family> {
    const families = new Set<Family>();
    if (!this.findings.list(list, path, "an empty list matches nothing; leave it out for any")) {
      return families;
    }
    let own: { family: Family; index: number } | undefined;
    list.forEach((entry, index) => {
      const at = `${path}[${index}]`;
      if (typeof entry === "string" && Object.hasOwn(this.sets, entry)) {
        for (const family of this.#familiesOf(entry)) families.add(family);
        return;
      }
      if (typeof entry === "string" && /^[a-z][a-z0-9-]*$/i.test(entry)) {
        const known = Object.keys(this.sets).join(", ") || "none";
        const rule = "must be an address, a network or the name of an address set";
        this.findings.add(at, entry, rule, `the sets of this policy are: ${known}`);
        return;
      }
      const family = checkNetwork(entry, at, this.findings) && parseNetwork(entry)?.family;
      if (!family) return;
      families.add(family);
      own ??= { family, index };
      if (own.family !== family) {
        const rule = `must be of the family of ${path}[${own.index}], IPv${own.family}`;
        const wayOut = "write a rule for each family, or name an address set, which may hold both";
        this.findings.add(at, entry, rule, wayOut);
      }
    });
    return families;
  }

  #familiesOf(set: string): Family[] {
    const entries = this.sets[set];
    if (!Array.isArray(entries)) return [];
    return entries.flatMap((entry) =>
      typeof entry === "string" ? (parseNetwork(entry)?.family ?? []) : [],
    );
  }

  #checkPorts({ protocol, ports }: Record<string, unknown>, path: string): void {
    const { findings } = this;
    if (protocol !== RuleProtocol.Tcp && protocol !== RuleProtocol.Udp) {
      const wayOut =
        protocol === RuleProtocol.Icmp
          ? "use icmpTypes, or set the protocol to tcp or udp"
          : "set the protocol to tcp or udp";
      findings.add(path, ports, `is for tcp and udp, not for ${protocol ?? "any"}`, wayOut);
      return;
    }
    if (!findings.list(ports, path, "leave it out for every port")) return;
    ports.forEach((entry, index) => {
      const at = `${path}[${index}]`;
      const range = typeof entry === "string" ? parsePorts(entry) : undefined;
      if (range === undefined) {
        const rule = "must be a port or a range of ports, as text";
        findings.add(at, entry, rule, 'for example "22" or "8000-8100"');
      } else if (range.first < 1 || range.last > 65_535 || range.first > 65_535) {
        findings.add(at, entry, "must lie between 1 and 65535", "correct the number");
      } else if (range.first > range.last) {
        const rule = "must begin with the lower port";
        findings.add(at, entry, rule, `write "${range.last}-${range.first}"`);
      }
    });
  }

  #checkIcmp(
    { protocol, icmpTypes }: Record<string, unknown>,
    families: Set<Family>,
    path: string,
  ): void {
    const { findings } = this;
    if (protocol !== RuleProtocol.Icmp) {
      const rule = `is for protocol icmp, not for ${protocol ?? "any"}`;
      findings.add(path, icmpTypes, rule, "set the protocol to icmp, or leave icmpTypes out");
      return;
    }
    if (!findings.list(icmpTypes, path, "leave it out for every type")) return;
    icmpTypes.forEach((entry, index) => {
      const at = `${path}[${index}]`;
      const text = typeof entry === "string" ? entry : "";
      const known = ([4, 6] as const).filter((family) => parseIcmpType(text, family));
      if (known.length === 0) {
        const rule = "must be the name of an ICMP type, or a number up to 255 as text";
        findings.add(at, entry, rule, `the names are ${ICMP_NAMES.join(", ")}`);
      } else if (isIcmpNumber(text) && families.size > 1) {
        const rule = "must be a name where the rule is for IPv4 and IPv6, which number differently";
        findings.add(at, entry, rule, "use a name, or give sources or destinations of one family");
      } else if (families.size > 0 && !known.some((family) => families.has(family))) {
        const rule = "must be a type of the family of the rule's addresses";
        findings.add(at, entry, rule, `it is a type of IPv${known.join()} only`);
      }
    });
  }

  #checkRate({ action, rateLimit }: Record<string, unknown>, path: string): void {
    const { findings } = this;
    if (action === RuleAction.Drop) {
      const wayOut = "limit an allow rule: what is over its limit is dropped";
      findings.add(path, rateLimit, "is for allow rules, not for drop", wayOut);
    }
    if (!findings.record(rateLimit, path, RATE_FIELDS)) return;
    const wayOut = "it counts new flows a second";
    findings.integer(rateLimit.perSecond, `${path}.perSecond`, 1, RATE_MAX, wayOut);
    if (rateLimit.burst !== undefined) {
      findings.integer(rateLimit.burst, `${path}.burst`, 1, RATE_MAX, "flows taken at once");
    }
    findings.boolean(rateLimit.perSource, `${path}.perSource`);
  }
}
