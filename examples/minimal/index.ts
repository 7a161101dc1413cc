import * as network from "@pulumi/azure-native/network";
import { ResourceGroup } from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import * as gwlb from "azure-gwlb";
import { createMachine } from "./machine";

const resourceGroupName = new ResourceGroup("example-minimal").name;
const vnet = new network.VirtualNetwork("example-minimal", {
  resourceGroupName,
  addressSpace: { addressPrefixes: ["10.30.0.0/16"] },
  subnets: [{ name: "web", addressPrefix: "10.30.0.0/24", defaultOutboundAccess: false }],
});
const { Drop, Allow } = gwlb.RuleAction;
const inbound = { direction: gwlb.RuleDirection.Inbound, protocol: gwlb.RuleProtocol.Tcp };
const noSsh = { ...inbound, name: "no-ssh", action: Drop, sources: ["8.8.8.8"], ports: ["22"] };

const gateway = new gwlb.GatewayProvider("minimal", {
  resourceGroupName,
  policy: { rules: [noSsh], defaultInbound: Allow, defaultOutbound: Allow },
});

const web = new gwlb.IlpipConsumer("minimal-web", {
  resourceGroupName,
  subnetId: pulumi.interpolate`${vnet.id}/subnets/web`,
  gatewayFrontendId: gateway.gatewayFrontendId,
  allow: [{ name: "ssh-and-web", protocol: gwlb.TrafficProtocol.Tcp, ports: ["22", "80"] }],
});
createMachine("minimal-vm", { resourceGroupName, networkInterfaceId: web.networkInterfaceId });
export const address = web.publicAddress;
