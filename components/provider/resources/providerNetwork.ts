import * as pulumi from "@pulumi/pulumi";
import { declare } from "../../azure/azureResource";
import { type CommonInputs, commonOf } from "../../azure/commonInputs";
import { networkOfSubnet } from "../../azure/resourceId";
import type { GatewayPlan } from "../plan/gatewayPlan";

/** The inputs of a provider's network. */
export interface ProviderNetworkInputs extends CommonInputs {
  /** Existing subnets; without them the network is the provider's own. */
  gatewaySubnetId?: pulumi.Input<string>;
  nvaSubnetId?: pulumi.Input<string>;
}

/** Where the provider's parts stand. */
export interface ProviderNetwork {
  networkId: pulumi.Output<string>;
  gatewaySubnetId: pulumi.Output<string>;
  nvaSubnetId: pulumi.Output<string>;
  /** Resources that must be in place, or refused by Azure, before anything else changes. */
  resources: pulumi.Resource[];
  /** Empty without a NAT gateway. */
  natAddress: pulumi.Output<string>;
}

/**
 * The network of a provider. Every subnet is private: without `defaultOutboundAccess: false` at
 * creation Azure gives its machines a way out that nobody declared.
 */
export function createProviderNetwork(
  plan: GatewayPlan,
  inputs: ProviderNetworkInputs,
  parent: pulumi.Resource,
): ProviderNetwork {
  const { names, layout } = plan;
  if (layout.own === undefined) {
    const gatewaySubnetId = pulumi.output(inputs.gatewaySubnetId ?? "");
    const nvaSubnetId = pulumi.output(inputs.nvaSubnetId ?? "");
    const networkId = gatewaySubnetId.apply(networkOfSubnet);
    return {
      networkId,
      gatewaySubnetId,
      nvaSubnetId,
      resources: [],
      natAddress: pulumi.output(""),
    };
  }
  const { addressSpace, gatewaySubnetPrefix, nvaSubnetPrefix } = layout.own;
  const own = declare(
    "network:VirtualNetwork",
    names.network,
    {
      ...commonOf(inputs),
      virtualNetworkName: names.network,
      addressSpace: { addressPrefixes: [addressSpace] },
    },
    { parent },
    ["name"],
  );
  const nat = plan.natGateway ? createNatGateway(plan, inputs, parent) : undefined;
  const subnet = (subnetName: string, addressPrefix: string, others: pulumi.Resource[]) =>
    declare(
      "network:Subnet",
      subnetName,
      {
        resourceGroupName: inputs.resourceGroupName,
        virtualNetworkName: own.name,
        subnetName,
        addressPrefix,
        defaultOutboundAccess: false,
        ...(nat !== undefined && subnetName === names.nvaSubnet
          ? { natGateway: { id: nat.gateway.id } }
          : {}),
      },
      // Azure takes one change of a network at a time.
      { parent, dependsOn: others },
    );
  const gatewaySubnet = subnet(names.gatewaySubnet, gatewaySubnetPrefix, []);
  const nvaSubnet = subnet(names.nvaSubnet, nvaSubnetPrefix, [gatewaySubnet]);
  return {
    networkId: own.id,
    gatewaySubnetId: gatewaySubnet.id,
    nvaSubnetId: nvaSubnet.id,
    resources: [gatewaySubnet, nvaSubnet],
    natAddress: nat?.address.ipAddress.apply((ip) => ip ?? "") ?? pulumi.output(""),
  };
}

function createNatGateway({ names }: GatewayPlan, inputs: CommonInputs, parent: pulumi.Resource) {
  const address = declare(
    "network:PublicIPAddress",
    names.natAddress,
    {
      ...commonOf(inputs),
      publicIpAddressName: names.natAddress,
      sku: { name: "Standard", tier: "Regional" },
      publicIPAllocationMethod: "Static",
      publicIPAddressVersion: "IPv4",
    },
    { parent },
    ["ipAddress"],
  );
  const gateway = declare(
    "network:NatGateway",
    names.natGateway,
    {
      ...commonOf(inputs),
      natGatewayName: names.natGateway,
      sku: { name: "Standard" },
      publicIpAddresses: [{ id: address.id }],
    },
    { parent },
  );
  return { address, gateway };
}
