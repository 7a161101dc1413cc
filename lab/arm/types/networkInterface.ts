import { createHash } from "node:crypto";
import { addressProblems, assignAddresses } from "../addressing";
import { childNameProblems, nameChildren, namedChildren } from "../children";
import { type ArmError, conflict, refuse } from "../errors";
import { keyOf, sameId } from "../ids";
import { inUse, referenceProblems } from "../inUse";
import {
  asBodies,
  asBody,
  type Child,
  childrenOf,
  refOf,
  refsOf,
  type StoredResource,
} from "../resource";
import { child, flag, list, record, ref, served, text } from "../schema";
import type { Put, World } from "../world";
import { configurationClashes } from "./balancedPorts";
import { chainProblems } from "./chain";
import {
  networkName,
  type ResourceType,
  resourceGuid,
  topLevel,
  withProperties,
} from "./definition";
import { takenProblems } from "./publicIPAddress";

const VM = "Microsoft.Compute/virtualMachines";

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
      auxiliaryMode: text("None", "MaxConnections", "Floating", "AcceleratedConnections"),
      auxiliarySku: text("None", "A1", "A2", "A4", "A8"),
      disableTcpStateTracking: flag,
      dnsSettings: record({
        dnsServers: list(text()),
        internalDnsNameLabel: text(),
        appliedDnsServers: served,
        internalDomainNameSuffix: served,
      }),
      enableAcceleratedNetworking: flag,
      enableIPForwarding: flag,
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
    function* securityGroup(put) {
      const value = put.desired.properties.networkSecurityGroup;
      if (value === undefined) return;
      const types = ["Microsoft.Network/networkSecurityGroups"];
      yield* referenceProblems(put, refOf(value), types, "properties.networkSecurityGroup");
    },
    whileAttached,
  ],
  deleteRules: [
    function* attached(existing, world) {
      const machine = machineOf(existing.id, world);
      if (machine !== undefined) {
        yield inUse("NicInUse", existing.id, [machine.id]);
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

/** The virtual machine that has a NIC. */
export const machineOf = (nicId: string, world: World): StoredResource | undefined =>
  world.usersOf(nicId).find((user) => user.type === VM);

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

function* configurations(put: Put): Generator<ArmError> {
  const parts = namedChildren(put, "ipConfigurations");
  if (parts.length === 0) {
    yield refuse(
      "NetworkInterfaceMustHaveAtLeastOneIpConfiguration",
      `Network interface ${put.desired.id} has no IP configuration.`,
      "properties.ipConfigurations",
    );
  }
  if (parts.filter(([part]) => part.properties.primary === true).length > 1) {
    yield refuse(
      "NetworkInterfaceCannotHaveMultiplePrimaryIpConfigurations",
      `Network interface ${put.desired.id} has more than one primary IP configuration.`,
      "properties.ipConfigurations",
    );
  }
  for (const [part, path] of parts) {
    const at = `${path}.properties`;
    const types = ["Microsoft.Network/virtualNetworks/subnets"];
    const wrong = [...referenceProblems(put, refOf(part.properties.subnet), types, `${at}.subnet`)];
    yield* wrong;
    if (wrong.length === 0) yield* addressProblems(put, part, path);
    yield* publicProblems(put, part, path);
    if (part.properties.gatewayLoadBalancer !== undefined) yield* chainProblems(put, part, path);
    yield* configurationClashes(put, part, path);
    yield* poolProblems(put, part, path);
  }
}

function* publicProblems(put: Put, part: Child, path: string): Generator<ArmError> {
  if (part.properties.publicIPAddress === undefined) return;
  const id = refOf(part.properties.publicIPAddress);
  const types = ["Microsoft.Network/publicIPAddresses"];
  const at = `${path}.properties.publicIPAddress`;
  const wrong = [...referenceProblems(put, id, types, at)];
  yield* wrong;
  if (wrong.length > 0 || id === undefined) return;
  yield* takenProblems(put, id, part.id, path);
  const version = put.world.get(id)?.properties.publicIPAddressVersion;
  if (version !== part.properties.privateIPAddressVersion) {
    yield refuse(
      "IpConfigurationVersionMismatch",
      `${part.id} is ${part.properties.privateIPAddressVersion}, its public IP address ${id} is ${version}.`,
      at,
    );
  }
}

function* poolProblems(put: Put, part: Child, path: string): Generator<ArmError> {
  for (const [field, type] of [
    ["loadBalancerBackendAddressPools", "Microsoft.Network/loadBalancers/backendAddressPools"],
    ["loadBalancerInboundNatRules", "Microsoft.Network/loadBalancers/inboundNatRules"],
  ] as const) {
    for (const [i, id] of refsOf(part.properties[field]).entries()) {
      const at = `${path}.properties.${field}[${i}]`;
      const wrong = [...referenceProblems(put, id, [type], at)];
      yield* wrong;
      if (wrong.length > 0 || field !== "loadBalancerBackendAddressPools") continue;
      yield* memberProblems(put, part, id, at);
    }
  }
}

/** Most load balancing rules that one NIC may be under. */
const MAX_RULES = 300;

/** Several load balancers of one kind on one IP configuration, and too many rules on a NIC. */
function* loadProblems(put: Put): Generator<ArmError> {
  const balancers = new Set<string>();
  for (const [part, path] of namedChildren(put, "ipConfigurations")) {
    const kinds = new Map<string, string>();
    for (const id of refsOf(part.properties.loadBalancerBackendAddressPools)) {
      const owner = put.world.find(id)?.owner;
      if (owner === undefined) continue;
      balancers.add(owner.id);
      const open = childrenOf(owner, "frontendIPConfigurations").some(
        (frontend) => frontend.properties.publicIPAddress !== undefined,
      );
      const kind = open ? "public" : "internal";
      if ((kinds.get(kind) ?? owner.id) !== owner.id) {
        yield refuse(
          "NetworkInterfaceUsesMultipleLoadBalancersOfSameType",
          `IP configuration ${part.id} is in pools of more than one ${kind} load balancer: ${kinds.get(kind)}, ${owner.id}.`,
          `${path}.properties.loadBalancerBackendAddressPools`,
        );
      }
      kinds.set(kind, owner.id);
    }
  }
  const rules = [...balancers].flatMap((id) =>
    childrenOf(put.world.get(id) ?? { properties: {} }, "loadBalancingRules"),
  );
  if (rules.length <= MAX_RULES) return;
  yield refuse(
    "LoadBalancerRuleCountLimitReachedForNic",
    `Network interface ${put.desired.id} is under ${rules.length} rules; ${MAX_RULES} are allowed.`,
    "properties.ipConfigurations",
  );
}

/** A NIC in a pool: not beside bare addresses, and in the network of the frontend. */
function* memberProblems(put: Put, part: Child, poolId: string, at: string): Generator<ArmError> {
  const found = put.world.find(poolId);
  if (found === undefined) return;
  if (asBodies(found.part.properties.loadBalancerBackendAddresses).length > 0) {
    yield refuse(
      "CannotMixIPBasedAddressesAndIPConfigurationsOnLoadBalancerBackendAddressPool",
      `Pool ${poolId} is made of IP addresses; IP configuration ${part.id} cannot join it.`,
      at,
    );
  }
  const networkOf = (subnet: string | undefined) => keyOf(subnet ?? "").split("/subnets/")[0];
  const own = networkOf(refOf(part.properties.subnet));
  for (const frontend of childrenOf(found.owner, "frontendIPConfigurations")) {
    const subnet = refOf(frontend.properties.subnet);
    if (subnet === undefined || networkOf(subnet) === own) continue;
    yield refuse(
      "NetworkInterfaceAndInternalLoadBalancerMustUseSameVnet",
      `Network interface ${put.desired.id} and load balancer ${found.owner.id} must be in the same virtual network.`,
      at,
    );
  }
}

/** All IP configurations of a NIC are in one virtual network, for all its life. */
function* oneNetwork({ desired, existing }: Put): Generator<ArmError> {
  const network = (part: Child) => keyOf(refOf(part.properties.subnet) ?? "").split("/subnets/")[0];
  const parts = [
    ...childrenOf(existing ?? { properties: {} }, "ipConfigurations"),
    ...childrenOf(desired, "ipConfigurations"),
  ];
  const networks = new Set(parts.map(network).filter((n) => n !== ""));
  if (networks.size > 1) {
    yield refuse(
      existing === undefined ? "IpConfigurationsMustBeInSameVnet" : "NicVnetCannotBeChanged",
      `The IP configurations of ${desired.id} must all be in one virtual network, which cannot change: ${[...networks].join(", ")}.`,
      "properties.ipConfigurations",
    );
  }
}

/** The primary IP configuration of a machine's NIC cannot go or lose its place. */
function* whileAttached({ desired, existing, world }: Put): Generator<ArmError> {
  if (existing === undefined || machineOf(desired.id, world) === undefined) return;
  const primary = (nic: StoredResource) =>
    childrenOf(nic, "ipConfigurations").find((part) => part.properties.primary === true)?.name;
  if (primary(existing) !== primary(desired)) {
    yield conflict(
      "PrimaryIpConfigurationCannotBeChangedWhileAttached",
      `The primary IP configuration ${primary(existing)} of ${desired.id} cannot change while a virtual machine has the interface.`,
      "properties.ipConfigurations",
    );
  }
}
