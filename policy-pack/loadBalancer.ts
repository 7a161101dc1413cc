/** Load balancers as the rules read them. */
import type { Resource } from "./rule";
import { Type } from "./rule";
import { at, isSet, items, sameWord, segmentAfter, textAt, UNKNOWN, type Value } from "./values";

/** A named child of a load balancer, such as a frontend, with its place in the inputs. */
export interface Child {
  /** Path of the child in the inputs, such as `frontendIPConfigurations[0]`. */
  path: string;
  /** Its title in messages: its name, or its path when it has none yet. */
  name: string;
  properties: Value;
}

/** True for a load balancer whose SKU is Gateway. */
export function isGateway(resource: Resource): boolean {
  return (
    resource.type === Type.LoadBalancer &&
    sameWord(at(resource.properties, "sku", "name"), "Gateway")
  );
}

/** The load balancer's children of a collection, in order. */
export function children(resource: Resource, collection: string): Child[] {
  return items(at(resource.properties, collection)).map((properties, index) => {
    const path = `${collection}[${index}]`;
    return { path, name: textAt(properties, "name") ?? path, properties };
  });
}

/** Backend pools that a load balancing rule sends to; undefined when they are not known yet. */
export function poolsOf(rule: Child, pools: readonly Child[]): Child[] | undefined {
  const several = at(rule.properties, "backendAddressPools");
  const references: Value = isSet(several) ? several : [at(rule.properties, "backendAddressPool")];
  if (references === UNKNOWN) return undefined;
  const found: Child[] = [];
  for (const reference of items(references)) {
    const id = at(reference, "id");
    if (id === UNKNOWN) return undefined;
    const name = typeof id === "string" ? segmentAfter(id, "backendAddressPools") : undefined;
    const pool = pools.find((candidate) => sameWord(name, candidate.name));
    if (pool !== undefined) found.push(pool);
  }
  return found;
}

/** True for an IP configuration or frontend with a public address of its own. */
export function isPublic(configuration: Value): boolean {
  return (
    isSet(at(configuration, "publicIPAddress")) ||
    isSet(at(configuration, "publicIPPrefix")) ||
    isSet(at(configuration, "publicIPAddressConfiguration"))
  );
}

/** True for an IP configuration or frontend that is chained to a gateway. */
export function isChained(configuration: Value): boolean {
  return isSet(at(configuration, "gatewayLoadBalancer"));
}

/**
 * IP configurations of interfaces that Azure makes from a template, with their places: those of a
 * machine, or with `prefix` those of a scale set's model.
 */
export function templateConfigurations(properties: Value, prefix: string): Child[] {
  const list = `${prefix}networkProfile.networkInterfaceConfigurations`;
  return items(at(properties, ...list.split("."))).flatMap((nic, i) =>
    items(at(nic, "ipConfigurations")).map((configuration, j) => {
      const path = `${list}[${i}].ipConfigurations[${j}]`;
      return { path, name: textAt(configuration, "name") ?? path, properties: configuration };
    }),
  );
}
