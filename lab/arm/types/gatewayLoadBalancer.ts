/** Rules for a load balancer of SKU Gateway alone. */
import { namedChildren } from "../children";
import { type ArmError, refuse } from "../errors";
import { keyOf, parseId } from "../ids";
import { asBodies, asNumber, type Body, type Child, childrenOf, refOf, refsOf } from "../resource";
import { behavesSo, refusalsOf } from "../rules";
import { docs, recordings } from "../sources";
import type { Put } from "../world";
import { membersOf } from "./loadBalancerPools";

const refusals = refusalsOf("Microsoft.Network/loadBalancers, SKU Gateway", {
  onlyHa: {
    code: "GatewayLoadBalancerProviderOnlyAllowHARule",
    says: "A rule has protocol All and ports 0.",
    recorded: `PUT of a gateway with a rule of one port, 2021-04; ${recordings.powershell}`,
  },
  otherParts: {
    code: "GatewaySkuSupportsOnlyLoadBalancingRules",
    says: "A gateway has no inbound NAT rules and no outbound rules.",
    ours: true,
    documented: docs.gateway,
  },
  foreign: {
    code: "GatewayLoadBalancerCrossSubscriptionNotSupported",
    says: "All parts of a gateway are in its own subscription.",
    ours: true,
    documented: docs.crossSubscription,
  },
  manyTunnels: {
    code: "TooManyTunnelInterfaces",
    says: "A pool has at most two tunnels.",
    ours: true,
    documented: docs.gateway,
  },
  identifier: {
    code: "InvalidTunnelInterfaceIdentifier",
    says: "A tunnel's identifier is 800 to 1000.",
    ours: true,
    assumed:
      "The API names no range; Check Point's marketplace template enforces this one, and every example of Microsoft lies inside.",
  },
  protocol: {
    code: "InvalidTunnelInterfaceProtocol",
    says: "A tunnel speaks VXLAN.",
    ours: true,
    assumed: "The API's types have None and Native, too; no source shows one in use.",
  },
  kind: {
    code: "InvalidTunnelInterfaceType",
    says: "A tunnel is Internal or External.",
    ours: true,
    documented: docs.gateway,
  },
  changed: {
    code: "TunnelInterfacesCannotBeChangedWhileInUse",
    says: "The tunnels of a pool stay while it has members: detach, change, attach.",
    ours: true,
    reported: "https://github.com/erjosito/azcli/blob/master/gwlb.azcli",
  },
  manyPools: {
    code: "GatewayLoadBalancerRuleHasTooManyPools",
    says: "A rule has one or two pools.",
    ours: true,
    documented: docs.gateway,
  },
  onePerPool: {
    code: "TwoPoolGatewayLbRuleShouldHaveTwoPoolsEachWithSingleTunnelInterface",
    says: "Two pools of one rule have one tunnel each.",
    reported:
      "known issues of a Terraform module (az_netlb), which writes the code as separate words: the joined spelling is the lab's",
  },
  pair: {
    code: "GatewayLoadBalancerRuleNeedsInternalAndExternalTunnel",
    says: "The pools of a rule have one Internal and one External tunnel.",
    ours: true,
    documented: docs.gateway,
  },
  same: {
    code: "TunnelInterfacesMustDiffer",
    says: "The tunnels of a rule differ in port or identifier.",
    ours: true,
    reported: "https://github.com/zscaler/terraform-azurerm-cloud-connector-modules",
  },
});

behavesSo(
  "Microsoft.Network/loadBalancers, SKU Gateway",
  {
    says: "A tunnel that is sent without a port gets 10800.",
    recorded: `PUT of a tunnel with identifier 900 and no port, 2023-09; ${recordings.cli}`,
  },
  {
    says: "A pool that is sent without tunnels gets one: Internal, 15000 and 900, or 15001 and 901 for the second pool.",
    assumed:
      "It stands in a generated example that contradicts itself; both being Internal, a program that relies on it fails here.",
  },
);

/** VNIs that are taken, both included. */
export const VNI_MIN = 800;
export const VNI_MAX = 1000;

/** Port of a tunnel that is written without one. */
const DEFAULT_PORT = 10800;

/** Tunnels that the service puts into pools without any, the first and the second one. */
const FILLED: readonly Body[] = [
  { port: 15000, identifier: 900, protocol: "VXLAN", type: "Internal" },
  { port: 15001, identifier: 901, protocol: "VXLAN", type: "Internal" },
];

/** Fills empty pools as the service does. */
export function fillTunnels(put: Put): void {
  if (put.desired.sku?.name !== "Gateway") return;
  const pools = childrenOf(put.desired, "backendAddressPools").filter((p) => p.id !== undefined);
  for (const [i, pool] of pools.entries()) {
    const filled = FILLED[i];
    for (const tunnel of tunnelsOf(pool)) tunnel.port ??= DEFAULT_PORT;
    if (tunnelsOf(pool).length > 0 || filled === undefined) continue;
    pool.properties.tunnelInterfaces = [filled];
  }
}

const tunnelsOf = (pool: Child): Body[] => asBodies(pool.properties.tunnelInterfaces);

