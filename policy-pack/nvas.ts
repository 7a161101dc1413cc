/**
 * Network virtual appliances of a stack: machines whose interface is in the pool of a gateway.
 * NVAs can be recognised only in the whole stack, for an interface's inputs name no SKU.
 */
import { children, isChained, isGateway, isPublic, templateConfigurations } from "./loadBalancer";
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

/** A scale set of appliances. */
export interface Fleet extends Nva {
  /** The Application Health extension; undefined without one. */
  health: Value;
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
        return [...machine(resource, interfaces), ...templated(resource, "", inPool)];
      case Type.ScaleSet:
        return templated(resource, "virtualMachineProfile.", inPool);
      default:
        return [];
    }
  });
}

/** The scale sets among the appliances, with their source of health. */
export function fleetsOf(resources: readonly Resource[]): Fleet[] {
  const scaleSets = new Map(
    resources.filter(({ type }) => type === Type.ScaleSet).map((set) => [set.urn, set]),
  );
  return nvasOf(resources).flatMap((nva) => {
    const scaleSet = scaleSets.get(nva.urn);
    return scaleSet === undefined
      ? []
      : [{ ...nva, health: healthExtension(nva.profile, scaleSet, resources) }];
  });
}

/** The extension in the model, or declared as a resource of its own. */
function healthExtension(
  profile: Value,
  scaleSet: Resource,
  resources: readonly Resource[],
): Value {
  const list = at(profile, "extensionProfile", "extensions");
  if (list === UNKNOWN) return UNKNOWN;
  const own = items(list).find((extension) => isHealth(at(extension, "type")));
  if (own !== undefined) return own;
  const apart = resources.find(
    ({ type, properties, dependencies }) =>
      type === Type.ScaleSetExtension &&
      isHealth(at(properties, "type")) &&
      (dependencies.includes(scaleSet.urn) ||
        sameWord(at(properties, "vmScaleSetName"), azureName(scaleSet) ?? "")),
  );
  return apart?.properties;
}

const isHealth = (type: Value) => type === UNKNOWN || sameWord(type, "ApplicationHealthLinux");

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

/** A machine or scale set whose interfaces Azure makes from a template. */
function templated(resource: Resource, prefix: string, inPool: InPool): Nva[] {
  const configurations = templateConfigurations(resource.properties, prefix);
  if (!configurations.some(({ properties }) => inPool(resource, properties))) return [];
  const publicConfigurations = configurations
    .filter(({ properties }) => isPublic(properties))
    .map(({ path }) => ({ urn: resource.urn, path }));
  const profile = at(resource.properties, ...prefix.split(".").filter((key) => key !== ""));
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
