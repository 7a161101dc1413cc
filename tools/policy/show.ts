/** What the policy tool prints: explanations and differences as lines. */
import { formatAddress } from "../../components/azure/addresses";
import type { diffPolicies, diffSettings, explainPacket } from "../../components/policy";
import type { Packet } from "../../components/policy/evaluate";
import { formatPacket } from "../../components/policy/packetText";
import { networksOf, type Range } from "../../components/policy/ranges";

type Change = ReturnType<typeof diffPolicies>[number];
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
    ...changes.map(changeLine),
  ];
}

function changeLine({ region, before, after }: Change): string {
  const [sources, destinations, details] = region.sides;
  const detail = detailText(region.protocol, details);
  return [
    after.passes ? "+ allowed" : "- dropped",
    region.direction,
    `IPv${region.family}`,
    region.protocol,
    `from ${addressText(sources, region.family)}`,
    `to ${addressText(destinations, region.family)}`,
    ...(detail === "" ? [] : [detail]),
    `(${before.rule} → ${after.rule})`,
  ].join(" ");
}

/** Most entries of a list that a line spells out. */
const SHOWN = 8;

function addressText(ranges: readonly Range[], family: 4 | 6): string {
  const networks = ranges.slice(0, SHOWN + 1).flatMap((range) => {
    const exact = networksOf([range], family);
    const [first, last] = [range.first, range.last].map((end) => formatAddress(end, family));
    return exact.length <= 2 ? exact : [`${first}-${last}`];
  });
  if (networks.length === 1 && /\/0$/.test(networks[0] ?? "")) return "any";
  return shorten(networks, ranges.length);
}

function detailText(protocol: Packet["protocol"], ranges: readonly Range[]): string {
  if (protocol === "other" || ranges.some(({ first, last }) => last - first >= 65_534n)) return "";
  const texts = ranges.map(({ first, last }) => {
    if (protocol !== "icmp") return first === last ? `${first}` : `${first}-${last}`;
    const [low, high] = [first >> 8n, last >> 8n];
    if (first === last) return `${low}/${first & 255n}`;
    return low === high ? `${low}` : `${low}-${high}`;
  });
  return `${protocol === "icmp" ? "type" : "port"} ${shorten(texts, texts.length)}`;
}

function shorten(texts: string[], all: number): string {
  const more = all - SHOWN;
  return more > 0 ? `${texts.slice(0, SHOWN).join(", ")} and ${more} more` : texts.join(", ");
}
