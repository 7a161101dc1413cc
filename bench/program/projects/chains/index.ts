/** Gateways with as many consumers as the settings say, by the library. */
import { VirtualNetwork } from "@pulumi/azure-native/network";
import { ResourceGroup } from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import { GatewayProvider, IlpipConsumer, RuleAction, TrafficProtocol } from "azure-gwlb";

const config = new pulumi.Config();
const chains = config.requireNumber("chains");

const { name: resourceGroupName } = new ResourceGroup("chains", { resourceGroupName: "chains" });
const workload = new VirtualNetwork("chains-workload", {
  resourceGroupName,
  virtualNetworkName: "chains-workload",
  addressSpace: { addressPrefixes: ["10.32.0.0/16"] },
  subnets: [{ name: "web", addressPrefix: "10.32.0.0/16", defaultOutboundAccess: false }],
});
const gateways = Array.from(
  { length: config.requireNumber("gateways") },
  (_, at) =>
    new GatewayProvider(`gateway-${at}`, {
      resourceGroupName,
      addressSpace: `10.${64 + at}.0.0/16`,
      policy: {
        rules: [],
        defaultInbound: RuleAction.Allow,
        defaultOutbound: RuleAction.Allow,
      },
    }),
);
for (let at = 0; at < chains; at += 1) {
  const gateway = gateways[at % gateways.length];
  if (gateway === undefined) break;
  new IlpipConsumer(`web-${at}`, {
    resourceGroupName,
    subnetId: pulumi.interpolate`${workload.id}/subnets/web`,
    gatewayFrontendId: gateway.gatewayFrontendId,
    allow: [{ name: "web", protocol: TrafficProtocol.Tcp, ports: ["80", "443"] }],
  });
}
