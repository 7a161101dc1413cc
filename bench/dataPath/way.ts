/**
 * The ends of a way through an NVA: a client and a server in namespaces of their own, behind the
 * gateway's ends of both tunnels, which the kernel plays. Works only inside a box.
 */
import path from "node:path";
import { type Argv, run } from "../../lab/run";
import type { Undo } from "../../lab/undo";
import { layout } from "../../test/support/outside";
import { Talker } from "../../test/support/talker";
import { PORTS } from "../policies";

export const CLIENT = "198.51.100.7";
export const SERVER = "20.0.0.4";
const ends = [
  { side: "client", device: "ex", ...layout.external, own: CLIENT, mac: "0a:00:00:00:00:01" },
  { side: "server", device: "in", ...layout.internal, own: SERVER, mac: "0a:00:00:00:00:02" },
] as const;
/**
 * Classic BPF: drops frames whose inner packet comes from or goes to 198.18.0.0/16, which only the
 * generator uses. They have been counted by then, and what follows is not the NVA's work.
 */
const DROP_GENERATED = "6,40 0 0 76,21 3 0 50706,40 0 0 80,21 1 0 50706,6 0 0 0,6 0 0 2";

/** Names of the ends' namespaces. */
export interface Ends {
  client: string;
  server: string;
}

/** Client and server at the gateway's ends of the tunnels; `gateway` is the namespace of its NIC. */
export async function throughTunnels(name: string, gateway: string): Promise<Ends> {
  const found = await namespaces(name);
  for (const { side, device, vni, port } of ends) {
    const tunnel = ["type", "vxlan", "id", vni, "remote", layout.nva, "local", layout.gateway];
    await ip(gateway, "link", "add", device, ...tunnel, "dstport", port, "nolearning");
    await ip(gateway, "link", "set", device, "netns", found[side]);
  }
  await address(found);
  await ip(gateway, "link", "set", "wire", "up");
  const filter = ["bpf", "da", "bytecode", DROP_GENERATED];
  await inNetns(gateway, "tc", "qdisc", "replace", "dev", "wire", "clsact");
  await inNetns(gateway, "tc", "filter", "replace", "dev", "wire", "ingress", ...filter);
  return found;
}

/** Client and server with nothing between them but a wire. */
export async function byWire(name: string): Promise<Ends> {
  const found = await namespaces(name);
  const peer = ["type", "veth", "peer", "name", "in", "netns", found.server];
  await ip(found.client, "link", "add", "ex", ...peer);
  await address(found);
  return found;
}

/** Asks for handshakes between the ends; all of them on one processor. */
export async function startConnecting({ client, server }: Ends, cpu: number, undo: Undo) {
  const script = path.join(__dirname, "connect.py");
  const args = [String(cpu), client, server, SERVER, PORTS.handshakes];
  const talker = await Talker.start(`handshakes of ${client}`, ["python3", "-B", script, ...args]);
  undo.add(`handshakes of ${client}`, async () => talker.stop());
  return talker;
}

/** Asks for ready-made packets in an NVA's namespace. */
export async function startGenerator(netns: string, cpu: number, undo: Undo): Promise<Talker> {
  const script = path.join(__dirname, "packets.py");
  const argv = [
    "ip",
    "netns",
    "exec",
    netns,
    "python3",
    "-B",
    script,
    String(cpu),
    JSON.stringify(layout),
  ];
  const talker = await Talker.start(`packets of ${netns}`, argv);
  undo.add(`packets of ${netns}`, async () => talker.stop());
  return talker;
}

export const inNetns = (netns: string, ...argv: Argv) =>
  run(["ip", "netns", "exec", netns, ...argv]);

const ip = (netns: string, ...words: (string | number)[]) =>
  run(["ip", "-n", netns, ...words.map(String)]);

async function namespaces(name: string): Promise<Ends> {
  const found = { client: `client-${name}`, server: `server-${name}` };
  for (const netns of Object.values(found)) {
    await run(["ip", "netns", "add", netns]);
    const quiet = ["all", "default"].map((scope) => `net.ipv6.conf.${scope}.disable_ipv6=1`);
    await inNetns(netns, "sysctl", "-qw", ...quiet);
    await ip(netns, "link", "set", "lo", "up");
  }
  return found;
}

async function address(found: Ends): Promise<void> {
  for (const [at, { side, device, own, mac }] of ends.entries()) {
    const other = ends[1 - at];
    if (other === undefined) throw new Error("a way has two ends");
    const netns = found[side];
    // Packets as a wire carries them, not the large ones that the kernel hands over inside.
    const link = ["address", mac, "mtu", 1500, "gso_max_segs", 1, "up"];
    await ip(netns, "link", "set", device, ...link);
    await ip(netns, "addr", "add", `${own}/32`, "dev", device);
    await ip(netns, "route", "add", `${other.own}/32`, "dev", device);
    // ARP does not cross an NVA.
    const neighbour = ["lladdr", other.mac, "dev", device, "nud", "permanent"];
    await ip(netns, "neigh", "add", other.own, ...neighbour);
  }
}
