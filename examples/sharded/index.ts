import * as network from "@pulumi/azure-native/network";
import { ResourceGroup } from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import {
  assignGateway,
  type FirewallPolicy,
  GatewayProvider,
  IlpipConsumer,
  RuleAction,
  TrafficProtocol,
} from "azure-gwlb";

const config = new pulumi.Config();
const gateways = config.requireObject<string[]>("gateways");
const applications = Array.from(
  { length: config.requireNumber("applications") },
  (_, i) => `app-${i + 1}`,
);

const resourceGroupName = new ResourceGroup("example-sharded").name;
const vnet = new network.VirtualNetwork("example-sharded", {
  resourceGroupName,
  addressSpace: { addressPrefixes: ["10.60.0.0/16"] },
  subnets: [{ name: "apps", addressPrefix: "10.60.0.0/22", defaultOutboundAccess: false }],
});

// All of one policy, and in networks that may be equal: nothing is routed between them.
const policy: FirewallPolicy = {
  rules: [],
  defaultInbound: RuleAction.Allow,
  defaultOutbound: RuleAction.Allow,
};
const frontends = new Map(
  gateways.map((name) => [
    name,
    new GatewayProvider(name, { resourceGroupName, policy }).gatewayFrontendId,
  ]),
);

for (const name of applications) {
  const gateway = assignGateway(name, gateways);
  new IlpipConsumer(name, {
    resourceGroupName,
    subnetId: pulumi.interpolate`${vnet.id}/subnets/apps`,
    gatewayFrontendId: frontends.get(gateway) ?? "",
    allow: [{ name: "web", protocol: TrafficProtocol.Tcp, ports: ["443"] }],
  });
}

/** Applications of each gateway, of which it takes 100. */
export const shares = Object.fromEntries(
  gateways.map((gateway) => [
    gateway,
    applications.filter((name) => assignGateway(name, gateways) === gateway).length,
  ]),
);
