import { GatewayProvider, RuleAction, RuleDirection, RuleProtocol } from "azure-gwlb";
import * as existing from "./existing";

const gateway = new GatewayProvider("existing", {
  resourceGroupName: existing.resourceGroupName,
  gatewaySubnetId: existing.gatewaySubnetId,
  nvaSubnetId: existing.nvaSubnetId,
  // An existing subnet's free addresses are yours to know.
  frontendAddress: "172.16.8.10",
  // What the subnets have: with it, addresses are checked before anything is created.
  gatewaySubnetPrefix: "172.16.8.0/26",
  nvaSubnetPrefix: "172.16.8.64/26",
  nva: { address: "172.16.8.70" },
  policy: {
    rules: [
      {
        name: "no-ssh",
        action: RuleAction.Drop,
        direction: RuleDirection.Inbound,
        sources: ["8.8.8.8"],
        protocol: RuleProtocol.Tcp,
        ports: ["22"],
      },
    ],
    defaultInbound: RuleAction.Allow,
    defaultOutbound: RuleAction.Allow,
  },
});

export const loadBalancerId = existing.createLoadBalancer(gateway.gatewayFrontendId).id;
export const address = existing.publicAddress.ipAddress;
