/** A security group as chains of nftables: first match wins, Azure's default rules at the end. Pure. */
import { contains, parseNetwork } from "../../../components/azure/addresses";
import { PLATFORM } from "../../arm/platform";
import { behavesSo } from "../../arm/rules";
import { docs } from "../../arm/sources";
import type { Direction, SecurityGroup, SecurityRule } from "../model";
import { dropped, identifier, type NftChain } from "../nft";
import { digest } from "./plan";

behavesSo(
  "Microsoft.Network/networkSecurityGroups",
  {
    says: `Probes come from ${PLATFORM}, which is AzureLoadBalancer to a rule.`,
    documented: docs.probes,
  },
  {
    says: "A gateway's packet passes if the rules allow it from VirtualNetwork and from AzureLoadBalancer.",
    assumed: "Sources contradict each other on its tag: only what both would allow passes here.",
  },
);

/** A packet's source to a group: by its address, or as the platform takes it. */
export const SourceView = {
  /** By address. */
  Address: "address",
  /** The outer packet of a gateway, taken as one of the virtual network. */
  Network: "network",
  /** The outer packet of a gateway, taken as one of the load balancer. */
  LoadBalancer: "loadBalancer",
} as const;
export type SourceView = (typeof SourceView)[keyof typeof SourceView];

/** Set with the address space of the network, and set with everything that is not the internet. */
export const SPACE_SET = "space";
export const INSIDE_SET = "inside";

/** Name of the counter of packets that a group dropped. */
export const groupCounter = (group: SecurityGroup, direction: Direction): string =>
  identifier(`nsg_${group.name}_${digest(group.id, 4)}_${direction.toLowerCase()}`);

export const groupChain = (
  group: SecurityGroup,
  direction: Direction,
  view: SourceView = SourceView.Address,
): string => identifier(`nsg_${digest(group.id)}_${direction.toLowerCase()}_${view}`);

const DEFAULT_RULES: Record<Direction, Pick<SecurityRule, "sources" | "destinations">[]> = {
  Inbound: [
    { sources: ["VirtualNetwork"], destinations: ["VirtualNetwork"] },
    { sources: ["AzureLoadBalancer"], destinations: ["*"] },
  ],
  Outbound: [
    { sources: ["VirtualNetwork"], destinations: ["VirtualNetwork"] },
    { sources: ["*"], destinations: ["Internet"] },
  ],
};

/**
 * The chain of a group for one direction: it returns what the group allows and drops the rest.
 * `gatewayAddress` is the source that a gateway's packets carry, for the views that are about it.
 */
export function planGroup(
  group: SecurityGroup,
  direction: Direction,
  view: SourceView = SourceView.Address,
  gatewayAddress?: string,
): NftChain {
  const refusal = dropped(groupCounter(group, direction));
  const defaults = DEFAULT_RULES[direction].map(
    (rule): SecurityRule => ({
      ...rule,
      name: "default",
      priority: 65000,
      direction,
      allow: true,
      protocol: "*",
      sourcePorts: ["*"],
      destinationPorts: ["*"],
    }),
  );
  const rules = [...group.rules, ...defaults]
    .filter((rule) => rule.direction === direction)
    .flatMap((rule) =>
      matches(rule, view, gatewayAddress).map((match) =>
        `${match} ${rule.allow ? "return" : refusal}`.trim(),
      ),
    );
  return { name: groupChain(group, direction, view), rules: [...rules, refusal] };
}

/** Every combination of source, destination and protocol of a rule, as nft matches. */
function matches(rule: SecurityRule, view: SourceView, gatewayAddress?: string): string[] {
  const sources = rule.sources.flatMap((text) => sourceMatch(text, view, gatewayAddress) ?? []);
  const destinations = rule.destinations.flatMap((text) => addressMatch(text, "daddr") ?? []);
  return sources.flatMap((source) =>
    destinations.map((destination) =>
      [source, destination, ...transportMatch(rule)].filter((part) => part !== "").join(" "),
    ),
  );
}

function sourceMatch(text: string, view: SourceView, gatewayAddress?: string): string | undefined {
  if (view === SourceView.Address) return addressMatch(text, "saddr");
  const tag = text.toLowerCase();
  if (tag === "*" || tag === "any") return "";
  if (tag === "virtualnetwork") return view === SourceView.Network ? "" : undefined;
  if (tag === "azureloadbalancer") return view === SourceView.LoadBalancer ? "" : undefined;
  const network = parseNetwork(text);
  const gateway = parseNetwork(gatewayAddress ?? "");
  return network !== undefined && gateway !== undefined && contains(network, gateway)
    ? ""
    : undefined;
}

/** Undefined for what matches nothing: unknown service tags, IPv6. */
function addressMatch(text: string, field: "saddr" | "daddr"): string | undefined {
  switch (text.toLowerCase()) {
    case "*":
    case "any":
      return "";
    case "virtualnetwork":
      return `ip ${field} @${SPACE_SET}`;
    case "azureloadbalancer":
      return `ip ${field} ${PLATFORM}`;
    case "internet":
      return `ip ${field} != @${INSIDE_SET}`;
    default: {
      const network = parseNetwork(text);
      if (network?.family !== 4) return undefined;
      return network.prefix === 0 ? "" : `ip ${field} ${text}`;
    }
  }
}

function transportMatch(rule: SecurityRule): string[] {
  const ports = [
    ...portMatch("sport", rule.sourcePorts),
    ...portMatch("dport", rule.destinationPorts),
  ];
  switch (rule.protocol) {
    case "tcp":
    case "udp":
      return [`meta l4proto ${rule.protocol}`, ...ports];
    case "icmp":
    case "esp":
    case "ah":
      return [`meta l4proto ${rule.protocol}`];
    default:
      return ports.length === 0 ? [] : ["meta l4proto { tcp, udp }", ...ports];
  }
}

function portMatch(field: "sport" | "dport", ports: string[]): string[] {
  if (ports.length === 0 || ports.includes("*")) return [];
  return [`th ${field} { ${ports.join(", ")} }`];
}
