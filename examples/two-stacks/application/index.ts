import * as network from "@pulumi/azure-native/network";
import { ResourceGroup } from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import { PublicLoadBalancerConsumer, PublicProtocol } from "azure-gwlb";
import { createMachine } from "./machine";

const platform = new pulumi.StackReference(new pulumi.Config().require("platform"));

const resourceGroupName = new ResourceGroup("example-application").name;
const vnet = new network.VirtualNetwork("example-application", {
  resourceGroupName,
  // May overlap the platform's: nothing is routed between them.
  addressSpace: { addressPrefixes: ["10.7.0.0/16"] },
  subnets: [{ name: "web", addressPrefix: "10.7.0.0/24", defaultOutboundAccess: false }],
});

const entry = new PublicLoadBalancerConsumer("application", {
  resourceGroupName,
  gatewayFrontendId: platform.requireOutput("gatewayFrontendId").apply(String),
  ports: [
    { name: "ssh", protocol: PublicProtocol.Tcp, port: 22 },
    { name: "web", protocol: PublicProtocol.Tcp, port: 80 },
  ],
  probe: { port: 80 },
});

const nic = new network.NetworkInterface("application-nic", {
  resourceGroupName,
  networkSecurityGroup: { id: entry.securityGroupId },
  ipConfigurations: [
    {
      name: "primary",
      subnet: { id: pulumi.interpolate`${vnet.id}/subnets/web` },
      loadBalancerBackendAddressPools: [{ id: entry.backendPoolId }],
    },
  ],
});
createMachine("application-vm", { resourceGroupName, networkInterfaceId: nic.id });

export const address = entry.publicAddress;
