/** Rules of network security groups as the rules of this pack read them. */
import { parseNetwork } from "../components/azure/addresses";
import { PLATFORM } from "../nva-cloud-init/contract/contract";
import { type Resource, Type } from "./rule";
import { at, isSet, items, numberAt, sameWord, textAt, UNKNOWN, type Value } from "./values";

/** One rule of a security group. */
export interface SecurityRule {
  /** Path in the inputs; empty for a rule that is a resource of its own. */
  path: string;
  name: string;
  /** Lower numbers decide first. */
  priority: number;
  properties: Value;
}

/** Types that hold security rules. */
export const securityRuleTypes = [Type.NetworkSecurityGroup, Type.SecurityRule] as const;

/** The inbound rules of a resource, deciding ones first. */
export function inboundRules(resource: Resource): SecurityRule[] {
  const all: SecurityRule[] =
    resource.type === Type.SecurityRule
      ? [rule(resource.properties, "", resource.name)]
      : items(at(resource.properties, "securityRules")).map((properties, index) =>
          rule(properties, `securityRules[${index}].`, `securityRules[${index}]`),
        );
  return all
    .filter(({ properties }) => sameWord(at(properties, "direction"), "Inbound"))
    .sort((one, other) => one.priority - other.priority);
}

function rule(properties: Value, path: string, fallback: string): SecurityRule {
  const name = textAt(properties, "name") ?? fallback;
  return { path, name, priority: numberAt(properties, "priority") ?? 0, properties };
}

/** True when the rule is about UDP. */
export function coversUdp({ properties }: SecurityRule): boolean {
  return ["*", "Udp"].some((word) => sameWord(at(properties, "protocol"), word));
}

/** Which of these ports the rule's destination ports include. */
export function portsIncluded({ properties }: SecurityRule, ports: readonly number[]): number[] {
  const ranges = both(properties, "destinationPortRange", "destinationPortRanges");
  return ports.filter((port) => ranges.some((range) => includes(range, port)));
}

function includes(range: string, port: number): boolean {
  if (range === "*") return true;
  const [first = Number.NaN, last = first] = range.split("-").map(Number);
  return first <= port && port <= last;
}

/** Sources of the rule that can be somebody outside the network, as they are written. */
export function foreignSources({ properties }: SecurityRule): string[] {
  return both(properties, "sourceAddressPrefix", "sourceAddressPrefixes").filter(isForeign);
}

/** True when the rule takes every source. */
export function coversEverybody({ properties }: SecurityRule): boolean {
  const sources = both(properties, "sourceAddressPrefix", "sourceAddressPrefixes");
  return sources.some((source) => ["*", "0.0.0.0/0"].includes(source) || isTag(source, "Internet"));
}

/** Values of a field that Azure has in the singular and the plural. */
function both(properties: Value, one: string, several: string): string[] {
  const values: Value[] = [at(properties, one), ...items(at(properties, several))];
  return values.filter((value): value is string => isSet(value) && typeof value === "string");
}

const isTag = (source: string, tag: string) => sameWord(source, tag);

/** The platform and the own network are no strangers (their tags), nor are private addresses. */
function isForeign(source: string): boolean {
  if (isTag(source, "VirtualNetwork") || isTag(source, "AzureLoadBalancer")) return false;
  const network = parseNetwork(source);
  if (network === undefined) return true;
  return !privateNetworks.some(
    (own) =>
      own.family === network.family && own.first <= network.first && network.last <= own.last,
  );
}

/** RFC 1918, shared address space (RFC 6598), unique local (RFC 4193), and the platform's host. */
const privateNetworks = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "fc00::/7",
  `${PLATFORM}/32`,
].flatMap((text) => parseNetwork(text) ?? []);

/** True when a value that decides the rule is not known before deployment. */
export function isUnclear({ properties }: SecurityRule): boolean {
  const keys = ["access", "protocol", "sourceAddressPrefix", "destinationPortRange"];
  return keys.some((key) => at(properties, key) === UNKNOWN);
}
