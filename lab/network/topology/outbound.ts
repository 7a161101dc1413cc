/** Which public address a machine calls from, in Azure's order of precedence. Pure. */
import { formatAddress, parseAddress } from "../../../components/azure/addresses";
import { behavesSo } from "../../arm/rules";
import { docs } from "../../arm/sources";
import type { IpConfiguration, Nic } from "../model";
import type { View } from "../view";
import { digest } from "./plan";

behavesSo(
  "Outbound access",
  {
    says: "A machine calls by its subnet's NAT gateway, else its own address, else an outbound rule, else a rule's SNAT, else by default.",
    documented: `${docs.natGateway} and ${docs.outbound}`,
  },
  {
    says: "A private subnet has no default outbound access.",
    documented: docs.defaultOutbound,
  },
);

/** One way out of a source address; the first that fits a packet is taken. */
export interface WayOut {
  source: string;
  /** nft protocols; undefined for all. */
  protocols?: ("tcp" | "udp")[];
  publicAddress: string;
}

/** Azure-owned addresses of default outbound access: in the lab, of this network. */
const DEFAULT_OUTBOUND = parseAddress("192.31.196.0");

/** The address that machines of a network without explicit outbound access call from. */
export function defaultOutboundAddress(vnetId: string): string {
  // 192.31.196.0/24 belongs to no one who could be called here, and to no pool of the store.
  const host = 1n + (BigInt(`0x${digest(vnetId, 8)}`) % 254n);
  return formatAddress((DEFAULT_OUTBOUND?.first ?? 0n) + host, 4);
}

/**
 * Ways out of one address: NAT gateway of the subnet, then its own public address, then outbound
 * rules, then the rules that do SNAT by themselves, then default outbound access; else none.
 */
export function waysOut(view: View, nic: Nic, configuration: IpConfiguration): WayOut[] {
  const source = configuration.address;
  const subnet = view.subnetOf(configuration);
  if (subnet?.natGatewayId !== undefined) {
    const { publicAddress } = view.model.natGateways.get(subnet.natGatewayId) ?? {};
    return publicAddress === undefined
      ? []
      : [{ source, protocols: ["tcp", "udp"], publicAddress }];
  }
  if (configuration.publicAddress !== undefined) {
    return [{ source, publicAddress: configuration.publicAddress }];
  }
  const balanced = throughBalancers(view, configuration);
  if (balanced.length > 0) return balanced;
  // A member of a Standard pool has no default outbound access, an NVA of a gateway neither.
  const pooled = view.model.loadBalancers.some((balancer) =>
    balancer.pools.some((pool) => pool.members.includes(configuration.id)),
  );
  // Nor has an instance of a Flexible scale set, in whatever subnet.
  const instance = view.model.vms.some((vm) => vm.id === nic.vmId && vm.scaleSetId !== undefined);
  if (pooled || instance || subnet?.defaultOutbound !== true) return [];
  return [{ source, protocols: ["tcp", "udp"], publicAddress: defaultOutboundAddress(nic.vnetId) }];
}

function throughBalancers(view: View, configuration: IpConfiguration): WayOut[] {
  const explicit: WayOut[] = [];
  const implicit: WayOut[] = [];
  for (const balancer of view.model.loadBalancers.filter((b) => !b.gateway)) {
    const isMember = (id: string) =>
      balancer.pools.find((pool) => pool.id === id)?.members.includes(configuration.id) === true;
    const way = (frontendId: string | undefined, protocol: "tcp" | "udp" | "all"): WayOut[] => {
      const frontend = balancer.frontends.find((f) => f.id === frontendId);
      if (frontend?.publicAddress === undefined) return [];
      const protocols: WayOut["protocols"] = protocol === "all" ? ["tcp", "udp"] : [protocol];
      return [{ source: configuration.address, protocols, publicAddress: frontend.publicAddress }];
    };
    for (const rule of balancer.outboundRules) {
      if (isMember(rule.poolId)) explicit.push(...way(rule.frontendIds[0], rule.protocol));
    }
    for (const rule of balancer.rules) {
      if (!rule.outboundSnat || !rule.poolIds.some(isMember)) continue;
      implicit.push(...way(rule.frontendId, rule.protocol));
    }
  }
  return explicit.length > 0 ? explicit : implicit;
}
