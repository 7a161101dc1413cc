/** The lines of an iptables-save, by chain. Refuses what is none. */
import type { RuleAction } from "./policy";

/** One rule as iptables-save writes it. */
export interface SavedLine {
  /** Number of the line in the file, from 1. */
  line: number;
  text: string;
  /** Words behind the name of the chain, without quotes. */
  words: string[];
}

/** The part of a file that a policy can be made from. */
export interface Save {
  /** The fate of a crossing packet that no rule decides about. */
  byDefault: RuleAction;
  /** Rules of the filter table. */
  chains: ReadonlyMap<string, readonly SavedLine[]>;
  /** Rules and closed chains of the other tables. */
  others: (SavedLine & { table: string })[];
}

const RULE = /^(?:\[\d+:\d+\] )?-A (\S+)\s*(.*)$/;
const CHAIN = /^:(\S+) (ACCEPT|DROP|-)(?: \[\d+:\d+\])?$/;

/** Reads the file; throws with the line's number on one that iptables-save does not write. */
export function readSave(save: string): Save {
  const chains = new Map<string, SavedLine[]>();
  const others: Save["others"] = [];
  let byDefault: RuleAction | undefined;
  let table: string | undefined;
  save.split(/\r?\n/).forEach((raw, index) => {
    const text = raw.trim();
    if (text === "" || text.startsWith("#")) return;
    const line = index + 1;
    const begins = /^\*([a-z]+)$/.exec(text);
    const [, declared, policy] = CHAIN.exec(text) ?? [];
    const [, chain, rest = ""] = RULE.exec(text) ?? [];
    const words = (rest.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []).map(unquoted);
    if (begins && table === undefined) table = begins[1];
    else if (text === "COMMIT" && table !== undefined) table = undefined;
    else if (declared !== undefined && table === "filter") {
      chains.set(declared, []);
      if (declared === "FORWARD") byDefault = policy === "DROP" ? "drop" : "allow";
    } else if (declared !== undefined && table !== undefined) {
      if (policy === "DROP") others.push({ line, text, words, table });
    } else if (chain !== undefined && table === "filter" && chains.has(chain)) {
      chains.get(chain)?.push({ line, text, words });
    } else if (chain !== undefined && table !== undefined && table !== "filter") {
      others.push({ line, text, words, table });
    } else throw new Error(`line ${line} is not of an iptables-save: ${text.slice(0, 80)}`);
  });
  if (table !== undefined) throw new Error(`the table ${table} has no COMMIT: the file is cut off`);
  if (byDefault === undefined) throw new Error("there is no FORWARD chain in a filter table");
  return { byDefault, chains, others };
}

const unquoted = (word: string) =>
  word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, "$1") : word;
