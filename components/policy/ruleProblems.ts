/** The problems of one rule. */
import { LIMIT } from "../../nva-cloud-init/contract/contract";
import type { Family } from "../azure/addresses";
import type { Findings } from "../check/findings";
import { familiesOf } from "./fields/addresses";
import { FIELD_LIST } from "./fields/index";
import { RuleAction, RuleDirection } from "./policy";

const RULE_FIELDS = [
  ...["name", "action", "direction", ...FIELD_LIST.map(([name]) => name)],
  ...["log", "rateLimit"],
];
const RATE_FIELDS = ["perSecond", "burst", "perSource"];

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
    findings.name(rule.name, `${path}.name`, LIMIT.name);
    findings.choice(rule.action, `${path}.action`, RuleAction, true);
    findings.choice(rule.direction, `${path}.direction`, RuleDirection, true);
    const families = this.#families(rule, path);
    for (const [name, field] of FIELD_LIST) {
      if (rule[name] === undefined) continue;
      const { sets } = this;
      field.check(rule[name], `${path}.${name}`, { fields: rule, sets, families, findings });
    }
    findings.boolean(rule.log, `${path}.log`);
    if (this.trial && rule.action === "drop" && rule.log === false) {
      const wayOut = "leave log out, or set the mode to enforce";
      const clash = "contradicts mode: trial, which records what this rule would drop";
      findings.add(`${path}.log`, false, clash, wayOut);
    }
    if (rule.rateLimit !== undefined) this.#checkRate(rule, `${path}.rateLimit`);
  }

  /** The families that both ends leave; a problem if each end has some and they share none. */
  #families(rule: Record<string, unknown>, path: string): Set<Family> {
    const [sources, destinations] = [rule.sources, rule.destinations].map((list) =>
      familiesOf(list, this.sets),
    );
    const both: Family[] = [4, 6];
    const families = new Set(
      both.filter(
        (family) => sources?.has(family) !== false && destinations?.has(family) !== false,
      ),
    );
    if (sources?.size && destinations?.size && families.size === 0) {
      const must = "must have addresses of one family at both ends";
      const got = `IPv${[...sources].join()} sources, IPv${[...destinations].join()} destinations`;
      this.findings.add(path, got, must, "write a rule for each family");
    }
    return families;
  }

  #checkRate({ action, rateLimit }: Record<string, unknown>, path: string): void {
    const { findings } = this;
    if (action === RuleAction.Drop) {
      const wayOut = "limit an allow rule: what is over its limit is dropped";
      findings.add(path, rateLimit, "is for allow rules, not for drop", wayOut);
    }
    if (!findings.record(rateLimit, path, RATE_FIELDS)) return;
    const wayOut = "it counts new flows a second";
    findings.integer(rateLimit.perSecond, `${path}.perSecond`, 1, LIMIT.rate, wayOut);
    if (rateLimit.burst !== undefined) {
      findings.integer(rateLimit.burst, `${path}.burst`, 1, LIMIT.rate, "flows taken at once");
    }
    findings.boolean(rateLimit.perSource, `${path}.perSource`);
  }
}
