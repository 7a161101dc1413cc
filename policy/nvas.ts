/**
 * Network virtual appliances of a stack: machines whose interface is in the pool of a gateway.
 * What is one can be seen only in the whole stack, for an interface's inputs name no SKU.
 */
import { children, isChained, isGateway, isPublic } from "./loadBalancer";
import { type Resource, Type } from "./rule";
import { at, items, sameWord, segmentAfter, textAt, UNKNOWN, type Value } from "./values";

/** A machine or scale set behind a gateway. */
export interface Nva {
  urn: string;
  /** Azure's name when it is known, else the name in the program. */
  name: string;
  /** Part of the resource that describes the machine: the resource or its instance profile. */
  profile: Value;
  /** Public IP configurations: the resource that has it, and the path in it. */
  publicConfigurations: { urn: string; path: string }[];
}

type InPool = (resource: Resource, configuration: Value) => boolean;

/** Types without which a stack has no appliance. */
export const nvaTypes = [Type.VirtualMachine, Type.ScaleSet] as const;

/** The appliances of a stack, in the order of the stack. */
export function nvasOf(resources: readonly Resource[]): Nva[] {
  const gateways = resources.filter(isGateway);
  const others = resources.filter(({ type }) => type === Type.LoadBalancer).filter(isOther);
  const inPool: InPool = (resource, configuration) =>
    joins(resource, configuration, gateways, others);
  const interfaces = resources.filter(
    (resource) =>
      resource.type === Type.NetworkInterface &&
      children(resource, "ipConfigurations").some((c) => inPool(resource, c.properties)),
  );
  return resources.flatMap((resource) => {
    switch (resource.type) {
      case Type.VirtualMachine:
        return [
          ...machine(resource, interfaces),
          ...templated(resource, resource.properties, "", inPool),
        ];
      case Type.ScaleSet: {
        const profile = "virtualMachineProfile";
        return templated(resource, at(resource.properties, profile), `${profile}.`, inPool);
      }
      default:
        return [];
    }
  });
}

const isOther = (resource: Resource) => !isGateway(resource);

/** A machine that names its interfaces. */
function machine(resource: Resource, interfaces: Resource[]): Nva[] {
  const references = items(at(resource.properties, "networkProfile", "networkInterfaces"));
  const own = interfaces.filter((nic) =>
    references.some((reference: Value) =>
      refersTo(resource, at(reference, "id"), nic, "networkInterfaces"),
    ),
  );
  if (own.length === 0) return [];
  const publicConfigurations = own.flatMap((nic) =>
    children(nic, "ipConfigurations")
      .filter(({ properties }) => isPublic(properties))
      .map(({ path }) => ({ urn: nic.urn, path })),
  );
  return [{ ...named(resource), profile: resource.properties, publicConfigurations }];
}

/** A machine or scale set whose interfaces Azure makes from a template in `profile`. */
function templated(resource: Resource, profile: Value, prefix: string, inPool: InPool): Nva[] {
  const list = "networkProfile.networkInterfaceConfigurations";
  const configurations: { path: string; properties: Value }[] = [];
  for (const [i, nic] of items(at(profile, ...list.split("."))).entries()) {
    for (const [j, properties] of items(at(nic, "ipConfigurations")).entries()) {
      configurations.push({ path: `${prefix}${list}[${i}].ipConfigurations[${j}]`, properties });
    }
  }
  if (!configurations.some(({ properties }) => inPool(resource, properties))) return [];
  const publicConfigurations = configurations
    .filter(({ properties }) => isPublic(properties))
    .map(({ path }) => ({ urn: resource.urn, path }));
  return [{ ...named(resource), profile, publicConfigurations }];
}

/**
 * Whether an IP configuration is in a gateway's pool. In the first preview the pool's id is not
 * known: then a resource that depends on a gateway and on no other load balancer, and is not
 * itself chained, can only have its pool from there.
 */
function joins(
  resource: Resource,
  configuration: Value,
  gateways: readonly Resource[],
  others: readonly Resource[],
): boolean {
  const pools = at(configuration, "loadBalancerBackendAddressPools");
  const ids: Value[] = pools === UNKNOWN ? [UNKNOWN] : items(pools).map((pool) => at(pool, "id"));
  const dependsOnOther = others.some(({ urn }) => resource.dependencies.includes(urn));
  return ids.some((id) => {
    if (id === UNKNOWN && (dependsOnOther || isChained(configuration))) return false;
    return gateways.some((gateway) => refersTo(resource, id, gateway, "loadBalancers"));
  });
}

/** Whether an id names the target: by its last name when both are known, else by dependency. */
function refersTo(from: Resource, id: Value, target: Resource, collection: string): boolean {
  if (id === UNKNOWN) return from.dependencies.includes(target.urn);
  if (typeof id !== "string") return false;
  const name = azureName(target);
  return name === undefined
    ? from.dependencies.includes(target.urn)
    : sameWord(segmentAfter(id, collection), name);
}

/** Azure's name: an output of what exists, an input of what is to come. */
function azureName({ properties, type }: Resource): string | undefined {
  const inputs: Record<string, string> = {
    [Type.LoadBalancer]: "loadBalancerName",
    [Type.NetworkInterface]: "networkInterfaceName",
    [Type.ScaleSet]: "vmScaleSetName",
    [Type.VirtualMachine]: "vmName",
  };
  return textAt(properties, "name") ?? textAt(properties, inputs[type] ?? "name");
}

const named = (resource: Resource) => ({
  urn: resource.urn,
  name: azureName(resource) ?? resource.name,
});
