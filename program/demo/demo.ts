import * as network from "@pulumi/azure-native/network";
import * as pulumi from "@pulumi/pulumi";
import {
  type AllowedTraffic,
  IlpipConsumer,
  PublicLoadBalancerConsumer,
  PublicProtocol,
  TrafficProtocol,
} from "../../components/index";
import { createWorkload } from "./workload";

/** Arguments of a {@link Demo}. */
export interface DemoArgs {
  resourceGroupName: pulumi.Input<string>;
  gatewayFrontendId: pulumi.Input<string>;
  tags?: Record<string, string>;
}

/** The consumers' network. It needs no peering with the provider's, and may overlap it. */
const ADDRESS_SPACE = "10.20.0.0/16";
const SUBNET_PREFIX = "10.20.0.0/24";

/** The services of both workloads: sshd of the image, and the demo's program. */
const SERVED: AllowedTraffic[] = [
  { name: "ssh", protocol: TrafficProtocol.Tcp, ports: ["22"] },
  { name: "web", protocol: TrafficProtocol.Tcp, ports: ["80"] },
  { name: "echo", protocol: TrafficProtocol.Udp, ports: ["7"] },
];

/** One consumer of each kind, each with a small web workload behind it. */
export class Demo extends pulumi.ComponentResource {
  public readonly ilpipAddress: pulumi.Output<string>;
  public readonly loadBalancerAddress: pulumi.Output<string>;

  constructor(name: string, args: DemoArgs, opts?: pulumi.ComponentResourceOptions) {
    super("azure-gwlb:demo:Demo", name, args, opts);
    const { resourceGroupName, gatewayFrontendId, tags } = args;
    const common = { resourceGroupName, tags };
    const subnet = createSubnet(name, common, this);

    const ilpip = new IlpipConsumer(
      `${name}-ilpip`,
      {
        ...common,
        subnetId: subnet.id,
        gatewayFrontendId,
        allow: [...SERVED, { name: "ping", protocol: TrafficProtocol.Icmp }],
      },
      { parent: this },
    );
    createWorkload(
      `${name}-web-ilpip`,
      { ...common, networkInterfaceId: ilpip.networkInterfaceId },
      this,
    );

    const balanced = new PublicLoadBalancerConsumer(
      `${name}-public`,
      {
        ...common,
        gatewayFrontendId,
        ports: [
          { name: "ssh", protocol: PublicProtocol.Tcp, port: 22 },
          { name: "web", protocol: PublicProtocol.Tcp, port: 80 },
          { name: "echo", protocol: PublicProtocol.Udp, port: 7 },
        ],
        probe: { port: 80, path: "/health" },
        outboundSettings: { separateAddress: false },
      },
      { parent: this },
    );
    const nic = createPoolInterface(`${name}-web-lb-nic`, { ...common, subnet, balanced }, this);
    createWorkload(`${name}-web-lb`, { ...common, networkInterfaceId: nic.id }, this);

    this.ilpipAddress = ilpip.publicAddress;
    this.loadBalancerAddress = balanced.publicAddress;
    this.registerOutputs({
      ilpipAddress: this.ilpipAddress,
      loadBalancerAddress: this.loadBalancerAddress,
    });
  }
}

interface Common {
  resourceGroupName: pulumi.Input<string>;
  tags?: Record<string, string>;
}

function createSubnet(
  name: string,
  { resourceGroupName, tags }: Common,
  parent: pulumi.Resource,
): network.Subnet {
  const virtualNetworkName = `${name}-network`;
  const own = new network.VirtualNetwork(
    virtualNetworkName,
    {
      ...{ resourceGroupName, tags, virtualNetworkName },
      addressSpace: { addressPrefixes: [ADDRESS_SPACE] },
    },
    { parent },
  );
  return new network.Subnet(
    `${name}-subnet`,
    {
      resourceGroupName,
      virtualNetworkName: own.name,
      subnetName: "workload",
      addressPrefix: SUBNET_PREFIX,
      defaultOutboundAccess: false,
    },
    { parent },
  );
}

/** The NIC of a machine behind the load balancer: it joins the pool, and has the security group. */
function createPoolInterface(
  networkInterfaceName: string,
  {
    resourceGroupName,
    tags,
    subnet,
    balanced,
  }: Common & { subnet: network.Subnet; balanced: PublicLoadBalancerConsumer },
  parent: pulumi.Resource,
): network.NetworkInterface {
  return new network.NetworkInterface(
    networkInterfaceName,
    {
      ...{ resourceGroupName, tags, networkInterfaceName },
      networkSecurityGroup: { id: balanced.securityGroupId },
      ipConfigurations: [
        {
          name: "primary",
          primary: true,
          subnet: { id: subnet.id },
          privateIPAllocationMethod: "Dynamic",
          loadBalancerBackendAddressPools: [{ id: balanced.backendPoolId }],
        },
      ],
    },
    { parent },
  );
}
