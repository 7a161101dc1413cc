/** A security group as the store shows it → its rules. Pure. */
import { parseNetwork } from "../../components/azure/addresses";
import { asTexts, type Child, childrenOf, type StoredResource } from "../arm/resource";
import { Direction, type SecurityGroup, type SecurityRule } from "./model";

/** Service tags that the fabric can tell apart. */
const TAGS = new Set(["*", "any", "virtualnetwork", "azureloadbalancer", "internet"]);

/** Reads a group; what a rule asks for and packets cannot be asked goes into `problems`. */
export function readSecurityGroup(resource: StoredResource, problems: string[]): SecurityGroup {
  const rules = childrenOf(resource, "securityRules").map((child) => {
    const rule = readRule(child);
    const unknown = [...rule.sources, ...rule.destinations].filter((text) => !isKnown(text));
    for (const text of unknown) {
      problems.push(`${resource.name}/${child.name}: "${text}" matches nothing here`);
    }
    const { properties } = child;
    if (
      properties.sourceApplicationSecurityGroups ||
      properties.destinationApplicationSecurityGroups
    ) {
      problems.push(`${resource.name}/${child.name}: application security groups are not carried`);
    }
    return rule;
  });
  return {
    id: resource.id.toLowerCase(),
    name: resource.name,
    rules: rules.sort((a, b) => a.priority - b.priority),
  };
}

const isKnown = (text: string): boolean =>
  TAGS.has(text.toLowerCase()) || parseNetwork(text)?.family === 4;

function readRule({ name, properties }: Child): SecurityRule {
  const texts = (one: string, many: string) => {
    const list = asTexts(properties[many]);
    const single = properties[one];
    return typeof single === "string" && single !== "" ? [...list, single] : list;
  };
  return {
    name,
    priority: Number(properties.priority),
    direction:
      String(properties.direction).toLowerCase() === "outbound"
        ? Direction.Outbound
        : Direction.Inbound,
    allow: String(properties.access).toLowerCase() === "allow",
    protocol: String(properties.protocol).toLowerCase(),
    sources: texts("sourceAddressPrefix", "sourceAddressPrefixes"),
    destinations: texts("destinationAddressPrefix", "destinationAddressPrefixes"),
    sourcePorts: texts("sourcePortRange", "sourcePortRanges"),
    destinationPorts: texts("destinationPortRange", "destinationPortRanges"),
  };
}
