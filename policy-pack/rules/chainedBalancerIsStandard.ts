/** A load balancer that names no SKU is a Basic one to Azure, which is retired and takes no chain. */
import { children, isChained, isGateway } from "../loadBalancer";
import { type Finding, Level, type Resource, type Rule, Scope, Type } from "../rule";
import { at, sameWord, UNKNOWN } from "../values";

/** A load balancer with a chained frontend says that it is Standard. */
export const chainedBalancerIsStandard: Rule = {
  name: "chained-balancer-is-standard",
  description: "A load balancer with a chained frontend has the SKU Standard, and says so.",
  level: Level.Mandatory,
  scope: Scope.Resource,
  types: [Type.LoadBalancer],
  defaults: {},
  schema: {},
  check: (resources) => resources.flatMap(findings),
};

function findings(resource: Resource): Finding[] {
  const { urn, properties } = resource;
  const sku = at(properties, "sku") === UNKNOWN ? UNKNOWN : at(properties, "sku", "name");
  if (isGateway(resource) || sku === UNKNOWN || sameWord(sku, "Standard")) return [];
  const chained = children(resource, "frontendIPConfigurations").find(({ properties: frontend }) =>
    isChained(frontend),
  );
  if (chained === undefined) return [];
  const got =
    typeof sku === "string" ? `got "${sku}"` : "which is not set: Azure takes it for Basic";
  return [
    { urn, message: `sku.name must be Standard, ${got}: ${chained.name} is chained to a gateway` },
  ];
}
