/** A small Azure for the tests: the reference layout, put together resource by resource. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Arm, type Resource } from "../../../lab/arm/arm";
import type { Body } from "../../../lab/arm/resource";
import { Store } from "../../../lab/arm/store";

export const subscription = "00000000-0000-0000-0000-000000000001";
export const group = `/subscriptions/${subscription}/resourceGroups/rg`;
export const network = (kind: string, name: string) =>
  `${group}/providers/Microsoft.Network/${kind}/${name}`;
export const vnet = network("virtualNetworks", "provider");
export const consumerVnet = network("virtualNetworks", "consumer");
export const nvaSubnet = `${vnet}/subnets/nva`;
export const gatewaySubnet = `${vnet}/subnets/gateway`;
export const workSubnet = `${consumerVnet}/subnets/work`;
export const nsg = network("networkSecurityGroups", "nsg");
export const gateway = network("loadBalancers", "gwlb");
export const gatewayFrontend = `${gateway}/frontendIPConfigurations/fe`;
export const gatewayPool = `${gateway}/backendAddressPools/nvas`;
export const publicLb = network("loadBalancers", "web");
export const nvaNic = network("networkInterfaces", "nva-nic");
export const workNic = network("networkInterfaces", "work-nic");
/** A second NIC on the NVA's subnet, of no machine. */
export const spareNic = network("networkInterfaces", "spare");
export const nva = `${group}/providers/Microsoft.Compute/virtualMachines/nva`;
/** A scale set of NVAs; not part of the layout. */
export const fleet = `${group}/providers/Microsoft.Compute/virtualMachineScaleSets/fleet`;
export const location = "westeurope";

/** An Ed25519 public key that nobody has the private half of. */
export const sshKey = `ssh-ed25519 ${Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from("ssh-ed25519"),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32, 7),
]).toString("base64")}`;

/** Bodies that Azure takes, as functions so that a test may change its own copy. */
export const good = {
  group: (): Body => ({ location }),
  vnet: (prefix = "10.7.0.0/16"): Body => ({
    location,
    properties: { addressSpace: { addressPrefixes: [prefix] } },
  }),
  subnet: (addressPrefix: string): Body => ({
    properties: { addressPrefix, defaultOutboundAccess: false, networkSecurityGroup: { id: nsg } },
  }),
  rule: (priority = 100): Body => ({
    properties: {
      access: "Allow",
      direction: "Inbound",
      protocol: "Tcp",
      priority,
      sourceAddressPrefix: "*",
      sourcePortRange: "*",
      destinationAddressPrefix: "*",
      destinationPortRanges: ["22", "80-90"],
    },
  }),
  nsg: (): Body => ({
    location,
    properties: { securityRules: [{ name: "in", ...good.rule() }] },
  }),
  publicIp: (): Body => ({
    location,
    sku: { name: "Standard" },
    properties: { publicIPAllocationMethod: "Static" },
  }),
  natGateway: (): Body => ({ location, sku: { name: "Standard" }, properties: {} }),
  gateway: (): Body => ({
    location,
    sku: { name: "Gateway", tier: "Regional" },
    properties: {
      frontendIPConfigurations: [
        {
          name: "fe",
          zones: ["1", "2", "3"],
          properties: {
            subnet: { id: gatewaySubnet },
            privateIPAddress: "10.7.0.4",
            privateIPAllocationMethod: "Static",
          },
        },
      ],
      backendAddressPools: [
        {
          name: "nvas",
          properties: {
            tunnelInterfaces: [
              { identifier: 800, port: 10800, protocol: "VXLAN", type: "Internal" },
              { identifier: 801, port: 10801, protocol: "VXLAN", type: "External" },
            ],
          },
        },
      ],
      probes: [
        {
          name: "health",
          properties: {
            protocol: "Http",
            port: 8080,
            requestPath: "/health",
            intervalInSeconds: 5,
          },
        },
      ],
      loadBalancingRules: [
        {
          name: "all",
          properties: {
            frontendIPConfiguration: { id: gatewayFrontend },
            backendAddressPools: [{ id: gatewayPool }],
            probe: { id: `${gateway}/probes/health` },
            protocol: "All",
            frontendPort: 0,
            backendPort: 0,
          },
        },
      ],
    },
  }),
  publicLb: (chained = true): Body => ({
    location,
    sku: { name: "Standard" },
    properties: {
      frontendIPConfigurations: [
        {
          name: "fe",
          properties: {
            publicIPAddress: { id: network("publicIPAddresses", "web-ip") },
            ...(chained ? { gatewayLoadBalancer: { id: gatewayFrontend } } : {}),
          },
        },
      ],
      backendAddressPools: [{ name: "web" }],
      probes: [{ name: "tcp", properties: { protocol: "Tcp", port: 80, intervalInSeconds: 5 } }],
      loadBalancingRules: [
        {
          name: "http",
          properties: {
            frontendIPConfiguration: { id: `${publicLb}/frontendIPConfigurations/fe` },
            backendAddressPools: [{ id: `${publicLb}/backendAddressPools/web` }],
            probe: { id: `${publicLb}/probes/tcp` },
            protocol: "Tcp",
            frontendPort: 80,
            backendPort: 80,
            disableOutboundSnat: true,
          },
        },
      ],
    },
  }),
  nvaNic: (): Body => ({
    location,
    properties: {
      ipConfigurations: [
        {
          name: "ip",
          properties: {
            subnet: { id: nvaSubnet },
            privateIPAddress: "10.7.1.5",
            privateIPAllocationMethod: "Static",
            loadBalancerBackendAddressPools: [{ id: gatewayPool }],
          },
        },
      ],
    },
  }),
  workNic: (chained = true): Body => ({
    location,
    properties: {
      ipConfigurations: [
        {
          name: "ip",
          properties: {
            subnet: { id: workSubnet },
            publicIPAddress: { id: network("publicIPAddresses", "work-ip") },
            ...(chained ? { gatewayLoadBalancer: { id: gatewayFrontend } } : {}),
          },
        },
      ],
    },
  }),
  spareNic: (): Body => ({
    location,
    properties: {
      ipConfigurations: [{ name: "ip", properties: { subnet: { id: nvaSubnet } } }],
    },
  }),
  nva: (): Body => ({
    location,
    properties: {
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
        customData: Buffer.from("#cloud-config\n").toString("base64"),
        linuxConfiguration: {
          disablePasswordAuthentication: true,
          ssh: {
            publicKeys: [{ path: "/home/azureuser/.ssh/authorized_keys", keyData: sshKey }],
          },
        },
      },
      securityProfile: {
        securityType: "TrustedLaunch",
        uefiSettings: { secureBootEnabled: true, vTpmEnabled: true },
      },
      diagnosticsProfile: { bootDiagnostics: { enabled: true } },
      networkProfile: { networkInterfaces: [{ id: nvaNic, properties: { primary: true } }] },
      userData: Buffer.from("policy").toString("base64"),
    },
  }),
};

