/** nftables rulesets as data, and their text. Pure. */

export interface NftSet {
  name: string;
  /** e.g. `ipv4_addr`, or `ipv4_addr : mark` for a map. */
  type: string;
  /** e.g. `interval`. */
  flags?: string;
  elements: string[];
}

export interface NftChain {
  name: string;
  /** e.g. `type filter hook forward priority filter; policy drop;`; absent for a chain jumped to. */
  hook?: string;
  rules: string[];
}

export interface NftTable {
  family: "ip" | "netdev";
  name: string;
  /** Named counters: they live through a change of the rules. */
  counters: string[];
  sets: NftSet[];
  chains: NftChain[];
}

/** A text as an nftables identifier. */
export const identifier = (text: string): string => {
  const clean = text.replace(/[^A-Za-z0-9]/g, "_");
  return /^[A-Za-z]/.test(clean) ? clean : `x${clean}`;
};

/** A rule's end that counts what it drops. */
export const dropped = (counter: string): string => `counter name "${counter}" drop`;

/**
 * One transaction from the table as it is to the table as it should be. Counters keep their values;
 * everything else is replaced at once. Of a table that is not known all is replaced, if there is one.
 */
export function nftText(next: NftTable, previous?: NftTable): string {
  const where = `${next.family} ${next.name}`;
  const clear = previous === undefined ? "delete" : "flush";
  const lines = [`add table ${where}`, `${clear} table ${where}`];
  for (const chain of previous?.chains ?? []) lines.push(`delete chain ${where} ${chain.name}`);
  for (const set of previous?.sets ?? []) lines.push(`delete ${kindOf(set)} ${where} ${set.name}`);
  const counters = new Set(next.counters);
  for (const counter of previous?.counters ?? []) {
    if (!counters.has(counter)) lines.push(`delete counter ${where} ${counter}`);
  }
  lines.push(`table ${where} {`);
  for (const counter of counters) lines.push(`  counter ${counter} { }`);
  for (const set of next.sets) lines.push(...setLines(set));
  // All chains before any rule: a rule may jump to a chain that stands below.
  for (const chain of next.chains) {
    lines.push(`  chain ${chain.name} {`);
    if (chain.hook !== undefined) lines.push(`    ${chain.hook}`);
    lines.push("  }");
  }
  for (const chain of next.chains) {
    lines.push(`  chain ${chain.name} {`, ...chain.rules.map((rule) => `    ${rule}`), "  }");
  }
  lines.push("}", "");
  return lines.join("\n");
}

/** Takes a table away. */
export const nftRemoval = (table: NftTable): string =>
  `delete table ${table.family} ${table.name}\n`;

const kindOf = (set: NftSet): string => (set.type.includes(" : ") ? "map" : "set");

function setLines(set: NftSet): string[] {
  const lines = [`  ${kindOf(set)} ${set.name} {`, `    type ${set.type}`];
  if (set.flags !== undefined) lines.push(`    flags ${set.flags}`);
  if (set.elements.length > 0) lines.push(`    elements = { ${set.elements.join(", ")} }`);
  lines.push("  }");
  return lines;
}
