/**
 * Stacks as data: one that every rule accepts, and changes to it that one rule each refuses. The
 * unit tests hand them to the rules, the engine tests deploy them by a program that knows nothing
 * of the library. `@name` at the start of a text stands
 * for the id of another resource of the stack, `@name.name` for its name.
 */

import { plainType, type Resource } from "../../policy-pack/rule";
import { UNKNOWN, type Value } from "../../policy-pack/values";

export interface Declared {
  type: string;
  name: string;
  properties: Record<string, unknown>;
}

const location = "westeurope";
const resourceGroupName = "rg";
const gatewayFrontend = "@gateway/frontendIPConfigurations/frontend";

const group = {
  type: "azure-native:resources:ResourceGroup",
  name: "group",
  properties: { location, resourceGroupName },
};

const network = {
  type: "azure-native:network:VirtualNetwork",
  name: "network",
  properties: {
    location,
    resourceGroupName: "@group.name",
    virtualNetworkName: "network",
    addressSpace: { addressPrefixes: ["10.7.0.0/16"] },
    subnets: [
      { name: "default", addressPrefix: "10.7.0.0/24", defaultOutboundAccess: false },
      { name: "web", addressPrefix: "10.7.1.0/24", defaultOutboundAccess: false },
    ],
  },
};

const publicAddress = (name: string) => ({
  type: "azure-native:network:PublicIPAddress",
  name,
  properties: {
    location,
    resourceGroupName: "@group.name",
    publicIpAddressName: name,
    publicIPAllocationMethod: "Static",
    sku: { name: "Standard" },
  },
});

const gatewayId =
  "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Network/loadBalancers/gateway";

const gateway = {
  type: "azure-native:network:LoadBalancer",
  name: "gateway",
  properties: {
    location,
    resourceGroupName: "@group.name",
    loadBalancerName: "gateway",
    sku: { name: "Gateway", tier: "Regional" },
    frontendIPConfigurations: [
      {
        name: "frontend",
        privateIPAddress: "10.7.0.4",
        privateIPAllocationMethod: "Static",
        subnet: { id: "@network/subnets/default" },
      },
    ],
    backendAddressPools: [
      {
        name: "nvas",
        tunnelInterfaces: [
          { identifier: 800, port: 10800, protocol: "VXLAN", type: "Internal" },
          { identifier: 801, port: 10801, protocol: "VXLAN", type: "External" },
        ],
      },
    ],
    probes: [
      {
        name: "health",
        protocol: "Http",
        port: 8080,
        requestPath: "/health",
        intervalInSeconds: 5,
        probeThreshold: 1,
      },
    ],
    loadBalancingRules: [
      {
        name: "all",
        protocol: "All",
        frontendPort: 0,
        backendPort: 0,
        frontendIPConfiguration: { id: `${gatewayId}/frontendIPConfigurations/frontend` },
        backendAddressPools: [{ id: `${gatewayId}/backendAddressPools/nvas` }],
        probe: { id: `${gatewayId}/probes/health` },
      },
    ],
  },
};

const nvaInterface = {
  type: "azure-native:network:NetworkInterface",
  name: "nvaInterface",
  properties: {
    location,
    resourceGroupName: "@group.name",
    networkInterfaceName: "nva",
    ipConfigurations: [
      {
        name: "only",
        subnet: { id: "@network/subnets/default" },
        // Not one that Azure gives out first, to the scale set's instances.
        privateIPAddress: "10.7.0.100",
        privateIPAllocationMethod: "Static",
        loadBalancerBackendAddressPools: [{ id: "@gateway/backendAddressPools/nvas" }],
      },
    ],
  },
};

/** How an appliance is logged into and booted, alone or in a scale set. */
const locked = {
  adminUsername: "operator",
  linuxConfiguration: {
    disablePasswordAuthentication: true,
    ssh: {
      publicKeys: [
        {
          keyData:
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
          path: "/home/operator/.ssh/authorized_keys",
        },
      ],
    },
  },
};
const trusted = {
  securityType: "TrustedLaunch",
  uefiSettings: { secureBootEnabled: true, vTpmEnabled: true },
};
const storage = {
  imageReference: {
    publisher: "Canonical",
    offer: "ubuntu-24_04-lts",
    sku: "server",
    version: "24.04.202506060",
  },
  osDisk: { createOption: "FromImage", managedDisk: { storageAccountType: "Premium_LRS" } },
};

const nva = {
  type: "azure-native:compute:VirtualMachine",
  name: "nva",
  properties: {
    location,
    resourceGroupName: "@group.name",
    vmName: "nva",
    hardwareProfile: { vmSize: "Standard_B2s" },
    networkProfile: { networkInterfaces: [{ id: "@nvaInterface", primary: true }] },
    osProfile: { computerName: "nva", ...locked },
    securityProfile: trusted,
    storageProfile: storage,
  },
};

