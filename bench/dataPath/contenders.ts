/** Contenders of the comparison: from no NVA at all to ours with a large policy. Only for a box. */

import os from "node:os";
import path from "node:path";
import type { FirewallPolicy } from "../../components/policy";
import { run } from "../../lab/run";
import type { Undo } from "../../lab/undo";
import { DEFAULTS, DEVICE } from "../../nva-cloud-init/contract/contract";
import { Guest } from "../../test/support/guest";
import { layout, Outside } from "../../test/support/outside";
import type { Talker } from "../../test/support/talker";
import { largePolicy, NETWORKS, RULES, randomNetworks, referencePolicy } from "../policies";
import { prefixTree } from "./prefixTree";
import { byWire, type Ends, inNetns, startConnecting, startGenerator, throughTunnels } from "./way";

/** A contender that is up, with what measures it. */
export interface Contender {
  key: string;
  title: string;
  /** The NVA's network namespace. */
  netns: string;
  /** Handshakes from end to end. */
  connect: Talker;
  /** Ready-made packets for the NVA. */
  packets: Talker;
  /** Ours: the machine. */
  guest?: Guest;
  /** Packets that are dropped while this one is measured. */
  flood?: Flood;
}

/** Sends forbidden packets from another processor. */
export interface Flood {
  packets: Talker;
  /** How many so far. */
  sent: number;
}

interface Made {
  netns: string;
  ends: Ends;
  guest?: Guest;
}

interface Plan {
  title: string;
  /** Brings it up under a name. */
  make: (name: string, undo: Undo) => Promise<Made>;
  /** Its machine is that of another contender, under a flood. */
  flooded?: string;
}

export type ContenderKey = keyof typeof plans;

/** Forbidden packets a second of a flood. */
export const FLOOD_RATE = 50_000;

/** By key, in the order of the table. */
export const plans = {
  none: { title: "no NVA", make: makeNothing },
  floor: { title: "outer header turned around, nothing else (eBPF)", make: makeFloor },
  bridge: { title: "bridge, no filter", make: (key, undo) => makeBridge(key, undo, []) },
  reference: {
    title: "reference: bridge, one physdev rule",
    make: (key, undo) => makeBridge(key, undo, [REFERENCE]),
  },
  linear: {
    title: `reference with ${NETWORKS.toLocaleString("en")} linear rules`,
    make: (key, undo) => makeBridge(key, undo, [...linearRules(), REFERENCE]),
  },
  tree: {
    title: `bridge, ${NETWORKS.toLocaleString("en")} networks as a tree of iptables chains`,
    make: (key, undo) => makeBridge(key, undo, prefixTree(randomNetworks(NETWORKS), PHYSDEV)),
  },
  ours1: { title: "ours, 1 rule", make: ours(referencePolicy) },
  oursLarge: {
    title: `ours, ${RULES} rules and ${NETWORKS.toLocaleString("en")} networks`,
    make: ours(largePolicy()),
  },
  oursAudit: {
    title: `ours, ${RULES} rules and ${NETWORKS.toLocaleString("en")} networks, audit`,
    make: ours(largePolicy({ log: true })),
  },
  flood: {
    title: `ours, large, beside ${FLOOD_RATE.toLocaleString("en")} drops/s`,
    make: ours(largePolicy()),
    flooded: "oursLarge",
  },
  floodAudit: {
    title: `ours, large, audit, beside ${FLOOD_RATE.toLocaleString("en")} drops/s`,
    make: ours(largePolicy({ log: true })),
    flooded: "oursAudit",
  },
} as const satisfies Record<string, Plan>;

const PHYSDEV = `-m physdev --physdev-is-bridged --physdev-in ${DEVICE.external}`;
/** The rule of the reference case. */
const REFERENCE = `-A FORWARD -s 8.8.8.8/32 -p tcp ${PHYSDEV} -m tcp --dport 22 -j DROP`;

const linearRules = () =>
  randomNetworks(NETWORKS).map((network) => `-A FORWARD -s ${network} ${PHYSDEV} -j DROP`);

/** Brings contenders up, one after another, and starts what measures them on a processor. */
export async function bringUp(
  keys: readonly ContenderKey[],
  cpu: number,
  undo: Undo,
  note: (text: string) => void,
): Promise<Contender[]> {
  const up: Contender[] = [];
  for (const key of keys) {
    const { title, make, flooded }: Plan = plans[key];
    note(`bringing up: ${title}`);
    const shared = up.find((other) => other.key === flooded);
    const { netns, guest, connect, packets } = shared ?? (await started(key, make, cpu, undo));
    const flood =
      flooded === undefined
        ? undefined
        : { packets: await startGenerator(netns, (cpu + 1) % os.cpus().length, undo), sent: 0 };
    up.push({ key, title, netns, connect, packets, guest, flood });
  }
  return up;
}

