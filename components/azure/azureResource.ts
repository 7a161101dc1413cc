import type * as compute from "@pulumi/azure-native/compute";
import type * as monitor from "@pulumi/azure-native/monitor";
import type * as network from "@pulumi/azure-native/network";
import { version } from "@pulumi/azure-native/package.json";
import * as pulumi from "@pulumi/pulumi";

/** Arguments and resource, as azure-native has them, by the end of the resource's type. */
interface AzureTypes {
  "compute:VirtualMachine": [compute.VirtualMachineArgs, compute.VirtualMachine];
  "compute:VirtualMachineScaleSet": [
    compute.VirtualMachineScaleSetArgs,
    compute.VirtualMachineScaleSet,
  ];
  "monitor:AutoscaleSetting": [monitor.AutoscaleSettingArgs, monitor.AutoscaleSetting];
  "network:LoadBalancer": [network.LoadBalancerArgs, network.LoadBalancer];
  "network:NatGateway": [network.NatGatewayArgs, network.NatGateway];
  "network:NetworkInterface": [network.NetworkInterfaceArgs, network.NetworkInterface];
  "network:NetworkSecurityGroup": [network.NetworkSecurityGroupArgs, network.NetworkSecurityGroup];
  "network:PublicIPAddress": [network.PublicIPAddressArgs, network.PublicIPAddress];
  "network:Subnet": [network.SubnetArgs, network.Subnet];
  "network:VirtualNetwork": [network.VirtualNetworkArgs, network.VirtualNetwork];
}

/** Values that azure-native's own classes fill in, beside the ones that they are given. */
const DEFAULTS: { [T in keyof AzureTypes]?: Partial<AzureTypes[T][0]> } = {
  "monitor:AutoscaleSetting": { enabled: false },
  "network:Subnet": {
    privateEndpointNetworkPolicies: "Disabled",
    privateLinkServiceNetworkPolicies: "Enabled",
  },
  "network:VirtualNetwork": { enableDdosProtection: false, enableVmProtection: false },
};

/** The SDK's own class is abstract. */
class AzureResource extends pulumi.CustomResource {}

/** A declared resource of which just some properties can be read. */
export type Declared<T extends keyof AzureTypes, O extends keyof AzureTypes[T][1]> = Pick<
  AzureTypes[T][1],
  O
> &
  pulumi.CustomResource;

/**
 * Declares a resource of azure-native as its class of that type does, but for the aliases: the
 * classes name the type of every API version that there ever was, for stacks of an older
 * azure-native, which made none of these resources. A program with many chains would spend most of
 * its time and memory on them (docs/performance.md).
 *
 * @param outputs Names of the properties that are read from the result.
 */
export function declare<T extends keyof AzureTypes, O extends string & keyof AzureTypes[T][1]>(
  type: T,
  name: string,
  args: AzureTypes[T][0],
  opts: pulumi.CustomResourceOptions,
  outputs: readonly O[] = [],
): Declared<T, O> {
  // An output that is no input exists on the resource only if the constructor is told of it.
  const read = Object.fromEntries(outputs.map((output) => [output, undefined]));
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  const resource: pulumi.CustomResource = new AzureResource(
    `azure-native:${type}`,
    name,
    { ...read, ...DEFAULTS[type], ...Object.fromEntries(given) },
    { version, ...opts },
  );
  return resource as Declared<T, O>;
}

/**
 * Reads a resource that was made elsewhere: it is shown in the stack, and left alone.
 *
 * @param outputs Names of the properties that are read from it.
 */
export function existing<T extends keyof AzureTypes, O extends string & keyof AzureTypes[T][1]>(
  type: T,
  name: string,
  id: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
  outputs: readonly O[],
): Declared<T, O> {
  const read = Object.fromEntries(outputs.map((output) => [output, undefined]));
  const resource: pulumi.CustomResource = new AzureResource(`azure-native:${type}`, name, read, {
    ...{ version, ...opts },
    id,
  });
  return resource as Declared<T, O>;
}