/** Rules for tunnels and for the one rule that a Gateway SKU takes. */
export function* gatewayRules(put: Put): Generator<ArmError> {
  if (put.desired.sku?.name !== "Gateway") return;
  for (const [pool, path] of namedChildren(put, "backendAddressPools")) {
    yield* tunnelProblems(pool, `${path}.properties.tunnelInterfaces`);
    yield* changeProblems(put, pool, `${path}.properties.tunnelInterfaces`);
  }
  for (const [rule, path] of namedChildren(put, "loadBalancingRules")) {
    yield* haProblems(rule, path);
    yield* pairProblems(put, rule, path);
  }
  yield* foreignParts(put);
  for (const collection of ["inboundNatRules", "outboundRules"]) {
    if (childrenOf(put.desired, collection).length === 0) continue;
    yield refuse(
      refusals.otherParts,
      `Gateway SKU load balancer ${put.desired.id} has ${collection}; it takes only an HA-ports rule.`,
      `properties.${collection}`,
    );
  }
}

/** All of a Gateway Load Balancer is in one subscription; only its consumers may be elsewhere. */
function* foreignParts(put: Put): Generator<ArmError> {
  for (const [frontend, path] of namedChildren(put, "frontendIPConfigurations")) {
    const subnet = refOf(frontend.properties.subnet);
    const subscription = subnet === undefined ? undefined : parseId(subnet)?.subscription;
    if (subscription === undefined || keyOf(subscription) === keyOf(put.id.subscription)) continue;
    yield refuse(
      refusals.foreign,
      `Frontend ${frontend.id} is in a subnet of subscription ${subscription}; a Gateway SKU load balancer cannot have parts in another subscription.`,
      `${path}.properties.subnet`,
    );
  }
}

function* tunnelProblems(pool: Child, path: string): Generator<ArmError> {
  const tunnels = tunnelsOf(pool);
  if (tunnels.length > 2) {
    yield refuse(refusals.manyTunnels, `Pool ${pool.id} has more than two tunnels.`, path);
  }
  for (const [i, tunnel] of tunnels.entries()) {
    const vni = asNumber(tunnel.identifier);
    if (vni === undefined || vni < VNI_MIN || vni > VNI_MAX) {
      yield refuse(
        refusals.identifier,
        `Tunnel of pool ${pool.id} has identifier ${vni}; it must be ${VNI_MIN} to ${VNI_MAX}.`,
        `${path}[${i}].identifier`,
      );
    }
    if (tunnel.protocol !== "VXLAN") {
      yield refuse(
        refusals.protocol,
        `A tunnel of ${pool.id} has protocol ${tunnel.protocol}; it must be VXLAN.`,
        `${path}[${i}].protocol`,
      );
    }
    if (tunnel.type !== "Internal" && tunnel.type !== "External") {
      yield refuse(
        refusals.kind,
        `A tunnel of ${pool.id} has type ${tunnel.type}; it must be Internal or External.`,
        `${path}[${i}].type`,
      );
    }
  }
}

/** Port and identifier are fixed while NICs are in the pool: detach, change, attach. */
function* changeProblems(put: Put, pool: Child, path: string): Generator<ArmError> {
  const before = childrenOf(put.existing ?? { properties: {} }, "backendAddressPools").find(
    (other) => keyOf(other.id) === keyOf(pool.id),
  );
  if (before === undefined) return;
  const text = (p: Child) =>
    tunnelsOf(p)
      .map((t) => `${t.type} ${t.port} ${t.identifier} ${t.protocol}`)
      .sort()
      .join(", ");
  if (text(before) === text(pool)) return;
  const members = membersOf(pool.id, put.world);
  if (members.length === 0) return;
  yield refuse(
    refusals.changed,
    `The tunnels of pool ${pool.id} (${text(before)}) cannot be changed while it has members: ${members.join(", ")}.`,
    path,
  );
}

function* haProblems(rule: Child, path: string): Generator<ArmError> {
  const { protocol, frontendPort, backendPort } = rule.properties;
  if (protocol !== "All" || frontendPort !== 0 || backendPort !== 0) {
    yield refuse(
      refusals.onlyHa,
      `Gateway load balancer only support HA rule with flag EnableHighAvailability set. LoadBalancingRule ${rule.id} is not an HA rule.`,
      `${path}.properties.protocol`,
    );
  }
}

/** One pool holds one tunnel of each type; two pools hold one tunnel each, of different types. */
function* pairProblems(put: Put, rule: Child, path: string): Generator<ArmError> {
  const named = new Set(refsOf(rule.properties.backendAddressPools).map(keyOf));
  const pools = childrenOf(put.desired, "backendAddressPools").filter((p) =>
    named.has(keyOf(p.id)),
  );
  const at = `${path}.properties.backendAddressPools`;
  if (named.size > 2) {
    yield refuse(refusals.manyPools, `Rule ${rule.id} has more than two pools.`, at);
    return;
  }
  if (pools.length !== named.size || pools.length === 0) return; // reported as a missing reference
  if (pools.length === 2 && pools.some((pool) => tunnelsOf(pool).length !== 1)) {
    yield refuse(
      refusals.onePerPool,
      `Rule ${rule.id} has two pools; each must have exactly one tunnel interface.`,
      at,
    );
    return;
  }
  const tunnels = pools.flatMap(tunnelsOf);
  const types = tunnels.map((tunnel) => tunnel.type).sort();
  if (types.join(",") !== "External,Internal") {
    yield refuse(
      refusals.pair,
      `Rule ${rule.id} has the tunnels [${types.join(", ")}]; it needs one Internal and one External.`,
      at,
    );
    return;
  }
  const [a, b] = tunnels;
  if (a?.port === b?.port && a?.identifier === b?.identifier) {
    yield refuse(
      refusals.same,
      `Both tunnels of rule ${rule.id} have port ${a?.port} and identifier ${a?.identifier}.`,
      at,
    );
  }
}
