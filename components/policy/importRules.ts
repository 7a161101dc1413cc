/** A policy from the iptables-save of a hand-made NVA of the reference kind. */
import { formatNetwork, hasHostBits, parseNetwork } from "../azure/addresses";
import { TUNNEL_DEVICES } from "./compile";
import { DIRECTIONS } from "./plan";
import type {
  FirewallPolicy,
  FirewallRule,
  RuleAction,
  RuleDirection,
  RuleProtocol,
} from "./policy";

export interface ImportResult {
  policy: FirewallPolicy;
  /** Lines that a policy cannot say, each with its number and why; the policy lacks them. */
  left: { line: number; text: string; reason: string }[];
}

/**
 * Reads the FORWARD chain of the filter table. A rule that names no tunnel becomes one for each
 * direction; a rule that accepts established flows is what `stateful` does.
 */
export function importRules(
  save: string,
  devices: Record<RuleDirection, string> = TUNNEL_DEVICES,
): ImportResult {
  const rules: FirewallRule[] = [];
  const left: ImportResult["left"] = [];
  let byDefault: RuleAction = "allow";
  let table = "";
  let stateful = false;
  save.split("\n").forEach((text, index) => {
    if (text.startsWith("*")) table = text.slice(1).trim();
    if (table !== "filter") return;
    const policy = /^:FORWARD (ACCEPT|DROP)\b/.exec(text);
    if (policy) byDefault = policy[1] === "ACCEPT" ? "allow" : "drop";
    if (!/^(\[\d+:\d+\] )?-A /.test(text)) return;
    try {
      const read = readRule(words(text), devices);
      if (read === "stateful") stateful = true;
      else if (read !== undefined) rules.push(...nameRules(read, rules.length + 1));
    } catch (error) {
      left.push({ line: index + 1, text, reason: (error as Error).message });
    }
  });
  const policy = { rules, defaultInbound: byDefault, defaultOutbound: byDefault, stateful };
  return { policy, left };
}

type Draft = Omit<FirewallRule, "name" | "direction"> & {
  direction?: RuleDirection;
  name?: string;
};

function words(text: string): string[] {
  const found = text.replace(/^\[\d+:\d+\] /, "").match(/"[^"]*"|\S+/g) ?? [];
  return found.map((word) => word.replace(/^"|"$/g, ""));
}

/** One rule; undefined if it is of another chain, "stateful" if it accepts established flows. */
function readRule(
  [, chain, ...rest]: string[],
  devices: Record<RuleDirection, string>,
): Draft | "stateful" | undefined {
  if (chain !== "FORWARD") return undefined;
  const draft: Draft = { action: "drop" };
  let target: string | undefined;
  let states: string[] = [];
  for (let at = 0; at < rest.length; at += 1) {
    const option = rest[at] ?? "";
    const value = () => rest[++at] ?? "";
    if (option === "!") throw new Error("a negated match: write the rule for what it leaves out");
    if (option === "-m" || option === "--physdev-is-bridged") {
      if (option === "-m") value();
    } else if (option === "-j") target = value();
    else if (option === "--ctstate" || option === "--state") states = value().split(",");
    else if (!readMatch(draft, option, value, devices)) throw new Error(`the option ${option}`);
  }
  if (states.length > 0) {
    const flows = states.every((state) => state === "ESTABLISHED" || state === "RELATED");
    if (flows && target === "ACCEPT") return "stateful";
    throw new Error(`the state ${states.join()}`);
  }
  if (target !== "ACCEPT" && target !== "DROP") throw new Error(`the target ${target ?? "none"}`);
  return { ...draft, action: target === "ACCEPT" ? "allow" : "drop" };
}

/** Takes one option into the rule; false if a policy has no word for it. */
function readMatch(
  draft: Draft,
  option: string,
  value: () => string,
  devices: Record<RuleDirection, string>,
): boolean {
  switch (option) {
    case "-s":
      draft.sources = [address(value())];
      return true;
    case "-d":
      draft.destinations = [address(value())];
      return true;
    case "-p":
      draft.protocol = protocol(value());
      return true;
    case "--dport":
    case "--dports":
      draft.ports = value()
        .split(",")
        .map((ports) => ports.replace(":", "-"));
      return true;
    case "--icmp-type":
    case "--icmpv6-type":
      draft.icmpTypes = [value()];
      return true;
    case "--comment":
      draft.name = value();
      return true;
    case "--physdev-in":
    case "--physdev-out":
      draft.direction = direction(option, value(), devices);
      return true;
    default:
      return false;
  }
}

function address(text: string): string {
  const network = parseNetwork(text);
  if (network === undefined) throw new Error(`the address ${text}`);
  const written = hasHostBits(text) ? formatNetwork(network) : text;
  return written.replace(/\/(32|128)$/, (whole) =>
    whole === `/${network.family === 4 ? 32 : 128}` ? "" : whole,
  );
}

function protocol(text: string): RuleProtocol {
  if (text === "icmp" || text === "ipv6-icmp" || text === "icmpv6") return "icmp";
  if (text === "tcp" || text === "udp") return text;
  throw new Error(`the protocol ${text}`);
}

function direction(
  option: string,
  device: string,
  devices: Record<RuleDirection, string>,
): RuleDirection {
  const enters = DIRECTIONS.find((way) => devices[way] === device);
  if (enters === undefined) throw new Error(`the device ${device}`);
  if (option === "--physdev-in") return enters;
  return enters === "inbound" ? "outbound" : "inbound";
}

/** Gives a rule its direction, or makes one for each, and names them by comment or content. */
function nameRules({ direction: way, name, ...rule }: Draft, number: number): FirewallRule[] {
  const words =
    name ?? [rule.action, rule.protocol, rule.ports?.join("-")].filter(Boolean).join("-");
  const slug = words
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "");
  const ways = way === undefined ? DIRECTIONS : [way];
  return ways.map((each) => ({
    name: `${slug.slice(0, 18) || "rule"}-${number}${ways.length > 1 ? `-${each.slice(0, -5)}` : ""}`,
    direction: each,
    ...rule,
  }));
}
