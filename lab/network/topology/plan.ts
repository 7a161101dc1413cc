/** The network that packets see, as data: what a runner makes of it, a test compares. */
import { createHash } from "node:crypto";
import type { NftTable } from "../nft";

/** One end of a veth pair. `dev` is at most 15 bytes: the kernel refuses longer names. */
export interface LinkEnd {
  netns: string;
  dev: string;
  mac: string;
  /** Bytes of the largest IP packet that the end takes. */
  mtu: number;
  /**
   * Answers ARP for every host that it can reach, at once: hosts of an Azure subnet have no
   * common wire, all of them see the same router.
   */
  answersArp?: boolean;
}

export interface Link {
  a: LinkEnd;
  b: LinkEnd;
}

/** A VXLAN device; which NVA a frame goes to is decided by its destination MAC. */
export interface VxlanDevice {
  dev: string;
  vni: number;
  port: number;
  local: string;
  mac: string;
}

/** An address, route, rule or neighbour: arguments of `ip`, and those that take it back. */
export interface Setting {
  /** The setting's name: two settings of one key replace each other. */
  key: string;
  set: string;
  unset: string;
  /** Program of the line: `bridge` for forwarding entries; default `ip`. */
  tool?: "ip" | "bridge";
}

export interface Namespace {
  name: string;
  /** Names below `/proc/sys/net`, with dots; set before any device exists. */
  sysctls: Record<string, string>;
  vxlans: VxlanDevice[];
  settings: Setting[];
  tables: NftTable[];
}

export interface Topology {
  namespaces: Namespace[];
  links: Link[];
}

/** Next hop on every link between two namespaces of the fabric; only its MAC matters. */
export const PEER = "169.254.0.1";

/** MTU of everything but a virtual network's inside: what the internet carries. */
export const PUBLIC_MTU = 1500;

/** First characters of a hash: names and MACs that are the same for the same thing. */
export const digest = (text: string, length = 8): string =>
  createHash("sha256").update(text).digest("hex").slice(0, length);

/** A locally administered MAC address for a thing of the fabric. */
export function macOf(text: string): string {
  const hash = digest(text, 10);
  return ["02", ...(hash.match(/../g) ?? [])].join(":");
}

/** A link between two namespaces of the fabric, MACs by name. */
export function fabricLink(
  a: { netns: string; dev: string },
  b: { netns: string; dev: string },
  mtu: number,
): Link {
  const end = (e: { netns: string; dev: string }) => ({
    ...e,
    mac: macOf(`${e.netns} ${e.dev}`),
    mtu,
  });
  return { a: end(a), b: end(b) };
}

/** The peer at the other end of a link, so that no packet waits for ARP. */
export const peerOn = (dev: string, mac: string): Setting => neighbour(PEER, mac, dev);

export const neighbour = (address: string, mac: string, dev: string): Setting => ({
  key: `neigh ${address} ${dev}`,
  set: `neigh replace ${address} lladdr ${mac} dev ${dev} nud permanent`,
  unset: `neigh del ${address} dev ${dev}`,
});

export const addressOn = (address: string, dev: string): Setting => ({
  key: `addr ${address} ${dev}`,
  set: `addr replace ${address} dev ${dev}`,
  unset: `addr del ${address} dev ${dev}`,
});

/** A route; `how` is what follows the destination. */
export function route(destination: string, how: string, table?: number): Setting {
  const where = table === undefined ? "" : ` table ${table}`;
  const kind = how === "blackhole" ? "blackhole " : "";
  const rest = kind === "" ? ` ${how}` : "";
  return {
    key: `route ${destination}${where}`,
    set: `route replace ${kind}${destination}${rest}${where}`,
    unset: `route del ${kind}${destination}${where}`,
  };
}

/** A route to the other end of a fabric link. */
export const routeVia = (destination: string, dev: string, table?: number): Setting =>
  route(destination, `via ${PEER} dev ${dev} onlink`, table);

/** A rule of the policy database; `what` is its selector and its table. */
export const policyRule = (preference: number, what: string): Setting => ({
  key: `rule ${what}`,
  set: `rule add ${what} pref ${preference}`,
  unset: `rule del ${what} pref ${preference}`,
});

/** Settings of every namespace that forwards. */
export const FORWARDING: Record<string, string> = {
  "ipv4.ip_forward": "1",
  // Both directions of a flow take different devices: that is what a gateway load balancer does.
  "ipv4.conf.all.rp_filter": "0",
  "ipv4.conf.default.rp_filter": "0",
  "ipv4.conf.all.send_redirects": "0",
  "ipv4.conf.default.send_redirects": "0",
  "ipv6.conf.all.disable_ipv6": "1",
  "ipv6.conf.default.disable_ipv6": "1",
};

/** Connection tracking that judges no packet by its TCP window or checksum. */
export const TRACKING: Record<string, string> = {
  "netfilter.nf_conntrack_tcp_be_liberal": "1",
  "netfilter.nf_conntrack_tcp_loose": "1",
  "netfilter.nf_conntrack_checksum": "0",
  // A flood of SYNs that nobody answers must not fill the table for two minutes.
  "netfilter.nf_conntrack_tcp_timeout_syn_sent": "20",
};
