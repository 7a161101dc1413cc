/** Ports of TCP and UDP. */
import type { Packet } from "../packet";
import { formatPorts, mergePorts, type PortRange, parsePorts } from "../ports";
import {
  type Axis,
  type Line,
  type MatchField,
  NONE,
  onAxis,
  type UncheckedRule,
  untold,
} from "./field";

/** Ports of the end that is asked. */
export const ports = portField("destination", "port");

/** The field for the ports of one end; `label` names it. */
export function portField(
  side: "source" | "destination",
  label: string,
): MatchField<string[], readonly PortRange[]> {
  const axis: Axis<readonly PortRange[]> = {
    whole: (protocol) => (hasPorts(protocol) ? [{ first: 0n, last: 65_535n }] : NONE),
    taken: (planned) => planned.map((r) => ({ first: BigInt(r.first), last: BigInt(r.last) })),
    of: (packet) => BigInt(packet.ports?.[side] ?? 0),
    written: (ranges) =>
      ranges.map((r) => formatPorts({ first: Number(r.first), last: Number(r.last) })),
  };
  const [near, far] = side === "source" ? ["--sport", "--dport"] : ["--dport", "--sport"];
  return {
    check: checkPorts,
    plan: (written) => mergePorts(written.flatMap((text) => parsePorts(text) ?? [])),
    opener: (planned, line) => matchesOf(planned, line, near),
    answer: (planned, line) => matchesOf(planned, line, far),
    matches: onAxis(axis),
    mismatch: `another ${label}`,
    axis,
    options: { [near]: readPorts, [`${near}s`]: readPorts },
    read: untold,
    words: (entries) => (entries === undefined ? "" : `${label} ${entries.join(", ")}`),
  };
}

const hasPorts = (protocol: Packet["protocol"]) => protocol === "tcp" || protocol === "udp";

function matchesOf(planned: readonly PortRange[], { protocol }: Line, option: string) {
  return portGroups(planned).map((group) => ({
    detail:
      group.length === 1
        ? ` -m ${protocol} ${option} ${group[0]}`
        : ` -m multiport ${option}s ${group.join(",")}`,
  }));
}

function readPorts(value: string, negated: boolean): string[] {
  if (negated) throw new Error("ports that are left out");
  return value.split(",").map((text) => {
    const range = parsePorts(text.replace(":", "-"));
    if (range === undefined || range.first === 0) throw new Error(`the port ${text}`);
    return formatPorts(range);
  });
}

/** The multiport match takes fifteen ports; a range counts as two. */
function portGroups(list: readonly PortRange[]): string[][] {
  const groups: string[][] = [];
  let room = 0;
  for (const { first, last } of list) {
    const cost = first === last ? 1 : 2;
    if (room < cost) {
      groups.push([]);
      room = 15;
    }
    groups.at(-1)?.push(first === last ? `${first}` : `${first}:${last}`);
    room -= cost;
  }
  return groups;
}

function checkPorts(list: unknown, path: string, { fields, findings }: UncheckedRule): void {
  const { protocol } = fields;
  if (protocol !== "tcp" && protocol !== "udp") {
    const wayOut =
      protocol === "icmp"
        ? "use icmpTypes, or set the protocol to tcp or udp"
        : "set the protocol to tcp or udp";
    findings.add(path, list, `is for tcp and udp, not for ${protocol ?? "any"}`, wayOut);
    return;
  }
  if (!findings.list(list, path, "leave it out for every port")) return;
  list.forEach((entry, index) => {
    const at = `${path}[${index}]`;
    const range = typeof entry === "string" ? parsePorts(entry) : undefined;
    if (range === undefined) {
      const rule = "must be a port or a range of ports, as text";
      findings.add(at, entry, rule, 'for example "22" or "8000-8100"');
    } else if (range.first < 1 || range.last > 65_535 || range.first > 65_535) {
      findings.add(at, entry, "must lie between 1 and 65535", "correct the number");
    } else if (range.first > range.last) {
      const rule = "must begin with the lower port";
      findings.add(at, entry, rule, `write "${range.last}-${range.first}"`);
    }
  });
}
