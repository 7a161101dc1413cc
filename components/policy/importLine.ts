/** One rule of an iptables-save in the words of a policy, with what those cannot say. */
import { type Family, parseNetwork } from "../azure/addresses";
import type { FieldName } from "./fields/field";
import { FIELD_LIST, FIELDS } from "./fields/index";
import type { SavedLine } from "./importSave";
import { DIRECTIONS } from "./plan";
import type { FirewallRule, RuleDirection } from "./policy";
import { intersect, rangesOf } from "./ranges";

/** Devices of the machine whose rules are imported. */
export interface ImportDevices {
  /** Tunnel that flows from the internet come in by. */
  inbound: string;
  /** Tunnel that flows to the internet come in by. */
  outbound: string;
  /** Bridge that both tunnels are ports of. */
  bridge: string;
}

export type Draft = Pick<FirewallRule, FieldName> & { direction?: RuleDirection };

/** The matches and the action of a line. */
export interface Reading {
  saved: SavedLine;
  draft: Draft;
  /** States that conntrack must give the packet; absent: any. */
  states?: readonly string[];
  /** Target of `-j`; absent for a line that counts only. */
  target?: string;
  comment?: string;
  /** True if the line has a `limit`. */
  limited: boolean;
  /** Parts that a policy cannot express; the draft then matches more packets than the line. */
  beyond: string[];
}

/** Options of targets, which say how a record or a refusal looks. */
const TARGET_OPTIONS = /^--(reject-with|log-[a-z-]+|nflog-[a-z-]+)$/;
const FLAGS = new Set(["--physdev-is-bridged", "--physdev-is-in", "--physdev-is-out"]);

export function readLine(saved: SavedLine, devices: ImportDevices): Reading {
  const reading: Reading = { saved, draft: {}, limited: false, beyond: [] };
  const { words } = saved;
  for (let at = 0; at < words.length; at += 1) {
    const negated = words[at] === "!";
    if (negated) at += 1;
    const option = words[at] ?? "";
    if (FLAGS.has(option) && !negated) continue;
    const values = valuesBehind(words, at);
    at += values.length;
    const value = values.join(" ");
    try {
      readOption(reading, option, value, negated, devices);
    } catch (error) {
      reading.beyond.push((error as Error).message);
    }
  }
  return reading;
}

/** The words up to the next option; a string that people write may look like one. */
function valuesBehind(words: readonly string[], at: number): string[] {
  const free = /^--(comment|log-prefix|nflog-prefix)$/.test(words[at] ?? "") ? 1 : 0;
  const rest = words.slice(at + 1 + free);
  const next = rest.findIndex((word) => word === "!" || word.startsWith("-"));
  return words.slice(at + 1, at + 1 + free + (next === -1 ? rest.length : next));
}

function readOption(
  reading: Reading,
  option: string,
  value: string,
  negated: boolean,
  devices: ImportDevices,
): void {
  const field = FIELD_LIST.find(([, { options }]) => Object.hasOwn(options, option));
  if (field !== undefined) {
    const [name, { options }] = field;
    const met = meet(reading.draft, { [name]: options[option]?.(value, negated) });
    if (met === undefined) throw new Error(`${option} twice, with nothing in common`);
    reading.draft = met;
    return;
  }
  if (TARGET_OPTIONS.test(option)) return;
  if (option === "--physdev-in" || option === "--physdev-out") {
    const way = direction(option, value, negated, devices);
    const { direction: known = way } = reading.draft;
    if (known !== way) throw new Error("tunnels of different directions");
    reading.draft = { ...reading.draft, direction: way };
    return;
  }
  if (negated) throw new Error(`the negated option ${option}`);
  switch (option) {
    case "-m":
      return;
    case "-j":
      reading.target = value;
      return;
    case "--ctstate":
    case "--state":
      reading.states = value.split(",");
      return;
    case "--comment":
      reading.comment = value;
      return;
    case "-i":
    case "-o":
      // A packet that crosses a bridge has the bridge for its device, and the tunnel for its port.
      if (value === devices.bridge) return;
      throw new Error(`the device ${value}, which is not the bridge ${devices.bridge}`);
    case "--limit":
    case "--limit-burst":
      reading.limited = true;
      return;
    default:
      throw new Error(`the option ${option}`);
  }
}

function direction(
  option: string,
  device: string,
  negated: boolean,
  devices: ImportDevices,
): RuleDirection {
  const enters = DIRECTIONS.find((way) => devices[way] === device);
  if (enters === undefined) throw new Error(`the device ${device}`);
  // The bridge has two ports: what does not come in by one comes in by the other.
  const same = (option === "--physdev-in") !== negated;
  return same === (enters === "inbound") ? "inbound" : "outbound";
}

/** The packets that both match; undefined if there are none. */
export function meet(one: Draft, other: Draft): Draft | undefined {
  const met: Record<string, unknown> = { ...one, ...defined(other) };
  if (
    one.direction !== undefined &&
    other.direction !== undefined &&
    one.direction !== other.direction
  ) {
    return undefined;
  }
  for (const [name] of FIELD_LIST) {
    const [a, b] = [one[name], other[name]];
    if (a === undefined || b === undefined || JSON.stringify(a) === JSON.stringify(b)) continue;
    const both = typeof a === "string" || typeof b === "string" ? [] : common(name, a, b);
    if (both.length === 0) return undefined;
    met[name] = both;
  }
  return met;
}

const defined = (draft: Draft) =>
  Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined));

function common(name: FieldName, a: string[], b: string[]): string[] {
  const field = FIELD_LIST.find(([own]) => own === name)?.[1];
  const family: Family = (name in ends && parseNetwork(a[0] ?? "")?.family) || 4;
  const scope = { family, addresses: (texts: readonly string[]) => rangesOf(texts, family) };
  const [x, y] = [a, b].map((written) => {
    const planned = field?.plan(written, scope);
    return planned === undefined ? [] : field?.axis.taken(planned);
  });
  return field?.axis.written(intersect(x ?? [], y ?? []), family) ?? [];
}

const ends = { sources: FIELDS.sources, destinations: FIELDS.destinations };
