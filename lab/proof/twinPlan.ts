/** The same VM once more, without the chain: what "without gateway" is measured against. Pure. */
import { type ArmId, parseId, resourceGroupId } from "../arm/ids";
import type { Body, StoredResource } from "../arm/resource";

/** Resource group that holds nothing but the twin, so that one deletion removes all of it. */
export const TWIN_GROUP = "azure-gwlb-latency-twin";

/** A request to the embedded Azure. */
export interface Request {
  id: string;
  body: Body;
}

export interface TwinPlan {
  groupId: string;
  publicAddressId: string;
  /** In an order in which each finds what it names. */
  requests: Request[];
}

/**
 * Everything around a twin of `vm` as the embedded Azure stores it: size, image and customData are
 * the same, the network is a new one that lets `port` in from the internet.
 */
export function planTwin(vm: StoredResource, port: number): TwinPlan {
  const groupId = resourceGroupId(subscriptionOf(vm), TWIN_GROUP);
  const network = (type: string, name: string) =>
    `${groupId}/providers/Microsoft.Network/${type}/${name}`;
  const location = vm.location;
  const ids = {
    security: network("networkSecurityGroups", "twin"),
    address: network("publicIPAddresses", "twin"),
    network: network("virtualNetworks", "twin"),
    nic: network("networkInterfaces", "twin"),
    vm: `${groupId}/providers/Microsoft.Compute/virtualMachines/latency-twin`,
  };
  const address: Body = { publicIPAllocationMethod: "Static", publicIPAddressVersion: "IPv4" };
  return {
    groupId,
    publicAddressId: ids.address,
    requests: [
      { id: groupId, body: { location } },
      { id: ids.security, body: { location, properties: { securityRules: [allow(port)] } } },
      { id: ids.address, body: { location, sku: { name: "Standard" }, properties: address } },
      { id: ids.network, body: { location, properties: twinNetwork(ids.security) } },
      { id: ids.nic, body: { location, properties: twinNic(ids) } },
      { id: ids.vm, body: twinMachine(vm, ids.nic) },
    ],
  };
}

function allow(port: number): Body {
  return {
    name: "AllowProbe",
    properties: {
      ...{ priority: 100, direction: "Inbound", access: "Allow", protocol: "Tcp" },
      ...{ sourceAddressPrefix: "Internet", sourcePortRange: "*" },
      ...{ destinationAddressPrefix: "*", destinationPortRange: String(port) },
    },
  };
}

function twinNetwork(securityGroup: string): Body {
  const subnet = {
    addressPrefix: "10.250.0.0/24",
    defaultOutboundAccess: false,
    networkSecurityGroup: { id: securityGroup },
  };
  return {
    addressSpace: { addressPrefixes: ["10.250.0.0/24"] },
    subnets: [{ name: "twin", properties: subnet }],
  };
}

function twinNic(ids: { network: string; address: string }): Body {
  const configuration = {
    privateIPAllocationMethod: "Dynamic",
    subnet: { id: `${ids.network}/subnets/twin` },
    publicIPAddress: { id: ids.address },
  };
  return { ipConfigurations: [{ name: "twin", properties: configuration }] };
}

/** The properties of the machine; its ties to its own disk and network stay behind. */
function twinMachine(vm: StoredResource, nic: string): Body {
  const { hardwareProfile, securityProfile, osProfile, storageProfile } = vm.properties;
  const { imageReference } = storageProfile as Body;
  const { exactVersion: _served, ...image } = (imageReference ?? {}) as Body;
  return {
    location: vm.location,
    properties: {
      hardwareProfile,
      securityProfile,
      osProfile: { ...(osProfile as Body), computerName: "latency-twin" },
      storageProfile: {
        imageReference: image,
        osDisk: { createOption: "FromImage", deleteOption: "Delete" },
      },
      networkProfile: { networkInterfaces: [{ id: nic, properties: { primary: true } }] },
    },
  };
}

function subscriptionOf(vm: StoredResource): string {
  const id: ArmId | undefined = parseId(vm.id);
  if (id === undefined) throw new Error(`${vm.id} is not a resource id`);
  return id.subscription;
}
