/** A gateway without exactly one tunnel each way drops, or is filled in by Azure with others. */
import { TUNNEL_NUMBERS } from "../../nva-cloud-init/contract/contract";
import { type Child, children, isGateway, poolsOf } from "../loadBalancer";
import { type Finding, Level, type Resource, type Rule, Scope, Type } from "../rule";
import { at, isSet, items, numberAt, sameWord, UNKNOWN } from "../values";

/** Settings of {@link gatewayHasTwoTunnels}. */
export interface GatewayHasTwoTunnelsSettings {
  /** Lowest VNI that is let through. */
  lowestIdentifier: number;
  /** Highest VNI that is let through. */
  highestIdentifier: number;
  /** UDP ports that a tunnel must not use. */
  forbiddenPorts: number[];
}

/**
 * The pools of each rule carry one Internal and one External tunnel: one pool with both, or two
 * pools with one each (Azure's overview of the service). The VNI range is the one a vendor's
 * marketplace template enforces; Azure's specification has none.
 */
export const gatewayHasTwoTunnels: Rule<GatewayHasTwoTunnelsSettings> = {
  name: "gateway-has-two-tunnels",
  description: "The pools of a gateway's rule carry one Internal and one External tunnel.",
  level: Level.Mandatory,
  scope: Scope.Resource,
  types: [Type.LoadBalancer],
  // 4789 is VXLAN's own port and 65330 the platform's: both would meet other traffic.
  defaults: {
    lowestIdentifier: TUNNEL_NUMBERS.vni.least,
    highestIdentifier: TUNNEL_NUMBERS.vni.most,
    forbiddenPorts: [4789, 65330],
  },
  schema: {
    lowestIdentifier: { type: "integer", minimum: 1, description: "Lowest VNI let through." },
    highestIdentifier: { type: "integer", minimum: 1, description: "Highest VNI let through." },
    forbiddenPorts: {
      type: "array",
      items: { type: "integer" },
      description: "UDP ports that a tunnel must not use.",
    },
  },
  check: (resources, settings) =>
    resources.filter(isGateway).flatMap((resource) => findings(resource, settings)),
};

interface Tunnel {
  path: string;
  properties: ReturnType<typeof at>;
}

function findings(gateway: Resource, settings: GatewayHasTwoTunnelsSettings): Finding[] {
  if (at(gateway.properties, "backendAddressPools") === UNKNOWN) return [];
  const pools = children(gateway, "backendAddressPools");
  const messages = [
    ...(pools.length === 0
      ? ["backendAddressPools is empty: define the pools inline, Azure invents tunnels otherwise"]
      : groups(gateway, pools).flatMap(pairProblems)),
    ...pools.flatMap((pool) =>
      tunnelsOf(pool).flatMap((tunnel) => valueProblems(tunnel, settings)),
    ),
  ];
  return messages.map((message) => ({ urn: gateway.urn, message }));
}

/** Pools that must make up a pair: those of each rule, or all of them while no rule is known. */
function groups(gateway: Resource, pools: Child[]): Child[][] {
  const rules = children(gateway, "loadBalancingRules").map((rule) => poolsOf(rule, pools));
  const known = rules.filter((group) => group !== undefined);
  return known.length > 0 && known.length === rules.length ? known : [pools];
}

function tunnelsOf(pool: Child): Tunnel[] {
  return items(at(pool.properties, "tunnelInterfaces")).map((properties, index) => ({
    path: `${pool.path}.tunnelInterfaces[${index}]`,
    properties,
  }));
}

function pairProblems(pools: Child[]): string[] {
  if (pools.some((pool) => at(pool.properties, "tunnelInterfaces") === UNKNOWN)) return [];
  const names = pools.map(({ path }) => path).join(" and ");
  if (pools.length > 2) {
    return [`${names}: a gateway's rule takes one pool or two, got ${pools.length}`];
  }
  const tunnels = pools.flatMap(tunnelsOf);
  const count = (type: string) =>
    tunnels.filter(({ properties }) => sameWord(at(properties, "type"), type)).length;
  const [internal, external] = [count("Internal"), count("External")];
  const unclear = tunnels.some(({ properties }) => at(properties, "type") === UNKNOWN);
  const perPool = pools.every((pool) => tunnelsOf(pool).length === 2 / pools.length);
  if (!unclear && (internal !== 1 || external !== 1 || tunnels.length !== 2 || !perPool)) {
    const got = `${internal} Internal, ${external} External in ${pools.length} pools`;
    return [
      `${names || "the rule's pools"}: one Internal and one External tunnel are needed, in one pool or one each in two, got ${got}`,
    ];
  }
  const [one, other] = tunnels;
  return one !== undefined && other !== undefined && samePair(one, other)
    ? [`${other.path}: port and identifier are those of ${one.path}, they must differ`]
    : [];
}

function samePair(one: Tunnel, other: Tunnel): boolean {
  return ["port", "identifier"].every((key) => {
    const value = numberAt(one.properties, key);
    return value !== undefined && value === numberAt(other.properties, key);
  });
}

function valueProblems(
  { path, properties }: Tunnel,
  { lowestIdentifier, highestIdentifier, forbiddenPorts }: GatewayHasTwoTunnelsSettings,
): string[] {
  const problems: string[] = [];
  for (const key of ["port", "identifier"]) {
    if (!isSet(at(properties, key))) {
      problems.push(`${path}.${key} is absent: state it, the guest's tunnels must use the same`);
    }
  }
  const protocol = at(properties, "protocol");
  if (typeof protocol === "string" && !sameWord(protocol, "VXLAN")) {
    problems.push(`${path}.protocol must be VXLAN, got ${protocol}`);
  }
  const vni = numberAt(properties, "identifier");
  if (vni !== undefined && (vni < lowestIdentifier || vni > highestIdentifier)) {
    problems.push(
      `${path}.identifier must be ${lowestIdentifier} to ${highestIdentifier}, got ${vni}`,
    );
  }
  const port = numberAt(properties, "port");
  if (port !== undefined && forbiddenPorts.includes(port)) {
    problems.push(`${path}.port must be none of ${forbiddenPorts.join(", ")}, got ${port}`);
  }
  return problems;
}
