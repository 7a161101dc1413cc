/**
 * The guard: what ours may cost as a multiple of the reference configuration in the same run. Ratios
 * hold on any machine where times do not; each limit lies between what the figure is and its double,
 * with more room than a busy machine needs.
 */
import { ratio } from "./harness/figures";
import type { Samples } from "./harness/rounds";

export interface Limit {
  /** Figure as measured, in nanoseconds. */
  figure: "handshake" | "packet64" | "connection";
  what: string;
  /** Most that ours may take, as a multiple of the reference's. */
  most: number;
}

export const limits: readonly Limit[] = [
  { figure: "packet64", what: "a packet of a running flow", most: 0.45 },
  { figure: "connection", what: "a packet that starts a flow", most: 3.9 },
  { figure: "handshake", what: "a TCP connect", most: 1.7 },
];

/** Figures over their limit, a line each; medians over the rounds. */
export function breaches(samples: Samples, ours: string, reference: string): string[] {
  return limits.flatMap(({ figure, what, most }) => {
    const found = ratio(samples, figure, ours, reference);
    if (found === undefined) return [`${what}: not measured`];
    if (found.median <= most) return [];
    return [`${what} costs ${found.median.toFixed(2)} times the reference's, over ${most}`];
  });
}
