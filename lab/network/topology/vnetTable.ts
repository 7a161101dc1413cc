/** Rules of a virtual network: addresses, translation, ways out, security groups. Pure. */

import { METADATA, PLATFORM } from "../../arm/platform";
import { Direction, type Nic, type SecurityGroup, type Vnet } from "../model";
import { dropped, type NftChain, type NftTable } from "../nft";
import type { Gateway, PublicEntry, View } from "../view";
import { chainMark, DIRECT_MARK } from "./flows";
import { gatewaysAround } from "./gateway";
import { chainDevice, nicDevice, UPLINK } from "./names";
import { defaultOutboundAddress, type WayOut, waysOut } from "./outbound";
import {
  groupChain,
  groupCounter,
  INSIDE_SET,
  planGroup,
  SourceView,
  SPACE_SET,
} from "./securityRules";
import { translations } from "./translation";

const NICS = `"n-*"`;
const FRONTENDS = `"f-*"`;

const VIEWS_OF_GATEWAY = [SourceView.Network, SourceView.LoadBalancer] as const;

/** The ruleset of a network's namespace. */
export function planVnetTable(view: View, vnet: Vnet): NftTable {
  const nics = view.nicsIn(vnet.id).map(({ nic }) => nic);
  const { own } = gatewaysAround(view, vnet.id);
  const groups = groupsIn(view, nics);
  const direct: PublicEntry = {
    address: defaultOutboundAddress(vnet.id),
    addressId: "",
    via: "natGateway",
    owner: vnet.id,
    vms: [],
  };
  const entries = [...view.entries.filter((entry) => entry.vnetId === vnet.id), direct];
  const ways = nics.flatMap((nic) => nic.configurations.flatMap((c) => waysOut(view, nic, c)));
  return {
    family: "ip",
    name: "vnet",
    counters: [
      ...["spoofed", "wrong_way", "no_outbound", "unpublished", "no_security_group"],
      ...["invalid", "platform", "cut_off"],
      ...groups.flatMap((group) => [
        groupCounter(group, Direction.Inbound),
        groupCounter(group, Direction.Outbound),
      ]),
    ],
    sets: sets(vnet, nics, entries),
    chains: [
      ...cutOff(view, vnet),
      raw(nics, own),
      ...waysOutChains(ways, new Map(entries.map((e) => [e.address, markOf(e)]))),
      ...translationChains(view, vnet, ways),
      ...groups.flatMap((group) => groupChains(group, own)),
      ...nics.flatMap((nic) => nicChains(view, nic, own.length > 0)),
      forwarding(nics),
      ...ownTraffic(nics, own.length > 0),
    ],
  };
}

/** Device that packets of a public address come in by. */
const entryDevice = (entry: PublicEntry): string =>
  entry.chain === undefined ? UPLINK : chainDevice(entry.chain);

const markOf = ({ chain }: PublicEntry): number =>
  chain === undefined ? DIRECT_MARK : chainMark(chain);

function sets(vnet: Vnet, nics: Nic[], entries: PublicEntry[]): NftTable["sets"] {
  return [
    { name: SPACE_SET, type: "ipv4_addr", flags: "interval", elements: vnet.space },
    {
      name: INSIDE_SET,
      type: "ipv4_addr",
      flags: "interval",
      elements: [...vnet.space, PLATFORM, METADATA],
    },
    {
      name: "own",
      type: "ifname . ipv4_addr",
      elements: nics.flatMap((nic) =>
        nic.configurations.map((c) => `"${nicDevice(nic.id)}" . ${c.address}`),
      ),
    },
    {
      name: "entry",
      type: "ifname . ipv4_addr",
      elements: entries.map((entry) => `"${entryDevice(entry)}" . ${entry.address}`),
    },
    {
      name: "uplink",
      type: "ipv4_addr : mark",
      elements: entries.map((entry) => `${entry.address} : ${markOf(entry)}`),
    },
  ];
}