/** Appliances by a model, in the same pool. */
const fleet = {
  type: "azure-native:compute:VirtualMachineScaleSet",
  name: "fleet",
  properties: {
    location,
    resourceGroupName: "@group.name",
    vmScaleSetName: "fleet",
    orchestrationMode: "Flexible",
    platformFaultDomainCount: 1,
    sku: { name: "Standard_B2s", tier: "Standard", capacity: 2 },
    upgradePolicy: { mode: "Rolling", rollingUpgradePolicy: { maxBatchInstancePercent: 20 } },
    virtualMachineProfile: {
      osProfile: { computerNamePrefix: "fleet", ...locked },
      securityProfile: trusted,
      storageProfile: storage,
      networkProfile: {
        networkApiVersion: "2022-11-01",
        networkInterfaceConfigurations: [
          {
            name: "nic",
            primary: true,
            ipConfigurations: [
              {
                name: "only",
                subnet: { id: "@network/subnets/default" },
                loadBalancerBackendAddressPools: [{ id: "@gateway/backendAddressPools/nvas" }],
              },
            ],
          },
        ],
      },
      extensionProfile: {
        extensions: [
          {
            name: "health",
            publisher: "Microsoft.ManagedServices",
            type: "ApplicationHealthLinux",
            typeHandlerVersion: "2.0",
            autoUpgradeMinorVersion: true,
            settings: { protocol: "http", port: 8080, requestPath: "/health/application" },
          },
        ],
      },
    },
  },
};

const web = {
  type: "azure-native:network:LoadBalancer",
  name: "web",
  properties: {
    location,
    resourceGroupName: "@group.name",
    loadBalancerName: "web",
    sku: { name: "Standard" },
    frontendIPConfigurations: [
      {
        name: "public",
        publicIPAddress: { id: "@webAddress" },
        gatewayLoadBalancer: { id: gatewayFrontend },
      },
    ],
  },
};

const guard = {
  type: "azure-native:network:NetworkSecurityGroup",
  name: "guard",
  properties: {
    location,
    resourceGroupName: "@group.name",
    networkSecurityGroupName: "guard",
    securityRules: [
      {
        name: "tunnels",
        priority: 100,
        direction: "Inbound",
        access: "Allow",
        protocol: "Udp",
        sourceAddressPrefix: "VirtualNetwork",
        sourcePortRange: "*",
        destinationAddressPrefix: "*",
        destinationPortRanges: ["10800", "10801"],
      },
      {
        name: "web",
        priority: 110,
        direction: "Inbound",
        access: "Allow",
        protocol: "Tcp",
        sourceAddressPrefix: "Internet",
        sourcePortRange: "*",
        destinationAddressPrefix: "*",
        destinationPortRange: "*",
      },
    ],
  },
};

const appInterface = {
  type: "azure-native:network:NetworkInterface",
  name: "appInterface",
  properties: {
    location,
    resourceGroupName: "@group.name",
    networkInterfaceName: "app",
    ipConfigurations: [
      {
        name: "only",
        subnet: { id: "@network/subnets/web" },
        publicIPAddress: { id: "@appAddress" },
        gatewayLoadBalancer: { id: gatewayFrontend },
      },
    ],
  },
};

/** A gateway with one appliance and a scale set of them, and one consumer of each kind: every rule accepts it. */
export const goodStack: readonly Declared[] = [
  group,
  network,
  publicAddress("webAddress"),
  publicAddress("appAddress"),
  gateway,
  nvaInterface,
  nva,
  fleet,
  web,
  appInterface,
  guard,
];

/** What differs from the good stack: new values by resource and path (`a.0.b`). */
export type Change = Record<string, Record<string, unknown>>;

/** A stack that a rule refuses. */
export interface Refused {
  change: Change;
  /** Settings of the rule, where the defaults would let the stack through. */
  settings?: object;
  /** What the message names. */
  path: RegExp;
}

