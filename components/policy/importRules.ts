/**
 * A policy from the iptables-save of a hand-made NVA. It never lets pass what the file does not:
 * what it cannot take exactly it names, and makes stricter.
 */
import { DEVICE } from "../../nva-cloud-init/contract/contract";
import { TUNNEL_DEVICES } from "./compile";
import { diffPolicies } from "./diff";
import { type Draft, type ImportDevices, meet, type Reading, readLine } from "./importLine";
import { readSave, type Save, type SavedLine } from "./importSave";
import { DIRECTIONS } from "./plan";
import type { FirewallPolicy, FirewallRule, RuleAction, RuleDirection } from "./policy";

/** Something about a line of the file. */
export interface ImportNote {
  line: number;
  text: string;
  reason: string;
}

export interface ImportResult {
  policy: FirewallPolicy;
  /** For each rule of the policy, the line that it comes from. */
  lines: number[];
  /** Lines that a policy cannot say; the policy is stricter than the file there. */
  left: ImportNote[];
  /** Lines that were taken, with what is different for the ends of a flow. */
  notes: ImportNote[];
}

/** One decision of the FORWARD chain, with the chains that it jumps to followed. */
interface Entry {
  saved: SavedLine;
  draft: Draft;
  does: RuleAction | "log";
  states?: readonly string[];
  comment?: string;
}

/**
 * Reads the FORWARD chain of the filter table and the chains that it jumps to. A rule that names no
 * tunnel becomes one for each direction. Throws if the text is no iptables-save.
 */
export function importRules(save: string, devices: Partial<ImportDevices> = {}): ImportResult {
  const read = readSave(save);
  const walk = new Walk(read, { ...TUNNEL_DEVICES, bridge: DEVICE.bridge, ...devices });
  walk.follow("FORWARD", {}, []);
  const left = [...walk.left, ...outside(read)];
  const notes = [...walk.notes];
  const built = buildPolicy(walk.entries, read.byDefault, left, notes);
  return { ...built, left: inOrder(left), notes: inOrder(notes) };
}

const inOrder = (list: ImportNote[]) => list.sort((a, b) => a.line - b.line);

const note = ({ line, text }: SavedLine, reason: string): ImportNote => ({ line, text, reason });

const outside = ({ others }: Save) =>
  others.map((saved) => note(saved, `the table ${saved.table}, which no policy has`));

/** Targets that let the packet go on to the next rule, changed or noted. */
const PASSING_ON =
  /^(MARK|CONNMARK|CONNSECMARK|SECMARK|CLASSIFY|TCPMSS|TOS|DSCP|TTL|HL|ECN|TRACE|ULOG|AUDIT|CHECKSUM|TCPOPTSTRIP)$/;

class Walk {
  readonly entries: Entry[] = [];
  readonly left: ImportNote[] = [];
  readonly notes: ImportNote[] = [];

  constructor(
    readonly save: Save,
    readonly devices: ImportDevices,
  ) {}

  /**
   * Takes the rules of a chain that packets of `above` come to; `beyond` is what a policy cannot say
   * about them. Such packets are fewer than `above`: what they are dropped for may be widened, what
   * they pass for may not.
   */
  follow(
    chain: string,
    above: Draft,
    beyond: readonly string[],
    open: readonly string[] = [],
  ): void {
    let unsure = beyond;
    for (const saved of this.save.chains.get(chain) ?? []) {
      const reading = readLine(saved, this.devices);
      const draft = meet(above, reading.draft);
      if (draft === undefined) continue;
      const own = reading.target === "RETURN" && reading.beyond.length === 0;
      if (own && isEverything(reading)) return;
      if (reading.target === "RETURN") {
        const reason = [...reading.beyond, "a RETURN for some packets"].join("; ");
        this.left.push(note(saved, reason));
        unsure = [...unsure, `what line ${saved.line} leaves of this chain`];
      } else this.#take(reading, draft, [...unsure, ...reading.beyond], [...open, chain]);
    }
  }

  #take(reading: Reading, draft: Draft, beyond: readonly string[], open: readonly string[]): void {
    const { saved, target, states, comment } = reading;
    const known = { saved, draft, states, comment };
    const log = target === "LOG" || target === "NFLOG";
    const unsaid = [...beyond, ...(reading.limited && !log ? ["a limit"] : [])];
    if (target === undefined) return;
    if (this.save.chains.has(target)) {
      if (states !== undefined) unsaid.push("a state in front of a chain");
      if (open.includes(target)) throw new Error(`line ${saved.line} jumps in a circle`);
      this.follow(target, draft, unsaid, open);
      return;
    }
    if (log && unsaid.length === 0) {
      this.entries.push({ ...known, does: "log" });
      return;
    }
    const drops = target === "DROP" || target === "REJECT";
    if (target !== "ACCEPT" && !drops) unsaid.push(`the target ${target}`);
    if (unsaid.length > 0) this.left.push(note(saved, unsaid.join("; ")));
    else if (target === "REJECT") {
      this.notes.push(note(saved, "REJECT becomes drop: nobody is told"));
    }
    if (target === "ACCEPT" && unsaid.length === 0) this.entries.push({ ...known, does: "allow" });
    // An unknown target may drop; so does the policy.
    if (drops || (target !== "ACCEPT" && !log && !PASSING_ON.test(target))) {
      this.entries.push({ ...known, does: "drop" });
    }
  }
}

const isEverything = ({ draft, states, limited }: Reading): boolean =>
  Object.keys(draft).length === 0 && states === undefined && !limited;

