/** A record of a firewall decision as one short line. Pure. */
import { styleText } from "node:util";

/** As the NVA writes it; docs/policy.md has the fields. A field that is absent was not in the packet. */
interface Decision {
  time?: string;
  rule?: string;
  /** `drop`, `allow`, or `suppressed`: packets that have no record of their own. */
  action?: string;
  /** The tunnel by which the packet came: `external` is from the internet. */
  tunnel?: string;
  source?: string;
  destination?: string;
  sourcePort?: number;
  destinationPort?: number;
  protocol?: string;
  flags?: readonly string[];
  icmpType?: string;
  /** Bytes of the IP packet. */
  length?: number;
  count?: number;
}

const ARROWS: Readonly<Record<string, string>> = { external: "in ", internal: "out" };

/** The line of a record; a line that is no record is shown as it came. */
export function recordLine(line: string, { color }: { color: boolean }): string {
  const record = decisionOf(line);
  if (record === undefined) return printable(line);
  const { action = "?", rule = "", tunnel = "" } = record;
  const said =
    action === "suppressed"
      ? [`${record.count ?? "?"} more packets without a record`]
      : [ARROWS[tunnel] ?? tunnel, waysOf(record)];
  const time = /T(\d\d:\d\d:\d\d(?:\.\d{1,3})?)/.exec(record.time ?? "")?.[1] ?? "-";
  const verdict = printable(action.padEnd(5));
  const shown = color ? inColor(action === "allow" ? "green" : "red", verdict) : verdict;
  return [time.padEnd(12), shown, printable([...said, rule].join("  "))].join("  ");
}

const inColor = (color: "green" | "red", text: string) =>
  styleText(color, text, { validateStream: false });

/** Ends, protocol and what the transport says of itself. */
function waysOf({ protocol = "?", flags, icmpType, ...ends }: Decision): string {
  const from = end(ends.source, ends.sourcePort);
  const to = end(ends.destination, ends.destinationPort);
  const said = flags === undefined ? icmpType : flags.join("+");
  return [`${from} > ${to}`, protocol, ...(said ? [said] : []), `${ends.length ?? "?"} B`].join(
    " ",
  );
}

function end(address = "?", port?: number): string {
  if (port === undefined) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function decisionOf(line: string): Decision | undefined {
  try {
    const record = JSON.parse(line) as unknown;
    return typeof record === "object" && record !== null && "action" in record
      ? (record as Decision)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Without characters that move a terminal's cursor. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be printed
  return text.replace(/[\0-\x1f\x7f-\x9f]/g, "?");
}
