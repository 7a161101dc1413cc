/** Stands for what is there already: networks, a public load balancer, a machine behind it. */
import * as network from "@pulumi/azure-native/network";
import { ResourceGroup } from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import { createMachine } from "./machine";

const resourceGroup = new ResourceGroup("example-existing", {
  resourceGroupName: "example-existing",
});
export const resourceGroupName = resourceGroup.name;

const subnet = (name: string, addressPrefix: string) => ({
  ...{ name, addressPrefix },
  defaultOutboundAccess: false,
});

const hub = new network.VirtualNetwork("existing-hub", {
  resourceGroupName,
  addressSpace: { addressPrefixes: ["172.16.0.0/16"] },
  subnets: [subnet("gateway", "172.16.8.0/26"), subnet("appliances", "172.16.8.64/26")],
});
export const gatewaySubnetId = pulumi.interpolate`${hub.id}/subnets/gateway`;
export const nvaSubnetId = pulumi.interpolate`${hub.id}/subnets/appliances`;

const spoke = new network.VirtualNetwork("existing-spoke", {
  resourceGroupName,
  addressSpace: { addressPrefixes: ["172.17.0.0/16"] },
  subnets: [subnet("shop", "172.17.1.0/24")],
});

export const publicAddress = new network.PublicIPAddress("existing-address", {
  resourceGroupName,
  sku: { name: "Standard" },
  publicIPAllocationMethod: "Static",
});

const open = new network.NetworkSecurityGroup("existing-shop", {
  resourceGroupName,
  securityRules: [
    {
      name: "ssh-and-web",
      ...{ access: "Allow", direction: "Inbound", protocol: "Tcp", priority: 200 },
      ...{ sourceAddressPrefix: "*", sourcePortRange: "*", destinationAddressPrefix: "*" },
      destinationPortRanges: ["22", "80"],
    },
  ],
});

/** The load balancer, with the one property that a chain is, or without. */
export function createLoadBalancer(gatewayFrontendId?: pulumi.Input<string>) {
  const loadBalancerName = "existing-shop";
  const id = pulumi.interpolate`${resourceGroup.id}/providers/Microsoft.Network/loadBalancers/${loadBalancerName}`;
  const own = (kind: string, name: string) => ({ id: pulumi.interpolate`${id}/${kind}/${name}` });
  const loadBalancer = new network.LoadBalancer(loadBalancerName, {
    ...{ resourceGroupName, loadBalancerName },
    sku: { name: "Standard" },
    frontendIPConfigurations: [
      {
        name: "public",
        publicIPAddress: { id: publicAddress.id },
        ...(gatewayFrontendId === undefined
          ? {}
          : { gatewayLoadBalancer: { id: gatewayFrontendId } }),
      },
    ],
    backendAddressPools: [{ name: "shop" }],
    probes: [{ name: "web", protocol: "Tcp", port: 80, intervalInSeconds: 5 }],
    loadBalancingRules: [22, 80].map((port) => ({
      name: `port-${port}`,
      ...{ protocol: "Tcp", frontendPort: port, backendPort: port, disableOutboundSnat: true },
      frontendIPConfiguration: own("frontendIPConfigurations", "public"),
      backendAddressPools: [own("backendAddressPools", "shop")],
      probe: own("probes", "web"),
    })),
  });
  const nic = new network.NetworkInterface("existing-nic", {
    resourceGroupName,
    networkSecurityGroup: { id: open.id },
    ipConfigurations: [
      {
        name: "primary",
        subnet: { id: pulumi.interpolate`${spoke.id}/subnets/shop` },
        loadBalancerBackendAddressPools: [
          { id: pulumi.interpolate`${loadBalancer.id}/backendAddressPools/shop` },
        ],
      },
    ],
  });
  createMachine("existing-vm", { resourceGroupName, networkInterfaceId: nic.id });
  return loadBalancer;
}