/** For each rule a stack that it refuses, and no other rule does. */
export const refusedChanges: Readonly<Record<string, Refused>> = {
  "public-entry-is-chained": {
    change: { web: { "frontendIPConfigurations.0.gatewayLoadBalancer": undefined } },
    path: /frontendIPConfigurations\[0\]/,
  },
  "chain-names-a-frontend": {
    change: { appInterface: { "ipConfigurations.0.gatewayLoadBalancer.id": gatewayId } },
    path: /ipConfigurations\[0\]\.gatewayLoadBalancer\.id/,
  },
  "chained-balancer-is-standard": {
    change: { web: { sku: undefined } },
    path: /sku\.name must be Standard, which is not set/,
  },
  "gateway-has-two-tunnels": {
    change: { gateway: { "backendAddressPools.0.tunnelInterfaces.1.type": "Internal" } },
    path: /backendAddressPools\[0\]/,
  },
  "gateway-forwards-all-ports": {
    change: { gateway: { "loadBalancingRules.0.protocol": "Tcp" } },
    path: /loadBalancingRules\[0\]\.protocol/,
  },
  "gateway-probe-is-honest": {
    change: { gateway: { "probes.0.protocol": "Tcp", "probes.0.requestPath": undefined } },
    path: /probes\[0\]\.protocol/,
  },
  "gateway-chain-limit": { change: {}, settings: { elsewhere: 100 }, path: /100 in others/ },
  "nva-has-no-public-address": {
    change: {
      nvaInterface: {
        "ipConfigurations.0.publicIPAddress": { id: "@appAddress" },
        tags: { "gwlb-exempt": "for the test of another rule" },
      },
    },
    path: /ipConfigurations\[0\]/,
  },
  "nva-has-no-password": {
    change: { nva: { "osProfile.linuxConfiguration.disablePasswordAuthentication": false } },
    path: /disablePasswordAuthentication/,
  },
  "nva-boots-trusted": {
    change: { nva: { "securityProfile.uefiSettings.secureBootEnabled": false } },
    path: /secureBootEnabled/,
  },
  "nva-health-is-honest": {
    change: { fleet: { "virtualMachineProfile.extensionProfile.extensions": [] } },
    path: /ApplicationHealthLinux/,
  },
  "tunnel-ports-are-not-trusted": {
    change: { guard: { "securityRules.0.sourceAddressPrefix": "Internet" } },
    path: /securityRules\[0\]/,
  },
};

/** The good stack with a change made. */
export function changed(change: Change, stack: readonly Declared[] = goodStack): Declared[] {
  // One by one: a clone keeps that two resources share a part, and a change is of one.
  const copy = stack.map((declared) => ({ ...declared, properties: plainCopy(declared) }));
  for (const [name, values] of Object.entries(change)) {
    const declared = copy.find((resource) => resource.name === name);
    if (declared === undefined) throw new Error(`no resource ${name} in the stack`);
    for (const [path, value] of Object.entries(values)) set(declared.properties, path, value);
  }
  return copy;
}

const plainCopy = ({ properties }: Declared): Record<string, unknown> =>
  JSON.parse(JSON.stringify(properties));

function set(holder: object, path: string, value: unknown): void {
  const [key = "", ...rest] = path.split(".");
  if (rest.length > 0) set(Reflect.get(holder, key), rest.join("."), value);
  else if (value === undefined) Reflect.deleteProperty(holder, key);
  else Reflect.set(holder, key, value);
}

/** How references to other resources look: known ids, or unknown ones as in a first preview. */
export type References = "known" | "unknown";

/** The stack as the engine would show it to a rule. */
export function asResources(stack: readonly Declared[], references: References): Resource[] {
  const names = new Map(stack.map(({ name, type, properties }) => [name, { type, properties }]));
  return stack.map(({ type, name, properties }) => {
    const dependencies = new Set<string>();
    const read = (value: unknown): Value => {
      if (Array.isArray(value)) return value.map(read);
      if (typeof value === "object" && value !== null) {
        return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, read(v)]));
      }
      if (typeof value !== "string") return value as number | boolean;
      const [, target, detail] = /^@(\w+)(\.name)?/.exec(value) ?? [];
      if (target === undefined) return value;
      dependencies.add(`urn:${target}`);
      if (detail !== undefined) return resourceGroupName;
      if (references === "unknown") return UNKNOWN;
      return value.replace(`@${target}`, idOf(target, names.get(target)));
    };
    const plain = read(properties);
    return {
      urn: `urn:${name}`,
      type: plainType(type),
      name,
      properties: plain,
      dependencies: [...dependencies],
    };
  });
}

function idOf(name: string, resource: Omit<Declared, "name"> | undefined): string {
  const kind = resource?.type.split(":").at(-1) ?? "";
  const collection = `${kind.charAt(0).toLowerCase()}${kind.slice(1)}s`;
  const key = Object.keys(resource?.properties ?? {}).find(
    (k) => /Name$/.test(k) && k !== "resourceGroupName",
  );
  const azureName = String(resource?.properties[key ?? ""] ?? name);
  return gatewayId.replace(/loadBalancers\/.*/, `${collection}/${azureName}`);
}
