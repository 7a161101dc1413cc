/** The public surface: the components, the types of their arguments, and the closed choices. */
export { type ChainAllOptions, chainAll } from "./chains/chainAll";
export { type ListChainsOptions, listChains } from "./chains/listChains";
export { assignGateway } from "./chains/plan/assignGateway";
export type { Chain } from "./chains/plan/chainList";
export { type ChainFinding, ChainOutcome } from "./chains/plan/chains";
export { IlpipConsumer, type IlpipConsumerArgs } from "./consumers/ilpipConsumer";
export {
  type OutboundArgs,
  type PublicPort,
  type PublicProbeArgs,
  PublicProtocol,
} from "./consumers/plan/publicLoadBalancer";
export { type AllowedTraffic, TrafficProtocol } from "./consumers/plan/traffic";
export {
  PublicLoadBalancerConsumer,
  type PublicLoadBalancerConsumerArgs,
} from "./consumers/publicLoadBalancerConsumer";
export {
  type FirewallPolicy,
  type FirewallRule,
  PolicyMode,
  type RateLimit,
  RuleAction,
  RuleDirection,
  RuleProtocol,
} from "./policy/index";
export { GatewayProvider, type GatewayProviderArgs } from "./provider/gatewayProvider";
export type { FleetAutoscaleArgs } from "./provider/plan/autoscale";
export {
  type FleetArgs,
  type FleetHealthArgs,
  type FleetRepairsArgs,
  FleetScaleIn,
  type FleetUpgradeArgs,
} from "./provider/plan/fleet";
export type { NvaArgs } from "./provider/plan/nva";
export type { GatewayProbeArgs } from "./provider/plan/probe";
export type { GatewayTunnelArgs } from "./provider/plan/tunnels";
