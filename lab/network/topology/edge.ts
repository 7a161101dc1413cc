/** The public side: a host on the internet, and the edge that knows where public addresses lead. */

import { dropped, type NftTable } from "../nft";
import type { PublicEntry, View } from "../view";
import {
  EDGE,
  edgeToGateway,
  edgeToVnet,
  gatewayNamespace,
  INTERNET,
  UPLINK,
  vnetNamespace,
} from "./names";
import { defaultOutboundAddress } from "./outbound";
import {
  addressOn,
  FORWARDING,
  fabricLink,
  type Link,
  type Namespace,
  PUBLIC_MTU,
  peerOn,
  route,
  routeVia,
  type Setting,
  TRACKING,
} from "./plan";

/** Addresses of the host on the internet; the first is what it calls from by default. */
export const INTERNET_ADDRESSES = ["203.0.113.9", "8.8.8.8", "198.51.100.7"] as const;

/** Edge's device towards the internet. */
const INTERNET_DEVICE = "inet0";
/** The platform, not a machine, answers pings to frontends of load balancers, from this address. */
const ANSWERER = "192.88.99.1";

const internetLink: Link = fabricLink(
  { netns: INTERNET, dev: UPLINK },
  { netns: EDGE, dev: INTERNET_DEVICE },
  PUBLIC_MTU,
);

/** A host with addresses of its own, and nothing else. */
export function planInternet(): Namespace {
  return {
    name: INTERNET,
    sysctls: {
      "ipv4.ip_forward": "0",
      "ipv4.conf.all.rp_filter": "0",
      "ipv6.conf.all.disable_ipv6": "1",
    },
    vxlans: [],
    settings: [
      ...INTERNET_ADDRESSES.map((address) => addressOn(`${address}/32`, UPLINK)),
      peerOn(UPLINK, internetLink.b.mac),
      route("default", `via 169.254.0.1 dev ${UPLINK} onlink src ${INTERNET_ADDRESSES[0]}`),
    ],
    tables: [],
  };
}

/** Routes each public address to the gateway that it is chained to, or straight to its network. */
export function planEdge(view: View): { namespace: Namespace; links: Link[] } {
  const toVnets = view.model.vnets.map((vnet) =>
    fabricLink(
      { netns: EDGE, dev: edgeToVnet(vnet.id) },
      { netns: vnetNamespace(vnet.id), dev: UPLINK },
      PUBLIC_MTU,
    ),
  );
  const toGateways = view.gateways.map((gateway) =>
    fabricLink(
      { netns: EDGE, dev: edgeToGateway(gateway.id) },
      { netns: gatewayNamespace(gateway), dev: UPLINK },
      PUBLIC_MTU,
    ),
  );
  const links = [...toVnets, ...toGateways];
  return {
    links: [internetLink, ...links],
    namespace: {
      name: EDGE,
      sysctls: { ...FORWARDING, ...TRACKING },
      vxlans: [],
      settings: [
        addressOn(`${ANSWERER}/32`, "lo"),
        peerOn(INTERNET_DEVICE, internetLink.a.mac),
        ...links.map((link) => peerOn(link.a.dev, link.b.mac)),
        routeVia("default", INTERNET_DEVICE),
        ...view.entries.map((entry) => routeOf(entry, view)),
        ...view.model.vnets.map((vnet) =>
          routeVia(`${defaultOutboundAddress(vnet.id)}/32`, edgeToVnet(vnet.id)),
        ),
      ],
      tables: [edgeTable(view)],
    },
  };
}

/** A chain that leads nowhere is closed, as a gateway without a healthy NVA is. */
function routeOf(entry: PublicEntry, view: View): Setting {
  const destination = `${entry.address}/32`;
  if (entry.chain !== undefined) {
    return view.gateway(entry.chain) === undefined
      ? route(destination, "blackhole")
      : routeVia(destination, edgeToGateway(entry.chain));
  }
  return entry.vnetId === undefined
    ? route(destination, "blackhole")
    : routeVia(destination, edgeToVnet(entry.vnetId));
}

function edgeTable(view: View): NftTable {
  const frontends = view.entries.filter((e) => e.via === "frontend").map((e) => e.address);
  return {
    family: "ip",
    name: "edge",
    counters: ["nowhere"],
    sets: [{ name: "frontends", type: "ipv4_addr", elements: frontends }],
    chains: [
      {
        name: "untracked",
        hook: "type filter hook prerouting priority raw; policy accept;",
        rules: ["ip daddr @frontends icmp type echo-request accept", "notrack"],
      },
      {
        name: "ping",
        hook: "type nat hook prerouting priority dstnat; policy accept;",
        rules: [`ip daddr @frontends icmp type echo-request dnat to ${ANSWERER}`],
      },
      {
        name: "forward",
        hook: "type filter hook forward priority filter; policy accept;",
        rules: [`iifname "${INTERNET_DEVICE}" oifname "${INTERNET_DEVICE}" ${dropped("nowhere")}`],
      },
    ],
  };
}