/** A machine that hangs, or whose NIC is down, takes no packet and sends none, without a word. */
function cutOff(view: View, vnet: Vnet): NftChain[] {
  const devices = view
    .nicsIn(vnet.id)
    .filter(({ vm }) => vm.faults.some(({ kind }) => kind === "hang" || kind === "nic"))
    .map(({ nic }) => `"${nicDevice(nic.id)}"`);
  if (devices.length === 0) return [];
  const list = `{ ${devices.join(", ")} }`;
  return [
    {
      name: "cut_in",
      hook: "type filter hook prerouting priority raw - 1; policy accept;",
      rules: [`iifname ${list} ${dropped("cut_off")}`],
    },
    {
      name: "cut_out",
      hook: "type filter hook postrouting priority filter; policy accept;",
      rules: [`oifname ${list} ${dropped("cut_off")}`],
    },
  ];
}

/** Before connection tracking: who may send what by which device. */
function raw(nics: Nic[], gateways: Gateway[]): NftChain {
  const bound = nics.filter((nic) => !nic.ipForwarding).map((nic) => `"${nicDevice(nic.id)}"`);
  return {
    name: "raw",
    hook: "type filter hook prerouting priority raw; policy accept;",
    rules: [
      // Without enableIPForwarding a NIC sends nothing but its own.
      ...(bound.length > 0
        ? [`iifname { ${bound.join(", ")} } iifname . ip saddr != @own ${dropped("spoofed")}`]
        : []),
      // A public address is reached by one way only: the direct one, or its gateway.
      `iifname "${UPLINK}" iifname . ip daddr != @entry ${dropped("wrong_way")}`,
      `iifname "g-*" iifname . ip daddr != @entry ${dropped("wrong_way")}`,
      // Every packet of a tunnel meets the security groups: no flow is open once and for all.
      `iifname ${FRONTENDS} notrack`,
      ...gateways.map(
        ({ address, internal, external }) =>
          `iifname ${NICS} ip daddr ${address} udp dport { ${internal.port}, ${external.port} } notrack`,
      ),
    ],
  };
}

/**
 * The way that a packet to the public side takes is looked up for each packet, by the public
 * address of its flow: a chain that comes or goes applies to flows that already are.
 */
function waysOutChains(all: WayOut[], marks: ReadonlyMap<string, number>): NftChain[] {
  const ways = all.filter((way) => marks.has(way.publicAddress));
  return [
    {
      name: "way",
      hook: "type filter hook prerouting priority mangle; policy accept;",
      rules: [
        `iifname != ${NICS} return`,
        `ip daddr @${INSIDE_SET} return`,
        "ct direction reply meta mark set ct original ip daddr map @uplink return",
        "ct state established,related meta mark set ct reply ip daddr map @uplink return",
        ...ways.map(
          (way) => `${fromWay(way)} meta mark set ${marks.get(way.publicAddress)} return`,
        ),
        dropped("no_outbound"),
      ],
    },
  ];
}

const fromWay = ({ source, protocols }: WayOut): string =>
  protocols === undefined
    ? `ip saddr ${source}`
    : `ip saddr ${source} meta l4proto { ${protocols.join(", ")} }`;

function translationChains(view: View, vnet: Vnet, ways: WayOut[]): NftChain[] {
  return [
    {
      name: "publish",
      hook: "type nat hook prerouting priority dstnat; policy accept;",
      rules: [`iifname ${NICS} return`, ...translations(view, vnet.id)],
    },
    {
      name: "call",
      hook: "type nat hook postrouting priority srcnat; policy accept;",
      rules: [
        "meta mark 0 return",
        ...ways.map((way) => `${fromWay(way)} snat to ${way.publicAddress}`),
      ],
    },
  ];
}

/** Groups of the NICs and of their subnets, each once. */
function groupsIn(view: View, nics: Nic[]): SecurityGroup[] {
  const groups = nics.flatMap((nic) => groupsOf(view, nic));
  return [...new Map(groups.map((group) => [group.id, group])).values()];
}

