/** Output of the policy tool: explanations and differences as lines. */
import type { describeChanges, diffSettings, explainPacket } from "../../components/policy";
import type { Packet } from "../../components/policy/packet";
import { formatPacket } from "../../components/policy/packetText";

type Change = ReturnType<typeof describeChanges>[number];
type Setting = ReturnType<typeof diffSettings>[number];

/** The deciding rule and the path to it, the verdict last. */
export function explanationLines(
  packet: Packet,
  { passes, path }: ReturnType<typeof explainPacket>,
): string[] {
  const width = Math.max(...path.map(({ rule }) => rule.length));
  return [
    `${packet.direction} ${formatPacket(packet)}`,
    ...path.map(({ rule, text, because }) => `  ${rule.padEnd(width)}  ${text}: ${because}`),
    passes ? "passes" : "dropped",
  ];
}

/** One line for each setting and each set of packets that changes. */
export function differenceLines(settings: Setting[], changes: Change[]): string[] {
  if (settings.length + changes.length === 0) return ["no packet's verdict changes"];
  return [
    ...settings.map(({ setting, before, after }) => `${setting}: ${before} → ${after}`),
    ...changes.map(({ direction, packets, passes, before, after }) => {
      const verdict = passes ? "+ allowed" : "- dropped";
      return `${verdict} ${direction} ${packets} (${before} → ${after})`;
    }),
  ];
}
