import type * as compute from "@pulumi/azure-native/compute";
import type * as monitor from "@pulumi/azure-native/monitor";
import type * as network from "@pulumi/azure-native/network";
import { getVersion } from "@pulumi/azure-native/utilities";
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

/** What azure-native's own classes fill in, beside what they are given. */
const DEFAULTS: { [T in keyof AzureTypes]?: Partial<AzureTypes[T][0]> } = {
  "monitor:AutoscaleSetting": { enabled: false },
  "network:Subnet": {
    privateEndpointNetworkPolicies: "Disabled",
    privateLinkServiceNetworkPolicies: "Enabled",
  },
  "network:VirtualNetwork": { enableDdosProtection: false, enableVmProtection: false },
};

type Inputs = Record<string, unknown>;

/**
 * The engine's client makes an Output of each property that it finds in the constructor, four
 * promises with stack traces each, for readers that an input has none of. What is sent it looks up
 * when everything that the resource depends on is known, so the rest of the inputs are added when
 * the constructor is through. Transformations want to see all of them at once.
 */
class AzureResource extends pulumi.CustomResource {
  constructor(
    type: string,
    name: string,
    inputs: Inputs,
    outputs: readonly string[],
    opts: pulumi.CustomResourceOptions,
  ) {
    const read = Object.fromEntries(outputs.map((output) => [output, inputs[output]]));
    const props = isTransformed(opts) ? { ...read, ...inputs } : read;
    super(type, name, props, opts);
    Object.assign(props, inputs);
  }
}

/** Whether a transformation of the client may want a resource; it has the parents' besides its own. */
function isTransformed({ parent, transformations = [] }: pulumi.CustomResourceOptions): boolean {
  const { __transformations: inherited } = (parent ?? {}) as { __transformations?: unknown[] };
  return inherited === undefined || inherited.length > 0 || transformations.length > 0;
}

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
  // Programs with many chains pay for a property, also one that was left out.
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  return new AzureResource(
    `azure-native:${type}`,
    name,
    { ...DEFAULTS[type], ...Object.fromEntries(given) },
    outputs,
    { version: getVersion(), ...opts },
  ) as unknown as Declared<T, O>;
}
