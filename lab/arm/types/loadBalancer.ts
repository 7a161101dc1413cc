import { SCALE_SET_TYPE } from "../../compute/scaleSets/model";
import { assignAddresses } from "../addressing";
import { childNameProblems, nameChildren } from "../children";
import { type ArmError, refuse } from "../errors";
import { keyOf } from "../ids";
import { inUse } from "../inUse";
import { asBodies, type Body, type Child, childrenOf, refOf, refsOf } from "../resource";
import { behavesSo, refusalsOf } from "../rules";
import { docs, quoted, recordings } from "../sources";
import type { Put, World } from "../world";
import { poolClashes } from "./balancedPorts";
import { chainsTo, heldByChains } from "./chain";
import { networkName, type ResourceType, withProperties } from "./definition";
import { skuChange } from "./fixedAtCreation";
import { fillTunnels, gatewayRules } from "./gatewayLoadBalancer";
import { fixedFrontends, frontendRules } from "./loadBalancerFrontends";
import { membersOf, poolRules } from "./loadBalancerPools";
import {
  natRuleProblems,
  outboundRuleProblems,
  probeProblems,
  ruleProblems,
} from "./loadBalancerRules";
import { loadBalancerShape } from "./loadBalancerShape";

behavesSo("Microsoft.Network/loadBalancers", {
  says: "An answer has a list of each kind of part, if an empty one.",
  recorded: `PUT of load balancers with some kinds only; ${recordings.operator}`,
});

const refusals = refusalsOf("Microsoft.Network/loadBalancers", {
  inFleet: {
    code: "LoadBalancerInUseByVirtualMachineScaleSet",
    says: "A load balancer stays while a scale set names it.",
    documented: docs.balancerErrors,
  },
  used: {
    code: "InUseLoadBalancerCannotBeDeleted",
    says: "A load balancer stays while an interface is in its pools.",
    reported: quoted("InUseLoadBalancerCannotBeDeleted"),
  },
  basic: {
    code: "BasicSkuLoadBalancerRetired",
    says: "A load balancer is Standard or Gateway: Basic was retired on 2025-09-30.",
    ours: true,
    documented: docs.skus,
  },
  global: {
    code: "GlobalTierNotSupportedForGatewaySku",
    says: "A load balancer of SKU Gateway is regional.",
    ours: true,
    documented: docs.gateway,
  },
});

behavesSo(
  "Microsoft.Network/loadBalancers",
  {
    says: "A probe's numberOfProbes is taken, shown and ignored: probeThreshold counts.",
    documented: docs.balancerNews,
  },
  { says: "A probe asks every 15 seconds unless it says otherwise.", documented: docs.types },
  {
    says: "A rule with one pool shows it in both fields, a rule with two in the list only.",
    recorded: `GET of a gateway's rules; ${recordings.powershell}`,
  },
);

/** A load balancer: Standard, or Gateway for the ones that NVAs stand behind. */
export const loadBalancer: ResourceType = {
  type: "Microsoft.Network/loadBalancers",
  token: "azure-native:network:LoadBalancer",
  getter: "azure-native:network:getLoadBalancer",
  apiVersion: "2024-05-01",
  path: ["resourceGroupName", "loadBalancerName"],
  name: networkName(),
  located: true,
  shape: loadBalancerShape,
  prepare,
  ownRules: [skuRules, fixedFrontends],
  rules: [
    (put) => COLLECTIONS.flatMap((collection) => [...childNameProblems(put, collection)]),
    frontendRules,
    poolRules,
    probeProblems,
    ruleProblems,
    poolClashes,
    natRuleProblems,
    outboundRuleProblems,
    gatewayRules,
    skuRules,
  ],
  deleteRules: [
    function* chained(existing, world) {
      const chains = chainsTo(existing.id, world);
      if (chains.length > 0) yield heldByChains(existing.id, chains);
    },
    function* used(existing, world) {
      const chained = new Set(
        chainsTo(existing.id, world).map((id) => id.split("/").slice(0, -2).join("/")),
      );
      const users = world.usersOf(existing.id).filter((user) => !chained.has(user.id));
      if (users.length === 0) return;
      const fleet = users.some((user) => user.type === SCALE_SET_TYPE);
      yield inUse(
        fleet ? refusals.inFleet : refusals.used,
        existing.id,
        users.map((user) => user.id),
      );
    },
  ],
  present,
};

const COLLECTIONS = [
  "frontendIPConfigurations",
  "backendAddressPools",
  "probes",
  "loadBalancingRules",
  "inboundNatRules",
  "outboundRules",
  "inboundNatPools",
];

function prepare(put: Put): void {
  const { desired } = put;
  // Without a SKU the API version of azure-native 3.28 makes a Basic one, which is retired.
  desired.sku = { name: "Basic", tier: "Regional", ...desired.sku };
  for (const collection of COLLECTIONS) {
    desired.properties[collection] ??= [];
    nameChildren(put, collection);
  }
  for (const frontend of childrenOf(desired, "frontendIPConfigurations")) {
    frontend.properties ??= {};
    if (frontend.properties.publicIPAddress !== undefined) {
      frontend.properties.privateIPAllocationMethod ??= "Dynamic";
    }
  }
  assignAddresses(put, "frontendIPConfigurations");
  fillTunnels(put);
  defaults(desired.properties);
}

