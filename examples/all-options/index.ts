import * as network from "@pulumi/azure-native/network";
import { ResourceGroup } from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import {
  GatewayProvider,
  IlpipConsumer,
  PublicLoadBalancerConsumer,
  PublicProtocol,
  TrafficProtocol,
} from "azure-gwlb";
import { fleet } from "./fleet";
import { createMachine } from "./machine";
import { policy } from "./policy";

const location = "northeurope";
const tags = { owner: "platform", "cost-center": "4711" };
const resourceGroupName = new ResourceGroup("example-all", { location, tags }).name;
const common = { resourceGroupName, location, tags };
const config = new pulumi.Config();
const sshPublicKey = config.require("sshPublicKey");

const gateway = new GatewayProvider("all", {
  ...common,
  addressSpace: "10.50.0.0/16",
  gatewaySubnetPrefix: "10.50.1.0/26",
  nvaSubnetPrefix: "10.50.2.0/26",
  frontendAddress: "10.50.1.10",
  frontendZones: ["1", "2", "3"],
  natGateway: true,
  internal: { port: 10802, vni: 802 },
  external: { port: 10803, vni: 803 },
  probe: { port: 8090, path: "/alive", intervalSeconds: 6 },
  idleTimeoutMinutes: 10,
  nva: {
    address: "10.50.2.10",
    size: "Standard_D4s_v5",
    zone: "1",
    mtu: 4000,
    acceleratedNetworking: false,
    imageVersion: "24.04.202510010",
    adminUsername: "keeper",
    adminSshPublicKey: sshPublicKey,
    policyPollSeconds: 2,
    drainSeconds: 30,
  },
  fleet: config.getBoolean("fleet") ? fleet : undefined,
  policy,
});

const vnet = new network.VirtualNetwork("example-all", {
  ...common,
  addressSpace: { addressPrefixes: ["10.51.0.0/16"] },
  subnets: [{ name: "web", addressPrefix: "10.51.0.0/24", defaultOutboundAccess: false }],
});
const subnetId = pulumi.interpolate`${vnet.id}/subnets/web`;
const gatewayFrontendId = gateway.gatewayFrontendId;

const single = new IlpipConsumer("all-single", {
  ...common,
  subnetId,
  gatewayFrontendId,
  allow: [
    { name: "ssh", protocol: TrafficProtocol.Tcp, ports: ["22"], sources: ["Internet"] },
    { name: "web", protocol: TrafficProtocol.Tcp, ports: ["80", "8000-8100"] },
    { name: "ping", protocol: TrafficProtocol.Icmp },
  ],
  privateIPAddress: "10.51.0.20",
  publicAddressZones: ["1", "2", "3"],
  idleTimeoutMinutes: 10,
  acceleratedNetworking: false,
});
createMachine("all-single-vm", {
  ...{ resourceGroupName, location },
  networkInterfaceId: single.networkInterfaceId,
});

// An address that is there already: it stays when the consumer goes.
const known = new network.PublicIPAddress("all-known", {
  ...common,
  sku: { name: "Standard" },
  publicIPAllocationMethod: "Static",
});
new IlpipConsumer("all-given", {
  ...common,
  ...{ subnetId, gatewayFrontendId },
  publicAddressId: known.id,
});

// Addresses of a known range.
const range = new network.PublicIPPrefix("all-range", {
  ...common,
  sku: { name: "Standard" },
  prefixLength: 29,
});
new IlpipConsumer("all-ranged", {
  ...common,
  ...{ subnetId, gatewayFrontendId },
  publicIPPrefixId: range.id,
});

const balanced = new PublicLoadBalancerConsumer("all-balanced", {
  ...common,
  gatewayFrontendId,
  ports: [
    { name: "ssh", protocol: PublicProtocol.Tcp, port: 22, idleTimeoutMinutes: 10 },
    {
      ...{ name: "web", protocol: PublicProtocol.Tcp, port: 80, backendPort: 80 },
      sources: ["Internet"],
    },
  ],
  probe: { port: 80, path: "/", intervalSeconds: 6, threshold: 3 },
  allow: [{ name: "ping", protocol: TrafficProtocol.Icmp }],
  outbound: true,
  outboundSettings: { separateAddress: true, portsPerMachine: 2048, idleTimeoutMinutes: 10 },
  publicAddressZones: ["1", "2", "3"],
});
const nic = new network.NetworkInterface("all-balanced-nic", {
  ...common,
  networkSecurityGroup: { id: balanced.securityGroupId },
  ipConfigurations: [
    {
      name: "primary",
      subnet: { id: subnetId },
      loadBalancerBackendAddressPools: [{ id: balanced.backendPoolId }],
    },
  ],
});
createMachine("all-balanced-vm", { resourceGroupName, location, networkInterfaceId: nic.id });

export const addresses = [single.publicAddress, balanced.publicAddress];
export const outboundAddress = balanced.outboundAddress;
