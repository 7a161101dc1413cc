/**
 * A gateway load balancer at one of its frontends: which flow goes to which NVA, in which tunnel.
 *
 * An NVA is known by the lower 24 bits of its address: as connection mark it keeps a flow where it
 * is, and with a tunnel and an orientation added it is the packet mark that selects the route.
 */
import { formatAddress, parseAddress } from "../../../components/azure/addresses";
import { behavesSo } from "../../arm/rules";
import { docs } from "../../arm/sources";
import { dropped, type NftTable } from "../nft";
import type { Gateway, Member, View } from "../view";
import { EXTERNAL_BIT, FLIPPED_BIT, memberMark, STEERED_BIT } from "./flows";
import { planSteering } from "./gatewaySteering";
import {
  chainDevice,
  consumerDevice,
  EDGE,
  edgeToGateway,
  frontendDevice,
  gatewayNamespace,
  LAN,
  UPLINK,
  VXLAN_EX,
  VXLAN_IN,
  vnetNamespace,
} from "./names";
import {
  addressOn,
  FORWARDING,
  fabricLink,
  type Link,
  macOf,
  type Namespace,
  neighbour,
  PUBLIC_MTU,
  peerOn,
  policyRule,
  route,
  routeVia,
  type Setting,
  TRACKING,
} from "./plan";

behavesSo(
  "Packets through a gateway",
  {
    says: "A packet goes to an NVA in one tunnel and comes back in the other, addresses and ports unchanged.",
    documented: docs.gateway,
  },
  {
    says: "The network between a gateway and its NVAs carries 4,000 bytes.",
    documented: docs.balancerAdvice,
  },
  {
    says: "The inner destination MAC address may be one that a learning bridge has seen as a source on the same port.",
    assumed: "The service's addresses are not documented: a bridge that learns loses packets here.",
  },
);

/** MTU between a gateway and its NVAs: the most that Azure recommends an NVA to use. */
export const UNDERLAY_MTU = 4000;

/** Table that packets from the External tunnel leave by: always to the edge. */
const OUTWARD_TABLE = 51;

/** Virtual networks with a public address that is chained to the gateway. */
export const consumersOf = (view: View, gateway: Gateway): string[] => [
  ...new Set(
    view.entries
      .filter((entry) => entry.chain === gateway.id)
      .flatMap((entry) => entry.vnetId ?? []),
  ),
];

/** Gateways whose frontend lies in the network, and gateways that its addresses are chained to. */
export function gatewaysAround(view: View, vnetId: string): { own: Gateway[]; chained: Gateway[] } {
  return {
    own: view.gateways.filter((gateway) => gateway.vnetId === vnetId),
    chained: view.gateways.filter((gateway) => consumersOf(view, gateway).includes(vnetId)),
  };
}

/** The namespace of a gateway's frontend, and its links to its own and its consumers' networks. */
export function planGateway(view: View, gateway: Gateway): { namespace: Namespace; links: Link[] } {
  const netns = gatewayNamespace(gateway);
  const lan = fabricLink(
    { netns, dev: LAN },
    { netns: vnetNamespace(gateway.vnetId), dev: frontendDevice(gateway.id) },
    UNDERLAY_MTU,
  );
  const consumers = consumersOf(view, gateway).map((vnetId) =>
    fabricLink(
      { netns, dev: consumerDevice(vnetId) },
      { netns: vnetNamespace(vnetId), dev: chainDevice(gateway.id) },
      PUBLIC_MTU,
    ),
  );
  const edge = fabricLink(
    { netns: EDGE, dev: edgeToGateway(gateway.id) },
    { netns, dev: UPLINK },
    PUBLIC_MTU,
  );
  const chained = view.entries.filter((entry) => entry.chain === gateway.id);
  const idle = String(gateway.rule.idleMinutes * 60);
  const settings: Setting[] = [
    addressOn(`${gateway.address}/32`, LAN),
    peerOn(LAN, lan.b.mac),
    peerOn(UPLINK, edge.a.mac),
    ...consumers.map((link) => peerOn(link.a.dev, link.b.mac)),
    ...chained.flatMap((entry) =>
      entry.vnetId === undefined
        ? []
        : [routeVia(`${entry.address}/32`, consumerDevice(entry.vnetId))],
    ),
    routeVia("default", UPLINK, OUTWARD_TABLE),
    policyRule(50, `iif ${VXLAN_EX} lookup ${OUTWARD_TABLE}`),
    ...gateway.members.flatMap(memberSettings),
  ];
  return {
    links: [lan, ...consumers],
    namespace: {
      name: netns,
      sysctls: {
        ...FORWARDING,
        ...TRACKING,
        "netfilter.nf_conntrack_tcp_timeout_established": idle,
        "netfilter.nf_conntrack_udp_timeout": idle,
        "netfilter.nf_conntrack_udp_timeout_stream": idle,
        "netfilter.nf_conntrack_icmp_timeout": idle,
      },
      vxlans: [
        { dev: VXLAN_IN, ...gateway.internal, local: gateway.address, mac: macOf(`${netns} in`) },
        { dev: VXLAN_EX, ...gateway.external, local: gateway.address, mac: macOf(`${netns} ex`) },
      ],
      settings,
      tables: [planSteering(view, gateway), macTable(gateway)],
    },
  };
}

