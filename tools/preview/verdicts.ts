/** Packets that another policy judges differently, in Markdown. Pure. */
import { describeChanges, type FirewallPolicy } from "../../components/policy";
import { code } from "./escape";

/** Most lines of one policy's change. */
export const VERDICTS_SHOWN = 20;

/**
 * Packets that start to pass or to be dropped, a line of Markdown each; those that pass come first.
 * Rate limits are not part of it: they depend on time.
 */
export function verdictLines(old: FirewallPolicy, next: FirewallPolicy): string[] {
  const lines = describeChanges(old, next).map(({ direction, packets, passes, before, after }) => {
    const instead = before === after ? "" : `, before by ${code(before)}`;
    const verdict = passes ? "**passes**" : "is **dropped**";
    return `${direction} ${code(packets)} ${verdict} now by ${code(after)}${instead}`;
  });
  const more = lines.length - VERDICTS_SHOWN;
  return more > 0 ? [...lines.slice(0, VERDICTS_SHOWN), `and ${more} more`] : lines;
}
