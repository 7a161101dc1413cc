/** A virtual network: a router between its NICs, the public side and the gateways. Pure. */
import { formatAddress, parseNetwork } from "../../../components/azure/addresses";
import { METADATA, PLATFORM } from "../../arm/platform";
import { behavesSo } from "../../arm/rules";
import { docs } from "../../arm/sources";
import type { Nic, Vnet } from "../model";
import type { View } from "../view";
import { chainMark } from "./flows";
import { gatewaysAround, UNDERLAY_MTU } from "./gateway";
import {
  chainDevice,
  consumerDevice,
  EDGE,
  edgeToVnet,
  frontendDevice,
  gatewayNamespace,
  LAN,
  nicDevice,
  UPLINK,
  vnetNamespace,
} from "./names";
import {
  addressOn,
  FORWARDING,
  type Link,
  macOf,
  type Namespace,
  neighbour,
  peerOn,
  policyRule,
  route,
  routeVia,
  type Setting,
  TRACKING,
} from "./plan";
import { planVnetTable } from "./vnetTable";

behavesSo("Outbound access", {
  says: "An idle flow of a public address is forgotten after four minutes.",
  documented: docs.types,
});

/** MAC address that every host of a virtual network sees its neighbours by. */
const ROUTER_MAC = "12:34:56:78:9a:bc";
/** MTU of a NIC when a VM starts; a guest may raise it. */
const NIC_MTU = 1500;

/** An idle flow of a public address is forgotten. */
const IDLE_SECONDS = "240";

/** The namespace of a network: its router, and all that the platform does in it. */
export function planVnet(view: View, vnet: Vnet): Namespace {
  const name = vnetNamespace(vnet.id);
  const { own, chained } = gatewaysAround(view, vnet.id);
  const nics = view.nicsIn(vnet.id).map(({ nic }) => nic);
  const subnets = [...view.model.subnets.values()].filter((s) => s.vnetId === vnet.id);
  const settings: Setting[] = [
    addressOn(`${PLATFORM}/32`, "lo"),
    addressOn(`${METADATA}/32`, "lo"),
    ...subnets.flatMap((subnet) =>
      subnet.prefixes.map((prefix) => addressOn(`${routerOf(prefix)}/32`, "lo")),
    ),
    ...vnet.space.map((prefix) => route(prefix, "blackhole")),
    peerOn(UPLINK, macOf(`${EDGE} ${edgeToVnet(vnet.id)}`)),
    routeVia("default", UPLINK),
    ...nics.flatMap(nicSettings),
    ...own.flatMap((gateway) => {
      const dev = frontendDevice(gateway.id);
      return [
        neighbour(gateway.address, macOf(`${gatewayNamespace(gateway)} ${LAN}`), dev),
        route(`${gateway.address}/32`, `dev ${dev}`),
      ];
    }),
    ...chained.flatMap((gateway) => {
      const dev = chainDevice(gateway.id);
      const mark = chainMark(gateway.id);
      return [
        peerOn(dev, macOf(`${gatewayNamespace(gateway)} ${consumerDevice(vnet.id)}`)),
        routeVia("default", dev, mark),
        policyRule(100, `fwmark ${mark} lookup ${mark}`),
      ];
    }),
  ];
  return {
    name,
    sysctls: {
      ...FORWARDING,
      ...TRACKING,
      "netfilter.nf_conntrack_tcp_timeout_established": IDLE_SECONDS,
      "netfilter.nf_conntrack_udp_timeout_stream": IDLE_SECONDS,
    },
    vxlans: [],
    settings,
    tables: [planVnetTable(view, vnet)],
  };
}

/** Namespaces of the machines that are on, with the NICs that they have in the network. */
export function planMachines(view: View): { namespaces: Namespace[]; links: Link[] } {
  const namespaces: Namespace[] = [];
  const links: Link[] = [];
  for (const vm of view.model.vms) {
    const netns = view.facts.running.get(vm.id)?.netns;
    if (netns === undefined) continue;
    const isDown = vm.faults.some(({ kind }) => kind === "nic");
    const settings = vm.nics.flatMap((nic, index) =>
      isDown ? [deviceDown(`eth${index}`)] : machineSettings(view, nic, index),
    );
    namespaces.push({ name: netns, sysctls: {}, vxlans: [], settings, tables: [] });
    for (const [index, nic] of vm.nics.entries()) {
      links.push({
        a: {
          netns: vnetNamespace(nic.vnetId),
          dev: nicDevice(nic.id),
          mac: ROUTER_MAC,
          mtu: UNDERLAY_MTU,
          answersArp: true,
        },
        b: { netns, dev: `eth${index}`, mac: nic.mac, mtu: NIC_MTU },
      });
    }
  }
  return { namespaces, links };
}

/** Settings that a machine gets on Azure by DHCP: addresses, and by the primary NIC the way out. */
function machineSettings(view: View, nic: Nic, index: number): Setting[] {
  const dev = `eth${index}`;
  return nic.configurations.flatMap((configuration, place) => {
    const prefixes = view.subnetOf(configuration)?.prefixes ?? [];
    const own = parseNetwork(configuration.address);
    const prefix = prefixes.find((text) => {
      const network = parseNetwork(text);
      return own && network && network.first <= own.first && own.first <= network.last;
    });
    if (prefix === undefined) return [];
    const address = addressOn(`${configuration.address}/${prefix.split("/")[1]}`, dev);
    if (index > 0 || place > 0) return [address];
    return [address, route("default", `via ${routerOf(prefix)} dev ${dev}`)];
  });
}

/** Addresses and routes go with it, and come back as from DHCP; the guest's own do not. */
const deviceDown = (dev: string): Setting => ({
  key: `state ${dev}`,
  set: `link set ${dev} down`,
  unset: `link set ${dev} up`,
});

function nicSettings(nic: Nic): Setting[] {
  const dev = nicDevice(nic.id);
  return nic.configurations.flatMap((configuration) => [
    neighbour(configuration.address, nic.mac, dev),
    route(`${configuration.address}/32`, `dev ${dev}`),
  ]);
}

/** The first address of a subnet: its router. */
function routerOf(prefix: string): string {
  return formatAddress((parseNetwork(prefix)?.first ?? 0n) + 1n, 4);
}
