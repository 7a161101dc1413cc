/** ICMP types: a type is 256 codes on the axis. */
import type { Family } from "../../azure/addresses";
import { ICMP_NAMES, type IcmpType, icmpCounterpart, isIcmpNumber, parseIcmpType } from "../icmp";
import { mergeRanges, type Range } from "../ranges";
import { type Axis, type Line, type MatchField, NONE, onAxis, type UncheckedRule } from "./field";

const axis: Axis<readonly IcmpType[]> = {
  whole: (protocol) => (protocol === "icmp" ? [{ first: 0n, last: 65_535n }] : NONE),
  taken: (planned) =>
    mergeRanges(
      planned.map(({ type, code }) => ({
        first: BigInt(type * 256 + (code ?? 0)),
        last: BigInt(type * 256 + (code ?? 255)),
      })),
    ),
  of: ({ icmp }) => BigInt(icmp === undefined ? 0 : icmp.type * 256 + (icmp.code ?? 0)),
  written: (ranges) => ranges.flatMap(typesIn),
  shown: (ranges) => ranges.map(spanOf),
};

/** Types of ICMP or ICMPv6. */
export const icmpTypes: MatchField<string[], readonly IcmpType[]> = {
  check: checkTypes,
  plan: (written, { family }) => {
    const types = written.flatMap((text) => parseIcmpType(text, family) ?? []);
    return types.length === 0 ? undefined : types;
  },
  opener: (planned, line) => planned.map((type) => matchOf(type, line)),
  answer: (planned, line) =>
    planned.flatMap((type) => {
      const seen = icmpCounterpart(type, line.family);
      return seen === undefined ? [] : [matchOf(seen, line)];
    }),
  matches: onAxis(axis),
  mismatch: "another ICMP type",
  axis,
  options: {
    "--icmp-type": (...value) => readType(4, ...value),
    "--icmpv6-type": (...value) => readType(6, ...value),
  },
  read: (word, { protocol, family }) => {
    const type = protocol === "icmp" ? parseIcmpType(word, family) : undefined;
    return type && { icmp: { code: 0, ...type } };
  },
  words: (entries) => (entries === undefined ? "" : `type ${entries.join(", ")}`),
};

function matchOf({ type, code }: IcmpType, { family }: Line) {
  const option = family === 4 ? "-m icmp --icmp-type" : "-m icmp6 --icmpv6-type";
  return { detail: ` ${option} ${type}${code === undefined ? "" : `/${code}`}` };
}

/** The name where there is one: numbers mean other things in the other family. */
function readType(family: Family, value: string, negated: boolean): string[] {
  const asked = parseIcmpType(value, family);
  if (negated || asked === undefined)
    throw new Error(`the ICMP type ${negated ? "! " : ""}${value}`);
  const name = ICMP_NAMES.find((known) => {
    const type = parseIcmpType(known, family);
    return type?.type === asked.type && type.code === asked.code;
  });
  return [name ?? value];
}

/** A range by its ends: types where it holds all of their codes, else types with codes. */
function spanOf({ first, last }: Range): string {
  const whole = first % 256n === 0n && last % 256n === 255n;
  const [from = "", to = ""] = [first, last].map((at) =>
    whole ? `${at >> 8n}` : `${at >> 8n}/${at % 256n}`,
  );
  return from === to ? from : `${from}-${to}`;
}

/** Whole types by number, others code by code. */
function typesIn({ first, last }: Range): string[] {
  const texts: string[] = [];
  for (let at = first; at <= last; ) {
    const whole = at % 256n === 0n && at + 255n <= last;
    texts.push(whole ? `${at >> 8n}` : `${at >> 8n}/${at % 256n}`);
    at += whole ? 256n : 1n;
  }
  return texts;
}

function checkTypes(list: unknown, path: string, rule: UncheckedRule): void {
  const { fields, families, findings } = rule;
  if (fields.protocol !== "icmp") {
    const clash = `is for protocol icmp, not for ${fields.protocol ?? "any"}`;
    findings.add(path, list, clash, "set the protocol to icmp, or leave icmpTypes out");
    return;
  }
  if (!findings.list(list, path, "leave it out for every type")) return;
  list.forEach((entry, index) => {
    const at = `${path}[${index}]`;
    const text = typeof entry === "string" ? entry : "";
    const known = ([4, 6] as const).filter((family) => parseIcmpType(text, family));
    if (known.length === 0) {
      const must = "must be the name of an ICMP type, or a number up to 255 as text";
      findings.add(at, entry, must, `the names are ${ICMP_NAMES.join(", ")}`);
    } else if (isIcmpNumber(text) && families.size > 1) {
      const must = "must be a name where the rule is for IPv4 and IPv6, which number differently";
      findings.add(at, entry, must, "use a name, or give sources or destinations of one family");
    } else if (families.size > 0 && !known.some((family) => families.has(family))) {
      const must = "must be a type of the family of the rule's addresses";
      findings.add(at, entry, must, `it is a type of IPv${known.join()} only`);
    }
  });
}
