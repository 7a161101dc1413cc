/** Pools and inbound NAT rules as resources of their own; they are stored in their load balancer. */
import { networkName, type ResourceType } from "./definition";
import { inboundNatRuleShape, poolShape } from "./loadBalancerShape";

const OWNER = "Microsoft.Network/loadBalancers";

export const backendAddressPool: ResourceType = {
  type: `${OWNER}/backendAddressPools`,
  token: "azure-native:network:LoadBalancerBackendAddressPool",
  getter: "azure-native:network:getLoadBalancerBackendAddressPool",
  apiVersion: "2024-05-01",
  path: ["resourceGroupName", "loadBalancerName", "backendAddressPoolName"],
  name: networkName(),
  located: false,
  inline: { owner: OWNER, collection: "backendAddressPools" },
  shape: poolShape,
};

export const inboundNatRule: ResourceType = {
  type: `${OWNER}/inboundNatRules`,
  token: "azure-native:network:InboundNatRule",
  getter: "azure-native:network:getInboundNatRule",
  apiVersion: "2024-05-01",
  path: ["resourceGroupName", "loadBalancerName", "inboundNatRuleName"],
  name: networkName(),
  located: false,
  inline: { owner: OWNER, collection: "inboundNatRules" },
  shape: inboundNatRuleShape,
};
