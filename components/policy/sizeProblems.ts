/** The size of a policy against the limits of userData, the guest and its kernel. */

import { LIMIT, SET_BITS } from "../../nva-cloud-init/contract/contract";
import type { Findings } from "../check/findings";
import { encodeBundle, USER_DATA_LIMIT } from "./bundle";
import { type CompiledPolicy, type CompiledSet, setsNeeded } from "./compile";
import { decodeRanges } from "./ranges";

interface Size {
  field: "rules" | "addressSets";
  count: number;
  limit: number;
  unit: string;
  rule: string;
  wayOut: string;
}

/** Adds a problem for each size that is over its limit. */
export function checkSize(compiled: CompiledPolicy, at: string, findings: Findings): void {
  for (const { field, count, limit, unit, rule, wayOut } of sizes(compiled)) {
    if (count <= limit) continue;
    findings.add(at === "" ? field : `${at}.${field}`, `${count} ${unit}`, rule, wayOut);
  }
}

function sizes(compiled: CompiledPolicy): Size[] {
  const { filter4, filter6, sets } = compiled;
  const decoded = sets.map((set) => ({ ...set, list: decodeRanges(set.ranges) }));
  return [
    {
      field: "rules",
      count: setsNeeded(compiled),
      limit: SET_BITS,
      unit: "lists",
      rule: `must look up at most ${SET_BITS} different long lists of sources and destinations per family`,
      wayOut: "let rules share address sets",
    },
    {
      field: "addressSets",
      count: decoded.reduce((sum, { list }) => sum + list.length, 0),
      limit: LIMIT.ranges,
      unit: "ranges",
      rule: `must be at most ${LIMIT.ranges} ranges, neighbours joined, over all long lists`,
      wayOut: "use larger networks, or let rules share address sets",
    },
    {
      field: "addressSets",
      count: combinations(decoded).size,
      limit: LIMIT.combinations,
      unit: "combinations",
      rule: `must overlap in at most ${LIMIT.combinations} ways`,
      wayOut: "take addresses that are in several address sets out of some of them",
    },
    {
      field: "rules",
      count: Math.max(...[filter4, filter6].map((text) => text.split("\n").length - 1)),
      limit: LIMIT.lines,
      unit: "lines",
      rule: `must compile to at most ${LIMIT.lines} lines for iptables-restore per family`,
      wayOut: "use address sets and ranges of ports instead of short lists",
    },
    {
      field: "rules",
      count: Buffer.byteLength(JSON.stringify(compiled)),
      limit: LIMIT.bodyBytes,
      unit: "bytes",
      rule: `must compile to at most ${LIMIT.bodyBytes} bytes`,
      wayOut: "use address sets and ranges of ports instead of short lists",
    },
    {
      field: "rules",
      count: encodeBundle(compiled).bytes,
      limit: USER_DATA_LIMIT,
      unit: "bytes",
      rule: `must be at most ${USER_DATA_LIMIT} bytes as a bundle in base64, Azure's limit of userData`,
      wayOut: "use larger networks in address sets, or fewer rules",
    },
  ];
}

type DecodedSet = CompiledSet & { list: ReturnType<typeof decodeRanges> };

/** The combinations of one side's bits, all sides together: each is one chain of the guest's. */
function combinations(sets: readonly DecodedSet[]): Set<number> {
  const found = new Set<number>();
  for (const side of ["4 source", "4 destination", "6 source", "6 destination"]) {
    const edges = sets
      .filter((set) => `${set.family} ${set.side}` === side)
      .flatMap(({ bit, list }) =>
        list.flatMap(({ first, last }) => [
          { at: first, bit: 1 << bit },
          { at: last + 1n, bit: 1 << bit },
        ]),
      )
      .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    let mask = 0;
    edges.forEach(({ at, bit }, index) => {
      mask ^= bit;
      if (mask !== 0 && edges[index + 1]?.at !== at) found.add(mask);
    });
  }
  return found;
}
