/** Public entries of a stack: where traffic from the internet comes in. */
import { children, isChained, isGateway, isPublic, templateConfigurations } from "./loadBalancer";
import type { Resource } from "./rule";
import { Type } from "./rule";
import { at, isSet, UNKNOWN } from "./values";

/** One public address of a resource. */
export interface PublicEntry {
  /** Path in the inputs, such as `ipConfigurations[0]`. */
  path: string;
  name: string;
  chained: boolean;
  /** Why Azure has no chain for it; undefined where it can be chained. */
  notChainable?: string;
}

/** Types that can hold a public entry. */
export const entryTypes = [
  Type.LoadBalancer,
  Type.NetworkInterface,
  Type.ScaleSet,
  Type.VirtualMachine,
] as const;

/** The public entries of a resource, in order. */
export function publicEntries(resource: Resource): PublicEntry[] {
  switch (resource.type) {
    case Type.LoadBalancer:
      return isGateway(resource) ? [] : own(resource, "frontendIPConfigurations");
    case Type.NetworkInterface:
      return own(resource, "ipConfigurations");
    case Type.ScaleSet:
      return templates(resource, "virtualMachineProfile.");
    case Type.VirtualMachine:
      return templates(resource, "");
    default:
      return [];
  }
}

function own(resource: Resource, collection: string): PublicEntry[] {
  return children(resource, collection)
    .filter(({ properties }) => isPublic(properties))
    .map(({ path, name, properties }) => ({ path, name, chained: isChained(properties) }));
}

/** Interfaces that Azure makes from a template carry no chain: the model has no field for it. */
function templates(resource: Resource, prefix: string): PublicEntry[] {
  return templateConfigurations(resource.properties, prefix)
    .filter(({ properties }) => isPublic(properties))
    .map(({ path, name }) => ({
      ...{ path, name, chained: false },
      notChainable: "Azure chains no public address of an interface made from a template",
    }));
}

/** A resource's exemption: the reason in its tag, or why there is none. */
export interface Exemption {
  /** Reason as written; undefined when the resource claims no exemption. */
  reason?: string;
  /** True when the tags will be known only after deployment. */
  unknown: boolean;
}

/** Reads the exemption from a tag of the resource. */
export function exemption(resource: Resource, tag: string): Exemption {
  const tags = at(resource.properties, "tags");
  const value = tags === UNKNOWN ? UNKNOWN : at(tags, tag);
  if (value === UNKNOWN) return { unknown: true };
  return isSet(value) || value === ""
    ? { reason: String(value), unknown: false }
    : { unknown: false };
}