/** A body of the scale set that Azure takes: NVAs across zones, health from inside. */
export function goodFleet(capacity = 3): Body {
  const { storageProfile, osProfile, securityProfile, userData } = good.nva().properties as {
    [part: string]: Body;
  };
  const { computerName: _, ...os } = osProfile ?? {};
  const settings = { protocol: "http", port: 8080, requestPath: "/health/application" };
  return {
    location,
    sku: { name: "Standard_B2ms", capacity },
    zones: ["1", "2"],
    properties: {
      orchestrationMode: "Flexible",
      platformFaultDomainCount: 1,
      upgradePolicy: { mode: "Rolling", rollingUpgradePolicy: { maxBatchInstancePercent: 20 } },
      automaticRepairsPolicy: { enabled: true, gracePeriod: "PT10M", repairAction: "Replace" },
      virtualMachineProfile: {
        storageProfile,
        securityProfile,
        userData,
        osProfile: { ...os, computerNamePrefix: "nva" },
        extensionProfile: {
          extensions: [
            {
              name: "health",
              properties: {
                publisher: "Microsoft.ManagedServices",
                type: "ApplicationHealthLinux",
                typeHandlerVersion: "2.0",
                settings,
              },
            },
          ],
        },
        networkProfile: {
          networkApiVersion: "2022-11-01",
          networkInterfaceConfigurations: [
            {
              name: "nic",
              properties: {
                primary: true,
                ipConfigurations: [
                  {
                    name: "ip",
                    properties: {
                      subnet: { id: nvaSubnet },
                      loadBalancerBackendAddressPools: [{ id: gatewayPool }],
                    },
                  },
                ],
              },
            },
          ],
        },
      },
    },
  };
}

/** Everything of the reference layout, in an order that Azure takes. */
export const layout: [id: string, body: () => Body][] = [
  [group, good.group],
  [nsg, good.nsg],
  [vnet, good.vnet],
  [consumerVnet, () => good.vnet("10.8.0.0/16")],
  [gatewaySubnet, () => good.subnet("10.7.0.0/24")],
  [nvaSubnet, () => good.subnet("10.7.1.0/28")],
  [workSubnet, () => good.subnet("10.8.0.0/24")],
  [network("publicIPAddresses", "web-ip"), good.publicIp],
  [network("publicIPAddresses", "work-ip"), good.publicIp],
  [gateway, good.gateway],
  [nvaNic, good.nvaNic],
  [nva, good.nva],
  [publicLb, good.publicLb],
  [workNic, good.workNic],
];

/** Folders to remove when the file is done, wherever in it they were made. */
const made: string[] = [];
process.once("exit", () => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true });
});

/** Where a NIC's body says its pools. */
export const membership =
  "properties.ipConfigurations.0.properties.loadBalancerBackendAddressPools";

/** A store in a folder of its own. */
export function emptyStore(): { dir: string; store: Store; arm: Arm } {
  const dir = mkdtempSync(path.join(tmpdir(), "azure-"));
  made.push(dir);
  const store = Store.open(dir);
  return { dir, store, arm: new Arm(store) };
}

/** The reference layout in a store of its own. */
export async function referenceAzure(): Promise<{ store: Store; arm: Arm; dir: string }> {
  const azure = emptyStore();
  for (const [id, body] of layout) await azure.arm.put(id, body());
  return azure;
}

/** A value deep inside a resource, e.g. `properties.probes.0.properties.port`. */
export function at(resource: Resource | Body | undefined, where: string): unknown {
  return where
    .split(".")
    .reduce<unknown>(
      (value, key) => (value as Record<string, unknown> | undefined)?.[key],
      resource,
    );
}

/** A copy of a body with one value changed; undefined takes it out. */
export function changed(body: Body, where: string, value: unknown): Body {
  const copy = structuredClone(body);
  const keys = where.split(".");
  const last = keys.pop() ?? "";
  const holder = keys.reduce<Body>((part, key) => {
    part[key] ??= {};
    return part[key] as Body;
  }, copy);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return copy;
}
