/** A stack in the embedded Azure, with what an engine test looks at: plans, results, the store. */
import path from "node:path";
import { Arm } from "../../lab/arm/arm";
import { Store } from "../../lab/arm/store";
import type { RunResult } from "../../lab/run";
import { type Declared, StackOfData } from "./stackOfData";

/** One step of a plan: what happens to which resource, and the properties that differ. */
export interface PlannedStep {
  op: string;
  name: string;
  paths: string[];
}

/** A project of data with its store. */
export class AzureStack extends StackOfData {
  readonly store: Store;
  readonly arm: Arm;

  /** A stack of this name in a lab of its own, or in another's. */
  constructor(
    readonly name = "dev",
    lab?: string,
  ) {
    super();
    this.lab = lab ?? this.lab;
    this.store = Store.open(path.join(this.lab, "azure"));
    this.arm = new Arm(this.store);
  }

  /** Makes the stack and sets the region; call it before anything else. */
  async init(): Promise<void> {
    await this.must("stack", "select", "--create", this.name);
    const region = ["azure-native:location", "westeurope"];
    await this.must("config", "set", ...region, "--stack", this.name);
  }

  /** Takes all of the stack down; the result says how it went. */
  destroy(): Promise<RunResult> {
    return this.pulumi("destroy", "--yes", "--skip-preview", "--stack", this.name);
  }

  /** Looks what became of the stack's resources. */
  async refresh(...args: string[]): Promise<void> {
    await this.must("refresh", "--yes", "--skip-preview", "--stack", this.name, ...args);
  }

  /** Deploys; the result says how it went. */
  up(resources: readonly Declared[]): Promise<RunResult> {
    this.declare(resources);
    return this.pulumi("up", "--yes", "--skip-preview", "--stack", this.name);
  }

  /** The plan of a deployment, without the steps that change nothing. */
  async plan(resources: readonly Declared[]): Promise<PlannedStep[]> {
    this.declare(resources);
    const { stdout } = await this.must("preview", "--json", "--stack", this.name);
    const { steps } = JSON.parse(stdout.slice(stdout.indexOf("{"))) as { steps: Step[] };
    return steps
      .filter(({ op }) => op !== "same")
      .map(({ op, urn, detailedDiff }) => ({
        op,
        name: urn.split("::").pop() ?? "",
        paths: Object.keys(detailedDiff ?? {}).sort(),
      }));
  }

  /** `lab pulumi ARGS` that must succeed. */
  async must(...args: string[]): Promise<RunResult> {
    const result = await this.pulumi(...args);
    if (result.code !== 0) throw new Error(`${args.join(" ")}: ${result.stdout}${result.stderr}`);
    return result;
  }
}

interface Step {
  op: string;
  urn: string;
  detailedDiff?: Record<string, unknown>;
}

const network = (type: string, name: string, properties: object): Declared => ({
  type: `azure-native:network:${type}`,
  name,
  properties: { resourceGroupName: "@group.name", ...properties },
});

/** A changed resource: properties and options are laid over those of the declared one. */
export function laidOver(
  resources: readonly Declared[],
  name: string,
  properties: object,
  options: object = {},
): Declared[] {
  return resources.map((declared) =>
    declared.name === name
      ? {
          ...declared,
          properties: { ...declared.properties, ...properties },
          options: { ...declared.options, ...options },
        }
      : declared,
  );
}

/** Tunnels of the reference layout. */
export const tunnels = (internal = 800) => [
  {
    name: "nvas",
    tunnelInterfaces: [
      { identifier: internal, port: 10800, protocol: "VXLAN", type: "Internal" },
      { identifier: 801, port: 10801, protocol: "VXLAN", type: "External" },
    ],
  },
];

const lbId =
  "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Network/loadBalancers/gwlb";

/** Frontend that consumers are chained to. */
export const gatewayFrontend = `${lbId}/frontendIPConfigurations/fe`;

/** A gateway with one NVA. */
export const provider: readonly Declared[] = [
  {
    type: "azure-native:resources:ResourceGroup",
    name: "group",
    properties: { resourceGroupName: "rg" },
  },
  network("VirtualNetwork", "vnet", {
    virtualNetworkName: "vnet",
    addressSpace: { addressPrefixes: ["10.7.0.0/16"] },
  }),
  network("Subnet", "subnet", {
    virtualNetworkName: "@vnet.name",
    subnetName: "subnet",
    addressPrefix: "10.7.0.0/24",
    defaultOutboundAccess: false,
  }),
  network("LoadBalancer", "gwlb", {
    loadBalancerName: "gwlb",
    sku: { name: "Gateway", tier: "Regional" },
    frontendIPConfigurations: [
      {
        name: "fe",
        subnet: { id: "@subnet" },
        privateIPAddress: "10.7.0.4",
        privateIPAllocationMethod: "Static",
      },
    ],
    backendAddressPools: tunnels(),
    loadBalancingRules: [
      {
        name: "all",
        protocol: "All",
        frontendPort: 0,
        backendPort: 0,
        frontendIPConfiguration: { id: gatewayFrontend },
        backendAddressPools: [{ id: `${lbId}/backendAddressPools/nvas` }],
      },
    ],
  }),
  network("NetworkInterface", "nic", {
    networkInterfaceName: "nic",
    ipConfigurations: [
      {
        name: "ip",
        subnet: { id: "@subnet" },
        loadBalancerBackendAddressPools: [{ id: "@gwlb/backendAddressPools/nvas" }],
      },
    ],
  }),
  {
    type: "azure-native:compute:VirtualMachine",
    name: "nva",
    properties: {
      resourceGroupName: "@group.name",
      vmName: "nva",
      hardwareProfile: { vmSize: "Standard_B2ms" },
      storageProfile: {
        imageReference: {
          publisher: "Canonical",
          offer: "ubuntu-24_04-lts",
          sku: "server",
          version: "latest",
        },
        osDisk: { createOption: "FromImage", deleteOption: "Delete" },
      },
      osProfile: {
        computerName: "nva",
        adminUsername: "azureuser",
        adminPassword: "Only-in-the-lab-1",
        customData: "I2Nsb3VkLWNvbmZpZw==",
      },
      networkProfile: { networkInterfaces: [{ id: "@nic" }] },
      userData: "cG9saWN5",
    },
  },
];

/** A consumer's public load balancer, chained to the frontend with this id. */
export const consumer = (chain: string): readonly Declared[] => [
  {
    type: "azure-native:resources:ResourceGroup",
    name: "group",
    properties: { resourceGroupName: "web" },
  },
  network("PublicIPAddress", "address", {
    publicIpAddressName: "address",
    sku: { name: "Standard" },
    publicIPAllocationMethod: "Static",
  }),
  network("LoadBalancer", "web", {
    loadBalancerName: "web",
    sku: { name: "Standard" },
    frontendIPConfigurations: [
      { name: "fe", publicIPAddress: { id: "@address" }, gatewayLoadBalancer: { id: chain } },
    ],
  }),
];