/** Subnet's group first, as for packets that come in. */
function groupsOf(view: View, nic: Nic): SecurityGroup[] {
  const [first] = nic.configurations;
  const subnet = first === undefined ? undefined : view.subnetOf(first);
  return [subnet?.securityGroupId, nic.securityGroupId].flatMap(
    (id) => view.model.securityGroups.get(id ?? "") ?? [],
  );
}

function groupChains(group: SecurityGroup, gateways: Gateway[]): NftChain[] {
  return [
    planGroup(group, Direction.Inbound),
    planGroup(group, Direction.Outbound),
    ...gateways
      .slice(0, 1)
      .flatMap((gateway) =>
        VIEWS_OF_GATEWAY.map((as) => planGroup(group, Direction.Inbound, as, gateway.address)),
      ),
  ];
}

function nicChains(view: View, nic: Nic, tunnels: boolean): NftChain[] {
  const dev = nicDevice(nic.id).slice(2);
  const groups = groupsOf(view, nic);
  const jump = (group: SecurityGroup, direction: Direction, as?: SourceView) =>
    `jump ${groupChain(group, direction, as)}`;
  const closed = dropped("no_security_group");
  const chains: NftChain[] = [
    {
      name: `to_${dev}`,
      // A Standard public address is closed until a group opens it; inside the network all is open.
      rules:
        groups.length > 0
          ? groups.map((group) => jump(group, Direction.Inbound))
          : [`ct status and dnat == dnat ${closed}`],
    },
    {
      name: `from_${dev}`,
      rules: [...groups].reverse().map((group) => jump(group, Direction.Outbound)),
    },
  ];
  if (!tunnels) return chains;
  const both = groups.flatMap((group) =>
    VIEWS_OF_GATEWAY.map((as) => jump(group, Direction.Inbound, as)),
  );
  return [...chains, { name: `tunnel_to_${dev}`, rules: both.length > 0 ? both : [closed] }];
}

function forwarding(nics: Nic[]): NftChain {
  const each = (field: string, prefix: string) =>
    nics.map((nic) => {
      const dev = nicDevice(nic.id);
      return `${field} "${dev}" jump ${prefix}_${dev.slice(2)}`;
    });
  return {
    name: "forward",
    hook: "type filter hook forward priority filter; policy accept;",
    rules: [
      `iifname ${FRONTENDS} jump tunnel`,
      `ct state invalid ${dropped("invalid")}`,
      "ct state established,related accept",
      ...each("iifname", "from"),
      `iifname "${UPLINK}" ct status and dnat != dnat ${dropped("unpublished")}`,
      `iifname "g-*" ct status and dnat != dnat ${dropped("unpublished")}`,
      ...each("oifname", "to"),
    ],
  };
}

/** Packets of the gateways' tunnels, and those that the platform itself sends and takes. */
function ownTraffic(nics: Nic[], tunnels: boolean): NftChain[] {
  const devices = nics.map((nic) => nicDevice(nic.id));
  return [
    {
      name: "tunnel",
      rules: [
        ...(tunnels ? devices : []).map((dev) => `oifname "${dev}" jump tunnel_to_${dev.slice(2)}`),
        "accept",
      ],
    },
    {
      name: "input",
      hook: "type filter hook input priority filter; policy accept;",
      rules: [
        `iifname ${NICS} ip daddr ${METADATA} tcp dport 80 accept`,
        "ct state established,related accept",
        dropped("platform"),
      ],
    },
    {
      name: "output",
      hook: "type filter hook output priority filter; policy accept;",
      rules: [
        // The network itself is nobody that the internet hears of.
        `oifname "${UPLINK}" ${dropped("platform")}`,
        `oifname "g-*" ${dropped("platform")}`,
        "ct state established,related accept",
        ...devices.map((dev) => `oifname "${dev}" jump to_${dev.slice(2)}`),
      ],
    },
  ];
}