/** Properties of the service's own that every rule shows. */
const UNUSED = { enableDestinationServiceEndpoint: false, allowBackendPortConflict: false };

function defaults(properties: Body): void {
  for (const { properties: probe } of asBodies(properties.probes) as Child[]) {
    probe.intervalInSeconds ??= 15;
    probe.probeThreshold ??= 1;
    probe.numberOfProbes ??= 1;
    probe.noHealthyBackendsBehavior ??= "AllProbedDown";
  }
  for (const { properties: rule } of asBodies(properties.loadBalancingRules) as Child[]) {
    rule.backendPort ??= rule.frontendPort;
    rule.enableFloatingIP ??= false;
    rule.idleTimeoutInMinutes ??= 4;
    rule.loadDistribution ??= "Default";
    rule.disableOutboundSnat ??= false;
    rule.enableTcpReset ??= false;
    Object.assign(rule, UNUSED);
    if (Array.isArray(rule.backendAddressPools) && rule.backendAddressPools.length === 0) {
      rule.backendAddressPools = undefined;
    }
    if (rule.backendAddressPools === undefined && rule.backendAddressPool !== undefined) {
      rule.backendAddressPools = [rule.backendAddressPool];
    }
    const [only, ...others] = refsOf(rule.backendAddressPools);
    if (rule.backendAddressPool === undefined && only !== undefined && others.length === 0) {
      rule.backendAddressPool = { id: only };
    }
  }
  for (const { properties: pool } of asBodies(properties.backendAddressPools) as Child[]) {
    pool.loadBalancerBackendAddresses ??= [];
    if (asBodies(pool.tunnelInterfaces).length === 0) pool.tunnelInterfaces = undefined;
  }
  for (const collection of ["inboundNatRules", "inboundNatPools"]) {
    for (const { properties: rule } of asBodies(properties[collection]) as Child[]) {
      rule.protocol ??= "Tcp";
      rule.enableFloatingIP ??= false;
      rule.idleTimeoutInMinutes ??= 4;
      rule.enableTcpReset ??= false;
      Object.assign(rule, UNUSED);
    }
  }
  for (const { properties: rule } of asBodies(properties.outboundRules) as Child[]) {
    rule.allocatedOutboundPorts ??= 0;
    rule.idleTimeoutInMinutes ??= 4;
    rule.enableTcpReset ??= false;
  }
}

function* skuRules({ desired, existing, world }: Put): Generator<ArmError> {
  const { name, tier } = desired.sku ?? {};
  const isBasic = name === "Basic" && (existing === undefined || existing.sku?.name === "Basic");
  // A public address of another SKU is what the service says first; its own rule refuses it.
  const isMixed = childrenOf(desired, "frontendIPConfigurations").some(({ properties }) => {
    const address = world.get(refOf(properties.publicIPAddress) ?? "");
    return address !== undefined && address.sku?.name !== name;
  });
  if (isBasic && !isMixed) {
    yield refuse(
      refusals.basic,
      `Load balancer ${desired.id} has the Basic SKU, which is retired: set sku.name to Standard or Gateway.`,
      "sku.name",
    );
  }
  if (name === "Gateway" && tier === "Global") {
    yield refuse(
      refusals.global,
      `Load balancer ${desired.id} has SKU Gateway, which does not go with tier Global.`,
      "sku.tier",
    );
  }
  // The provider plans this as an update; the service does not change the SKU of a load balancer.
  if (existing !== undefined) yield* skuChange(desired, existing);
}

function present(stored: Parameters<NonNullable<ResourceType["present"]>>[0], world: World) {
  const rules = childrenOf(stored, "loadBalancingRules");
  const outbound = childrenOf(stored, "outboundRules");
  const natRules = childrenOf(stored, "inboundNatRules");
  const natPools = childrenOf(stored, "inboundNatPools");
  const ids = (parts: { id: string }[]) =>
    parts.length > 0 ? parts.map(({ id }) => ({ id })) : undefined;
  const names = (value: unknown, id: string) =>
    [refOf(value), ...refsOf(value)].some(
      (other) => other !== undefined && keyOf(other) === keyOf(id),
    );
  const by = (parts: Child[], field: string, id: string) =>
    ids(parts.filter((part) => names(part.properties[field], id)));
  return withProperties(stored, {
    frontendIPConfigurations: childrenOf(stored, "frontendIPConfigurations").map((f) =>
      withProperties(f, {
        loadBalancingRules: by(rules, "frontendIPConfiguration", f.id),
        inboundNatRules: by(natRules, "frontendIPConfiguration", f.id),
        inboundNatPools: by(natPools, "frontendIPConfiguration", f.id),
        outboundRules: by(outbound, "frontendIPConfigurations", f.id),
      }),
    ),
    backendAddressPools: childrenOf(stored, "backendAddressPools").map((p) =>
      withProperties(p, {
        backendIPConfigurations: ids(membersOf(p.id, world).map((id) => ({ id }))),
        inboundNatRules: by(natRules, "backendAddressPool", p.id),
        loadBalancingRules: by(rules, "backendAddressPools", p.id),
        outboundRules: by(outbound, "backendAddressPool", p.id),
      }),
    ),
    probes: childrenOf(stored, "probes").map((p) =>
      withProperties(p, { loadBalancingRules: by(rules, "probe", p.id) }),
    ),
  });
}