interface Path {
  dev: string;
  mark: number;
  /** Next hop that stands for NVA and orientation; no packet carries it. */
  hop: string;
  destinationMac: string;
  sourceMac: string;
}

/** The four ways to an NVA: two tunnels, two orientations of the same pair of MAC addresses. */
function pathsTo(member: Member): Path[] {
  const { address } = member.configuration;
  const own = parseAddress(address)?.first ?? 0n;
  return [false, true].flatMap((external) => {
    const [a, b] = tunnelMacs(member, external);
    return [false, true].map((flipped): Path => {
      const bits = STEERED_BIT | (external ? EXTERNAL_BIT : 0) | (flipped ? FLIPPED_BIT : 0);
      return {
        dev: external ? VXLAN_EX : VXLAN_IN,
        mark: memberMark(member) | bits,
        hop: flipped ? formatAddress(own + 0x1000000n, 4) : address,
        destinationMac: flipped ? a : b,
        sourceMac: flipped ? b : a,
      };
    });
  });
}

/** The pair of MAC addresses of an NVA's frames in one tunnel. */
function tunnelMacs(member: Member, external: boolean): [string, string] {
  const hex = memberMark(member).toString(16).padStart(6, "0").match(/../g) ?? [];
  const tunnel = external ? "ex" : "in";
  const pair = { in: ["02:a0", "02:b0"], ex: ["02:a1", "02:b1"] }[tunnel];
  return [`${pair[0]}:00:${hex.join(":")}`, `${pair[1]}:00:${hex.join(":")}`];
}

function memberSettings(member: Member): Setting[] {
  const { address } = member.configuration;
  return [
    routeVia(`${address}/32`, LAN),
    ...pathsTo(member).flatMap((path): Setting[] => [
      neighbour(path.hop, path.destinationMac, path.dev),
      {
        key: `fdb ${path.destinationMac} ${path.dev}`,
        set: `fdb replace ${path.destinationMac} dev ${path.dev} dst ${address} self permanent`,
        unset: `fdb del ${path.destinationMac} dev ${path.dev} dst ${address} self`,
        tool: "bridge",
      },
      route("default", `via ${path.hop} dev ${path.dev} onlink`, path.mark),
      policyRule(100, `fwmark ${path.mark} lookup ${path.mark}`),
    ]),
  ];
}

/**
 * Inner MAC addresses: the packet that opens a flow goes from B to A and all others from A to B, so
 * a bridge that learns loses the second one.
 */
function macTable(gateway: Gateway): NftTable {
  const paths = gateway.members.flatMap(pathsTo);
  const chain = (name: string, dev: string, hook: string, rules: string[]) => ({
    name,
    hook: `type filter hook ${hook} device "${dev}" priority 0; policy accept;`,
    rules,
  });
  const chainsOf = (name: string, dev: string) => {
    const own = paths.filter((path) => path.dev === dev);
    const pairs = own.map((path) => `${path.destinationMac} : ${path.sourceMac}`);
    const sent = own.map((path) => path.sourceMac);
    const some = (rule: string) => (own.length > 0 ? [rule] : []);
    return [
      chain(`to_${name}`, dev, "egress", [
        ...some(`ether saddr set ether daddr map { ${pairs.join(", ")} }`),
        // The mark has done its work: the outer packet's route is looked up with what it is here.
        "meta mark set 0",
      ]),
      chain(`from_${name}`, dev, "ingress", [
        // A packet that went out by a tunnel must come back by the other one.
        ...some(`ether saddr { ${sent.join(", ")} } ${dropped("same_tunnel")}`),
        // A bridge returns frames as they were: addressed to its other side, not to this device.
        "meta pkttype set host",
      ]),
    ];
  };
  return {
    family: "netdev",
    name: "tunnels",
    counters: ["same_tunnel"],
    sets: [],
    chains: [...chainsOf("internal", VXLAN_IN), ...chainsOf("external", VXLAN_EX)],
  };
}
