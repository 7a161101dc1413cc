/** A stack as its team wrote it: azure-native, no word of a gateway. */
import * as network from "@pulumi/azure-native/network";
import { ResourceGroup } from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import { createMachine } from "./machine";

export function declareShop(): pulumi.Output<(string | undefined)[]> {
  const resourceGroup = new ResourceGroup("example-adopt", { resourceGroupName: "example-adopt" });
  const resourceGroupName = resourceGroup.name;
  const vnet = new network.VirtualNetwork("adopt", {
    resourceGroupName,
    addressSpace: { addressPrefixes: ["10.60.0.0/16"] },
    subnets: [{ name: "shop", addressPrefix: "10.60.0.0/24", defaultOutboundAccess: false }],
  });
  const subnet = { id: pulumi.interpolate`${vnet.id}/subnets/shop` };
  const securityGroup = new network.NetworkSecurityGroup("adopt", {
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
  const address = (name: string) =>
    new network.PublicIPAddress(name, {
      resourceGroupName,
      sku: { name: "Standard" },
      publicIPAllocationMethod: "Static",
    });
  const machine = (name: string, configuration: object) => {
    const nic = new network.NetworkInterface(`${name}-nic`, {
      resourceGroupName,
      networkSecurityGroup: { id: securityGroup.id },
      ipConfigurations: [{ name: "primary", subnet, ...configuration }],
    });
    createMachine(name, { resourceGroupName, networkInterfaceId: nic.id });
  };

  // Chained: a machine with a public address of its own.
  const direct = address("adopt-direct");
  machine("adopt-direct-vm", { publicIPAddress: { id: direct.id } });

  // Chained: the public frontend of a load balancer. Left alone: its internal one.
  const shop = address("adopt-shop");
  const loadBalancerName = "adopt-shop";
  const id = pulumi.interpolate`${resourceGroup.id}/providers/Microsoft.Network/loadBalancers/${loadBalancerName}`;
  const own = (kind: string, name: string) => ({ id: pulumi.interpolate`${id}/${kind}/${name}` });
  const loadBalancer = new network.LoadBalancer(loadBalancerName, {
    ...{ resourceGroupName, loadBalancerName },
    sku: { name: "Standard" },
    frontendIPConfigurations: [{ name: "public", publicIPAddress: { id: shop.id } }],
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
  machine("adopt-shop-vm", {
    loadBalancerBackendAddressPools: [
      { id: pulumi.interpolate`${loadBalancer.id}/backendAddressPools/shop` },
    ],
  });

  // Left alone: a frontend without a public address.
  new network.LoadBalancer("adopt-internal", {
    resourceGroupName,
    sku: { name: "Standard" },
    frontendIPConfigurations: [{ name: "private", subnet }],
  });

  // Left alone: somebody wrote down why.
  new network.LoadBalancer("adopt-status", {
    resourceGroupName,
    sku: { name: "Standard" },
    frontendIPConfigurations: [
      { name: "public", publicIPAddress: { id: address("adopt-status").id } },
    ],
    tags: { "gwlb-exempt": "status page, must answer while the firewall does not" },
  });

  return pulumi.all([direct.ipAddress, shop.ipAddress]);
}
