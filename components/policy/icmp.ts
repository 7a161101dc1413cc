/** ICMP types: their names, and what they mean in each family. */
import type { Family } from "../azure/addresses";

/** An ICMP or ICMPv6 type; without a code it stands for every code. */
export interface IcmpType {
  type: number;
  code?: number;
}

/** Names of ICMP types: IANA's "ICMP Type Numbers" and "ICMPv6 type Numbers". */
const icmpNames: Record<string, { 4?: IcmpType; 6?: IcmpType }> = {
  "echo-request": { 4: { type: 8 }, 6: { type: 128 } },
  "echo-reply": { 4: { type: 0 }, 6: { type: 129 } },
  "destination-unreachable": { 4: { type: 3 }, 6: { type: 1 } },
  // IPv4 has no type of its own for it: "fragmentation needed" is a code of type 3 (RFC 1191).
  "packet-too-big": { 4: { type: 3, code: 4 }, 6: { type: 2 } },
  "time-exceeded": { 4: { type: 11 }, 6: { type: 3 } },
  "parameter-problem": { 4: { type: 12 }, 6: { type: 4 } },
  "timestamp-request": { 4: { type: 13 } },
  "timestamp-reply": { 4: { type: 14 } },
};

export const ICMP_NAMES: readonly string[] = Object.keys(icmpNames);

/** True for a type written as a number, `"8"` or `"3/4"`, whose meaning depends on the family. */
export const isIcmpNumber = (text: string): boolean => /^\d+(\/\d+)?$/.test(text);

/** The meaning of the string in a family; undefined if it is unknown, out of range or not of it. */
export function parseIcmpType(text: string, family: Family): IcmpType | undefined {
  if (!isIcmpNumber(text))
    return Object.hasOwn(icmpNames, text) ? icmpNames[text]?.[family] : undefined;
  const [type = 0, code] = text.split("/").map(Number);
  return type > 255 || (code ?? 0) > 255 ? undefined : { type, code };
}

const answers: Record<Family, readonly (readonly [number, number])[]> = {
  4: [
    [8, 0],
    [13, 14],
    [15, 16],
    [17, 18],
  ],
  6: [[128, 129]],
};

/**
 * The type that the other side of a query sends: echo reply for echo request, and the reverse.
 * Undefined for what has no counterpart (errors). The pairs are those that conntrack tracks.
 */
export function icmpCounterpart({ type, code }: IcmpType, family: Family): IcmpType | undefined {
  for (const [a, b] of answers[family]) {
    if (type === a) return { type: b, code };
    if (type === b) return { type: a, code };
  }
  return undefined;
}