/** The policy of decisions in order; adds what it cannot say to `left`. */
function buildPolicy(
  entries: readonly Entry[],
  byDefault: RuleAction,
  left: ImportNote[],
  notes: ImportNote[],
): Pick<ImportResult, "policy" | "lines"> {
  const established = entries.filter(takesFlows);
  const stateful = DIRECTIONS.every((way) =>
    established.some(({ draft }) => (draft.direction ?? way) === way),
  );
  const rules: { rule: FirewallRule; line: number; entry: Entry }[] = [];
  const logs: Entry[] = [];
  for (const entry of entries) {
    if (stateful && takesFlows(entry)) continue;
    const reason = stateReason(entry, stateful);
    if (reason === "taken") {
      notes.push(
        note(entry.saved, "the NVA judges such packets by the rules, as what opens a flow"),
      );
      continue;
    }
    if (reason !== undefined) left.push(note(entry.saved, reason));
    if (reason !== undefined && entry.does !== "drop") continue;
    if (entry.does === "log") logs.push(entry);
    else {
      const log = takeLogs(logs, entry);
      for (const rule of named(entry, entry.does, log, rules.length + 1)) {
        rules.push({ rule, line: entry.saved.line, entry });
      }
    }
  }
  const policy: FirewallPolicy = {
    rules: rules.map(({ rule }) => rule),
    ...{ defaultInbound: byDefault, defaultOutbound: byDefault, stateful },
  };
  if (logs.some((entry) => sameMatch(entry, { draft: {} }))) policy.logDefaults = true;
  for (const { saved, draft } of logs) {
    if (Object.keys(draft).length > 0) {
      left.push(note(saved, "a LOG without a later rule for the same packets"));
    }
  }
  const lines = rules.map(({ line }) => line);
  if (!stateful) return { policy, lines };
  const last = Math.max(...established.map(({ saved }) => saved.line));
  const early = rules.filter(({ rule, line }) => rule.action === "drop" && line < last);
  return withAnswers(policy, lines, early, left);
}

/** True for a line that lets the packets of running flows pass, and their errors, as a policy does. */
function takesFlows({ does, draft, states }: Entry): boolean {
  const { direction: _, ...rest } = draft;
  const known = [...(states ?? [])].sort().join();
  return does === "allow" && known === "ESTABLISHED,RELATED" && Object.keys(rest).length === 0;
}

/** Why a policy cannot say the states of a line; `taken` if the line is the NVA's own behaviour. */
function stateReason({ states, does }: Entry, stateful: boolean): string | undefined {
  if (states === undefined) return undefined;
  if (!stateful)
    return `the state ${states.join()}, without a line that accepts RELATED,ESTABLISHED`;
  if (states.every((state) => state === "INVALID") && does === "drop") return "taken";
  if (
    states.includes("NEW") &&
    states.every((state) => /^(NEW|RELATED|ESTABLISHED)$/.test(state))
  ) {
    return undefined;
  }
  return `the state ${states.join()}`;
}

/** True if a record that was asked for before is about the same packets; takes it off the list. */
function takeLogs(logs: Entry[], entry: Entry): boolean {
  const found = logs.filter((log) => sameMatch(log, entry));
  for (const log of found) logs.splice(logs.indexOf(log), 1);
  return found.length > 0;
}

const sameMatch = (a: Pick<Entry, "draft" | "states">, b: Pick<Entry, "draft" | "states">) =>
  matchText(a) === matchText(b);

const matchText = ({ draft, states }: Pick<Entry, "draft" | "states">) =>
  JSON.stringify([Object.entries(draft).sort(), states ?? []]);

/**
 * A drop in front of the line that accepts running flows drops answers too. A policy judges answers
 * by their opener, so it drops that; the line is exact only if such flows do not start anyway.
 */
function withAnswers(
  policy: FirewallPolicy,
  lines: number[],
  early: readonly { rule: FirewallRule; line: number; entry: Entry }[],
  left: ImportNote[],
): Pick<ImportResult, "policy" | "lines"> {
  let built = { policy, lines };
  for (const { rule, line, entry } of early) {
    const answered = openersOf(rule);
    const at = built.policy.rules.findIndex(({ name }) => name === rule.name) + 1;
    const rules = built.policy.rules.toSpliced(at, 0, answered);
    const stricter = { ...built.policy, rules };
    if (diffPolicies(built.policy, stricter).length === 0) continue;
    left.push(note(entry.saved, "it drops the answers of flows that other lines let start"));
    built = { policy: stricter, lines: built.lines.toSpliced(at, 0, line) };
  }
  return built;
}

/** A rule for the openers whose answers a rule drops, or for more of them. */
function openersOf(rule: FirewallRule): FirewallRule {
  const { name, direction, protocol, sources, destinations, ports, sourcePorts, log } = rule;
  return {
    name: `${name.slice(0, 25)}-re`,
    direction: direction === "inbound" ? "outbound" : "inbound",
    action: "drop",
    ...(protocol && { protocol }),
    ...(destinations && { sources: destinations }),
    ...(sources && { destinations: sources }),
    ...(sourcePorts && { ports: sourcePorts }),
    ...(ports && { sourcePorts: ports }),
    ...(log && { log }),
  };
}

/** The rules of a line: one, or one for each direction, named by comment or content. */
function named(
  { draft: { direction, ...fields }, comment }: Entry,
  action: RuleAction,
  log: boolean,
  number: number,
): FirewallRule[] {
  const { protocol, ports } = fields;
  const words = comment ?? [action, protocol, ports?.join("-")].filter(Boolean).join("-");
  const slug = words
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "");
  const ways: readonly RuleDirection[] = direction === undefined ? DIRECTIONS : [direction];
  return ways.map((way) => ({
    name: `${slug.slice(0, 16).replace(/-$/, "") || "rule"}-${number}${ways.length > 1 ? `-${way.slice(0, -5)}` : ""}`,
    direction: way,
    action,
    ...fields,
    ...(log && { log }),
  }));
}
