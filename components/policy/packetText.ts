/** A flow's opener as people write it: `--from 8.8.8.8 --to 20.1.1.1:22/tcp`. */
import { formatAddress, parseAddress } from "../azure/addresses";
import { FIELD_LIST } from "./fields/index";
import type { Packet } from "./packet";
import type { RuleDirection } from "./policy";

/**
 * Reads both ends. `from` is an address, with a port if it matters: `8.8.8.8` or `8.8.8.8:5000`,
 * IPv6 in brackets. `to` names the protocol too: `20.1.1.1:22/tcp`, `[2001:db8::1]:53/udp`,
 * `20.1.1.1/icmp`, `20.1.1.1/esp`, and behind a colon what the fields of rules can tell apart:
 * `20.1.1.1/icmp:echo-request`. Throws with what is wrong.
 */
export function parsePacket(from: string, to: string, direction: RuleDirection): Packet {
  const [, place = "", protocol, words] = /^(.*)\/([a-z]+)(?::(.+))?$/.exec(to) ?? [];
  if (protocol === undefined) {
    throw new Error(`"${to}" must end with a protocol, for example 20.1.1.1:22/tcp`);
  }
  const source = endOf(from);
  const destination = endOf(place);
  const { family } = source.address;
  if (family !== destination.address.family) {
    throw new Error(`${from} and ${to} must be of one family`);
  }
  const named = protocol === "tcp" || protocol === "udp" || protocol === "icmp";
  const withPorts = protocol === "tcp" || protocol === "udp";
  if (withPorts && destination.port === undefined) {
    throw new Error(`"${to}" must name a port, for example ${place}:22/${protocol}`);
  }
  const packet: Packet = {
    family,
    direction,
    protocol: named ? protocol : "other",
    source: source.address.first,
    destination: destination.address.first,
    ports: withPorts
      ? { source: source.port ?? 40_000, destination: destination.port ?? 0 }
      : undefined,
    flags: protocol === "tcp" ? { syn: true } : undefined,
  };
  const details = words ?? (protocol === "icmp" ? "echo-request" : "");
  for (const word of details.split(",").filter((text) => text !== "")) {
    const told = FIELD_LIST.map(([, { read }]) => read(word, packet)).find((part) => part);
    if (told === undefined)
      throw new Error(`"${word}" says nothing of ${protocol} in IPv${family}`);
    Object.assign(packet, told);
  }
  return packet;
}

function endOf(text: string) {
  const [, bracketed, plain, port] =
    /^(?:\[(.+)\]|([^:]+|[^:]*:.*:[^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = parseAddress(bracketed ?? plain ?? "");
  if (address === undefined) throw new Error(`"${text}" is no address, or address and port`);
  const number = port === undefined ? undefined : Number(port);
  if (number !== undefined && (number < 1 || number > 65_535)) {
    throw new Error(`"${text}" has no port between 1 and 65535`);
  }
  return { address, port: number };
}

/** The packet in one line. */
export function formatPacket({
  family,
  protocol,
  source,
  destination,
  ports,
  icmp,
}: Packet): string {
  const end = (address: bigint, port: number | undefined) => {
    const text = formatAddress(address, family);
    if (port === undefined) return text;
    return family === 4 ? `${text}:${port}` : `[${text}]:${port}`;
  };
  const detail = icmp ? `:${icmp.type}` : "";
  return `${end(source, ports?.source)} → ${end(destination, ports?.destination)}/${protocol}${detail}`;
}
