/** Rules for a network interface. */
import { addressProblems } from "../addressing";
import { namedChildren } from "../children";
import { type ArmError, refuse } from "../errors";
import { keyOf } from "../ids";
import { inUse, referenceProblems } from "../inUse";
import { asBodies, type Child, childrenOf, refOf, refsOf, type StoredResource } from "../resource";
import { refusalsOf } from "../rules";
import { docs, issue, quoted } from "../sources";
import type { Put, World } from "../world";
import { configurationClashes } from "./balancedPorts";
import { chainProblems } from "./chain";
import { takenProblems } from "./publicIPAddress";

const refusals = refusalsOf("Microsoft.Network/networkInterfaces", {
  none: {
    code: "NetworkInterfaceMustHaveAtLeastOneIpConfiguration",
    says: "An interface has an IP configuration.",
    ours: true,
    assumed: "The API's types let it be left out; no source shows the refusal.",
  },
  primaries: {
    code: "NetworkInterfaceCannotHaveMultiplePrimaryIpConfigurations",
    says: "One IP configuration is the primary one.",
    ours: true,
    assumed: "Two contradict each other; no source shows the refusal.",
  },
  version: {
    code: "IpConfigurationVersionMismatch",
    says: "A configuration and its public address are of one IP version.",
    ours: true,
    assumed: "The one is translated to the other; no source shows the refusal.",
  },
  twoBalancers: {
    code: "NetworkInterfaceUsesMultipleLoadBalancersOfSameType",
    says: "An interface is behind one public and one internal load balancer at most.",
    reported: issue("seanknox/aztack", 3),
  },
  manyRules: {
    code: "LoadBalancerRuleCountLimitReachedForNic",
    says: "An interface is under at most 300 rules.",
    documented: docs.balancerErrors,
  },
  mixed: {
    code: "CannotMixIPBasedAddressesAndIPConfigurationsOnLoadBalancerBackendAddressPool",
    says: "An interface joins no pool that is made of addresses.",
    reported: issue("hashicorp/terraform-provider-azurerm", 25962),
  },
  otherNetwork: {
    code: "NetworkInterfaceAndInternalLoadBalancerMustUseSameVnet",
    says: "An interface and the internal load balancer that it is behind are in one network.",
    reported: quoted("NetworkInterfaceAndInternalLoadBalancerMustUseSameVnet"),
  },
  networks: {
    code: "IpConfigurationsMustBeInSameVnet",
    says: "All configurations of an interface are in one network.",
    ours: true,
    assumed: "An interface is one machine's place in one network; no source shows the code.",
  },
  moved: {
    code: "NicVnetCannotBeChanged",
    says: "An interface stays in its network.",
    ours: true,
    assumed: "No source shows the service's own words.",
  },
  primaryFixed: {
    code: "PrimaryIpConfigurationCannotBeChangedWhileAttached",
    says: "The primary configuration of a machine's interface stays.",
    http: 409,
    ours: true,
    assumed: "The guest knows its address by it; no source shows the refusal.",
  },
  attached: {
    code: "NicInUse",
    says: "An interface stays while a machine has it.",
    reported: quoted("NicInUse"),
  },
});

/** The refusal to delete a machine's interface. */
export const attachedTo = (id: string, machine: string): ArmError =>
  inUse(refusals.attached, id, [machine]);

const VM = "Microsoft.Compute/virtualMachines";

/** The virtual machine that has a NIC. */
export const machineOf = (nicId: string, world: World): StoredResource | undefined =>
  world.usersOf(nicId).find((user) => user.type === VM);

/** IP configurations: their subnets and addresses, what they are chained to and members of. */
export function* configurations(put: Put): Generator<ArmError> {
  const parts = namedChildren(put, "ipConfigurations");
  if (parts.length === 0) {
    yield refuse(
      refusals.none,
      `Network interface ${put.desired.id} has no IP configuration.`,
      "properties.ipConfigurations",
    );
  }
  if (parts.filter(([part]) => part.properties.primary === true).length > 1) {
    yield refuse(
      refusals.primaries,
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
      refusals.version,
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
export function* loadProblems(put: Put): Generator<ArmError> {
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
          refusals.twoBalancers,
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
    refusals.manyRules,
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
      refusals.mixed,
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
      refusals.otherNetwork,
      `Network interface ${put.desired.id} and load balancer ${found.owner.id} must be in the same virtual network.`,
      at,
    );
  }
}

/** All IP configurations of a NIC are in one virtual network, for all its life. */
export function* oneNetwork({ desired, existing }: Put): Generator<ArmError> {
  const network = (part: Child) => keyOf(refOf(part.properties.subnet) ?? "").split("/subnets/")[0];
  const parts = [
    ...childrenOf(existing ?? { properties: {} }, "ipConfigurations"),
    ...childrenOf(desired, "ipConfigurations"),
  ];
  const networks = new Set(parts.map(network).filter((n) => n !== ""));
  if (networks.size > 1) {
    yield refuse(
      existing === undefined ? refusals.networks : refusals.moved,
      `The IP configurations of ${desired.id} must all be in one virtual network, which cannot change: ${[...networks].join(", ")}.`,
      "properties.ipConfigurations",
    );
  }
}

/** The primary IP configuration of a machine's NIC cannot go or lose its place. */
export function* whileAttached({ desired, existing, world }: Put): Generator<ArmError> {
  if (existing === undefined || machineOf(desired.id, world) === undefined) return;
  const primary = (nic: StoredResource) =>
    childrenOf(nic, "ipConfigurations").find((part) => part.properties.primary === true)?.name;
  if (primary(existing) !== primary(desired)) {
    yield refuse(
      refusals.primaryFixed,
      `The primary IP configuration ${primary(existing)} of ${desired.id} cannot change while a virtual machine has the interface.`,
      "properties.ipConfigurations",
    );
  }
}

/** The security group is one. */
export function* securityGroup(put: Put): Generator<ArmError> {
  const value = put.desired.properties.networkSecurityGroup;
  if (value === undefined) return;
  const types = ["Microsoft.Network/networkSecurityGroups"];
  yield* referenceProblems(put, refOf(value), types, "properties.networkSecurityGroup");
}
