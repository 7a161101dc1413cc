import { createHash } from "node:crypto";
import { assignAddresses } from "../addressing";
import { childNameProblems, nameChildren } from "../children";
import { keyOf, sameId } from "../ids";
import { asBodies, asBody, childrenOf, refOf, type StoredResource } from "../resource";
import { behavesSo } from "../rules";
import { child, flag, list, record, ref, served, text } from "../schema";
import { recordings } from "../sources";
import type { Put } from "../world";
import { interfaceSettings } from "./computeShape";
import {
  networkName,
  type ResourceType,
  resourceGuid,
  topLevel,
  withProperties,
} from "./definition";
import {
  attachedTo,
  configurations,
  loadProblems,
  machineOf,
  oneNetwork,
  securityGroup,
  whileAttached,
} from "./networkInterfaceRules";

behavesSo("Microsoft.Network/networkInterfaces", {
  says: "Without a word an interface forwards nothing, is not accelerated, and its first configuration is primary and IPv4.",
  recorded: `PUT of interfaces without these; ${recordings.client}`,
});

/** A network interface. */
export const networkInterface: ResourceType = {
  type: "Microsoft.Network/networkInterfaces",
  token: "azure-native:network:NetworkInterface",
  getter: "azure-native:network:getNetworkInterface",
  apiVersion: "2024-05-01",
  path: ["resourceGroupName", "networkInterfaceName"],
  name: networkName(),
  located: true,
  shape: topLevel(
    {
      ...interfaceSettings,
      dnsSettings: record({
        dnsServers: list(text()),
        internalDnsNameLabel: text(),
        appliedDnsServers: served,
        internalDomainNameSuffix: served,
      }),
      ipConfigurations: list(
        child({
          gatewayLoadBalancer: ref,
          loadBalancerBackendAddressPools: list(ref),
          loadBalancerInboundNatRules: list(ref),
          primary: flag,
          privateIPAddress: text(),
          privateIPAddressVersion: text("IPv4", "IPv6"),
          privateIPAllocationMethod: text("Static", "Dynamic"),
          publicIPAddress: ref,
          subnet: ref,
        }),
      ),
      networkSecurityGroup: ref,
      nicType: text("Standard", "Elastic"),
      macAddress: served,
      primary: served,
      virtualMachine: served,
      hostedWorkloads: served,
      tapConfigurations: served,
      vnetEncryptionSupported: served,
      defaultOutboundConnectivityEnabled: served,
      allowPort25Out: served,
      ...resourceGuid,
    },
    { kind: served },
  ),
  prepare,
  rules: [
    (put) => childNameProblems(put, "ipConfigurations"),
    configurations,
    loadProblems,
    oneNetwork,
    securityGroup,
    whileAttached,
  ],
  deleteRules: [
    function* attached(existing, world) {
      const machine = machineOf(existing.id, world);
      if (machine !== undefined) {
        yield attachedTo(existing.id, machine.id);
      }
    },
  ],
  present(stored, world) {
    const machine = machineOf(stored.id, world);
    const nics = asBodies(asBody(machine?.properties.networkProfile)?.networkInterfaces);
    const own = nics.find((nic) => sameId(refOf(nic), stored.id));
    const primary = nics.length === 1 || asBody(own?.properties)?.primary === true;
    return withProperties(stored, {
      virtualMachine: machine === undefined ? undefined : { id: machine.id },
      primary: machine === undefined ? undefined : primary,
    });
  },
};

function prepare(put: Put): void {
  const { desired, existing } = put;
  const { properties } = desired;
  nameChildren(put, "ipConfigurations");
  const parts = childrenOf(desired, "ipConfigurations");
  const anyPrimary = parts.some((part) => part.properties?.primary === true);
  for (const [i, part] of parts.entries()) {
    part.properties ??= {};
    part.properties.primary ??= !anyPrimary && i === 0;
    part.properties.privateIPAddressVersion ??= "IPv4";
  }
  assignAddresses(put, "ipConfigurations");
  properties.enableAcceleratedNetworking ??= false;
  properties.enableIPForwarding ??= false;
  properties.disableTcpStateTracking ??= false;
  properties.dnsSettings = {
    dnsServers: [],
    ...asBody(properties.dnsSettings),
    appliedDnsServers: [],
    internalDomainNameSuffix: suffixFor(desired),
  };
  desired.kind = "Regular";
  Object.assign(properties, {
    hostedWorkloads: [],
    tapConfigurations: [],
    vnetEncryptionSupported: false,
    allowPort25Out: true,
    defaultOutboundConnectivityEnabled: false,
  });
  properties.nicType ??= "Standard";
  properties.auxiliaryMode ??= "None";
  properties.auxiliarySku ??= "None";
  properties.macAddress = existing?.properties.macAddress ?? macFor(desired.id);
}

/** A MAC address in Microsoft's range, the same for the same id. */
function macFor(id: string): string {
  const hash = createHash("sha256").update(keyOf(id)).digest("hex").toUpperCase();
  return ["00", "0D", "3A", hash.slice(0, 2), hash.slice(2, 4), hash.slice(4, 6)].join("-");
}

/** The DNS suffix of a network's machines, the same for the same network. */
function suffixFor(nic: StoredResource): string {
  const [first] = childrenOf(nic, "ipConfigurations");
  const network = keyOf(refOf(first?.properties.subnet) ?? nic.id).split("/subnets/")[0] ?? "";
  const hash = createHash("sha256").update(network).digest("hex").slice(0, 26);
  return `${hash}.ax.internal.cloudapp.net`;
}