async function started(key: string, make: Plan["make"], cpu: number, undo: Undo) {
  const { netns, ends, guest } = await make(key, undo);
  const connect = await startConnecting(ends, cpu, undo);
  const packets = await startGenerator(netns, cpu, undo);
  return { netns, guest, connect, packets };
}

/** The ends joined by a wire; ready-made packets end at the NIC: what is left is the generator's. */
async function makeNothing(key: string, undo: Undo) {
  const { netns } = await plugged(key, undo);
  await inNetns(netns, "tc", "qdisc", "add", "dev", "eth0", "clsact");
  const filter = ["bpf", "da", "bytecode", "1,6 0 0 2"];
  await inNetns(netns, "tc", "filter", "add", "dev", "eth0", "ingress", ...filter);
  return { netns, ends: await byWire(key) };
}

async function makeFloor(key: string, undo: Undo) {
  const { netns, outside } = await plugged(key, undo);
  const folder = `/run/netns/bpf-${key}`;
  await run(["mkdir", folder]);
  await run(["mount", "-t", "bpf", "bpf", folder]);
  await inNetns(
    netns,
    "python3",
    "-B",
    path.join(__dirname, "floor.py"),
    `${folder}/floor`,
    JSON.stringify(layout),
  );
  await inNetns(netns, "tc", "qdisc", "add", "dev", "eth0", "clsact");
  const filter = ["bpf", "da", "object-pinned", `${folder}/floor`];
  // `ip netns exec` has a /sys of its own, and tc looks for BPF's file system below it.
  const tc = ["tc", "filter", "add", "dev", "eth0", "ingress", ...filter];
  await run(["nsenter", `--net=/run/netns/${netns}`, ...tc]);
  return { netns, ends: await throughTunnels(key, outside.netns) };
}

/** As the article that everything started from sets it up. */
async function makeBridge(key: string, undo: Undo, rules: readonly string[]) {
  const { netns, outside } = await plugged(key, undo);
  const ip = (...words: string[]) => run(["ip", "-n", netns, ...words]);
  await ip("link", "set", "eth0", "mtu", String(DEFAULTS.mtu));
  await ip("link", "add", DEVICE.bridge, "type", "bridge");
  for (const side of ["internal", "external"] as const) {
    const device = DEVICE[side];
    const { vni, port } = layout[side];
    const tunnel = [
      "type",
      "vxlan",
      "id",
      `${vni}`,
      "remote",
      layout.gateway,
      "dstport",
      `${port}`,
    ];
    await ip("link", "add", device, ...tunnel, "dev", "eth0", "nolearning");
    await ip("link", "set", device, "master", DEVICE.bridge);
    await ip("link", "set", device, "type", "bridge_slave", "learning", "off");
    await ip("link", "set", device, "up");
  }
  await ip("link", "set", DEVICE.bridge, "up");
  const filtered = rules.length > 0;
  await inNetns(netns, "sysctl", "-qw", `net.bridge.bridge-nf-call-iptables=${Number(filtered)}`);
  if (filtered) {
    const input = ["*filter", ":FORWARD ACCEPT [0:0]", ...rules, "COMMIT", ""].join("\n");
    await run(["ip", "netns", "exec", netns, "iptables-restore"], { input });
  }
  return { netns, ends: await throughTunnels(key, outside.netns) };
}

/** A machine booted from its real customData, with a policy from its metadata service. */
function ours(policy: FirewallPolicy): Plan["make"] {
  return async (key, undo) => {
    const guest = await Guest.healthy(undo, policy, {
      ...{ name: key, netns: `gateway-${key}`, gateway: false },
    });
    return { netns: guest.netns, guest, ends: await throughTunnels(key, guest.outside.netns) };
  };
}

async function plugged(key: string, undo: Undo) {
  const outside = await Outside.make(undo, { netns: `gateway-${key}`, gateway: false });
  const netns = `nva-${key}`;
  await outside.plug(netns);
  const quiet = ["all", "default"].map((scope) => `net.ipv6.conf.${scope}.disable_ipv6=1`);
  await inNetns(netns, "sysctl", "-qw", ...quiet);
  return { outside, netns };
}
