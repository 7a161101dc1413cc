/**
 * A gateway takes a limited number of chains; the one too many fails in the middle of an update.
 */
import { children, isChained } from "../loadBalancer";
import { type Finding, Level, type Resource, type Rule, Scope, Type } from "../rule";
import { at, UNKNOWN } from "../values";

/** Settings of {@link gatewayChainLimit}. */
export interface GatewayChainLimitSettings {
  /** Chains that a gateway takes (Azure's limits: 100, frontends and interfaces together). */
  limit: number;
  /** Chains of other stacks on the same gateways, which this stack cannot see. */
  elsewhere: number;
}

/** The stack's chains to one gateway frontend stay within Azure's limit. */
export const gatewayChainLimit: Rule<GatewayChainLimitSettings> = {
  name: "gateway-chain-limit",
  description: "No more resources are chained to a gateway than Azure takes.",
  level: Level.Mandatory,
  scope: Scope.Stack,
  types: [Type.LoadBalancer, Type.NetworkInterface],
  defaults: { limit: 100, elsewhere: 0 },
  schema: {
    limit: { type: "integer", minimum: 1, description: "Chains that a gateway takes." },
    elsewhere: { type: "integer", minimum: 0, description: "Chains of other stacks on it." },
  },
  check: findings,
};

interface Chains {
  count: number;
  /** The resource whose chain was the last. */
  urn: string;
}

function findings(
  resources: readonly Resource[],
  { limit, elsewhere }: GatewayChainLimitSettings,
): Finding[] {
  const chains = new Map<string, Chains>();
  for (const resource of resources) {
    for (const target of targets(resource)) {
      const before = chains.get(target)?.count ?? 0;
      chains.set(target, { count: before + 1, urn: resource.urn });
    }
  }
  return [...chains].flatMap(([target, { count, urn }]) =>
    count + elsewhere <= limit
      ? []
      : [
          {
            urn,
            message: `${target}: ${count} chains in this stack and ${elsewhere} in others, at most ${limit} are taken: add a gateway and spread them`,
          },
        ],
  );
}

/** The frontends that the resource is chained to, once per chain. */
function targets(resource: Resource): string[] {
  const collection =
    resource.type === Type.LoadBalancer
      ? "frontendIPConfigurations"
      : resource.type === Type.NetworkInterface
        ? "ipConfigurations"
        : undefined;
  if (collection === undefined) return [];
  return children(resource, collection)
    .filter(({ properties }) => isChained(properties))
    .map(({ properties }) => {
      const id = at(properties, "gatewayLoadBalancer", "id");
      // Ids that are not known yet are of gateways made in the same deployment: counted as one,
      // for it is nearly always one, and the count after deployment is exact.
      return id === UNKNOWN || typeof id !== "string"
        ? "a gateway of this deployment"
        : id.toLowerCase();
    });
}
