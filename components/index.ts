/** What users import: the components, the types of their arguments, and the closed choices. */
export { type ChainAllOptions, chainAll } from "./chainAll";
export {
  type FirewallPolicy,
  type FirewallRule,
  PolicyMode,
  type RateLimit,
  RuleAction,
  RuleDirection,
  RuleProtocol,
} from "./firewall/index";
export { assignGateway } from "./gateway/assignGateway";
export type { FleetAutoscaleArgs } from "./gateway/autoscale";
export type { Chain } from "./gateway/chainList";
export { type ChainFinding, ChainOutcome } from "./gateway/chains";
export {
  type FleetArgs,
  type FleetHealthArgs,
  type FleetRepairsArgs,
  FleetScaleIn,
  type FleetUpgradeArgs,
} from "./gateway/fleet";
export type { NvaArgs } from "./gateway/nva";
export type { GatewayProbeArgs } from "./gateway/probe";
export {
  type OutboundArgs,
  type PublicPort,
  type PublicProbeArgs,
  PublicProtocol,
} from "./gateway/publicLoadBalancer";
export { type AllowedTraffic, TrafficProtocol } from "./gateway/traffic";
export type { GatewayTunnelArgs } from "./gateway/tunnels";
export { GatewayProvider, type GatewayProviderArgs } from "./gatewayProvider";
export { IlpipConsumer, type IlpipConsumerArgs } from "./ilpipConsumer";
export { type ListChainsOptions, listChains } from "./listChains";
export {
  PublicLoadBalancerConsumer,
  type PublicLoadBalancerConsumerArgs,
} from "./publicLoadBalancerConsumer";
