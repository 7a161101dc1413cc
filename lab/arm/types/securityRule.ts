import { parseNetwork } from "../../../components/azure/addresses";
import { namedChildren } from "../children";
import { type ArmError, refuse } from "../errors";
import { asNumber, asText, asTexts, type Child } from "../resource";
import { behavesSo, refusalsOf } from "../rules";
import { child, list, required, text, whole } from "../schema";
import { docs, quoted } from "../sources";
import type { Put } from "../world";
import { networkName, type ResourceType } from "./definition";

const refusals = refusalsOf("Microsoft.Network/networkSecurityGroups", {
  priority: {
    code: "SecurityRuleInvalidPriority",
    says: "A rule's priority is 100 to 4096.",
    documented: `${docs.securityGroups}; the code: ${quoted("SecurityRuleInvalidPriority")}`,
  },
  noSource: {
    code: "SecurityRuleParameterContainsNoSourceAddress",
    says: "A rule has a source.",
    ours: true,
    assumed: "The API's types let it be left out; no source shows the refusal.",
  },
  noDestination: {
    code: "SecurityRuleParameterContainsNoDestinationAddress",
    says: "A rule has a destination.",
    ours: true,
    assumed: "The API's types let it be left out; no source shows the refusal.",
  },
  tagInList: {
    code: "SecurityRuleParameterContainsUnsupportedValue",
    says: "A service tag is a rule's only prefix, outside the list.",
    reported: quoted("SecurityRuleParameterContainsUnsupportedValue"),
  },
  twoForms: {
    code: "SecurityRuleParameterContainsUnsupportedValue",
    says: "A rule has an address prefix or a list of them.",
    assumed: "The two contradict each other; the code is that of a tag in a list.",
  },
  prefix: {
    code: "SecurityRuleInvalidAddressPrefix",
    says: "A prefix is an address, a range, a service tag or, alone, a star.",
    reported: quoted("SecurityRuleInvalidAddressPrefix"),
  },
  ports: {
    code: "SecurityRuleParameterContainsUnsupportedValue",
    says: "A rule has a port range or a list of them.",
    assumed: "The two contradict each other; the code is that of a tag in a list.",
  },
  portRange: {
    code: "SecurityRuleInvalidPortRange",
    says: "A port range is a star, a port, or two ports in order.",
    reported: quoted("SecurityRuleInvalidPortRange"),
  },
  conflict: {
    code: "SecurityRuleConflict",
    says: "Rules of one direction have different priorities.",
    reported: quoted("SecurityRuleConflict"),
  },
});

behavesSo("Microsoft.Network/networkSecurityGroups", {
  says: "Below a group's own rules stand six: inside the network and from the platform's probes in, inside the network and to the internet out, the rest denied.",
  documented: docs.securityGroups,
});

/** Properties of a security rule. Application security groups are not known here. */
export const ruleFields = {
  access: required(text("Allow", "Deny")),
  direction: required(text("Inbound", "Outbound")),
  protocol: required(text("*", "Tcp", "Udp", "Icmp", "Esp", "Ah")),
  priority: required(whole()),
  description: { ...text(), max: 140 },
  sourceAddressPrefix: text(),
  sourceAddressPrefixes: list(text()),
  sourcePortRange: text(),
  sourcePortRanges: list(text()),
  destinationAddressPrefix: text(),
  destinationAddressPrefixes: list(text()),
  destinationPortRange: text(),
  destinationPortRanges: list(text()),
};

/** A rule as a resource of its own; it is stored inside its security group. */
export const securityRule: ResourceType = {
  type: "Microsoft.Network/networkSecurityGroups/securityRules",
  token: "azure-native:network:SecurityRule",
  getter: "azure-native:network:getSecurityRule",
  apiVersion: "2024-05-01",
  path: ["resourceGroupName", "networkSecurityGroupName", "securityRuleName"],
  name: networkName(),
  located: false,
  inline: { owner: "Microsoft.Network/networkSecurityGroups", collection: "securityRules" },
  shape: child(ruleFields),
};

/** Service tags that the fabric knows, and others that Azure has: `Storage.WestEurope` included. */
const SERVICE_TAG = /^[A-Z][A-Za-z0-9]+(\.[A-Za-z0-9]+)*$/;

/** Problems of one rule. */
export function* ruleProblems(rule: Child, path: string): Generator<ArmError> {
  const priority = asNumber(rule.properties.priority) ?? 0;
  if (priority < 100 || priority > 4096) {
    yield refuse(
      refusals.priority,
      `Security rule has invalid Priority. Value provided: ${priority} Allowed range 100-4096.`,
      `${path}.properties.priority`,
    );
  }
  for (const side of ["source", "destination"]) {
    yield* prefixProblems(rule, side, path);
    yield* portProblems(rule, side, path);
  }
}

/** The values of a field that has a singular and a plural form, and whether both are in use. */
function valuesOf(rule: Child, singular: string, plural: string) {
  const one = asText(rule.properties[singular]);
  const many = asTexts(rule.properties[plural]);
  return {
    values: many.length > 0 ? many : one === undefined || one === "" ? [] : [one],
    listed: many.length > 0,
    both: one !== undefined && one !== "" && many.length > 0,
  };
}

function* prefixProblems(rule: Child, side: string, path: string): Generator<ArmError> {
  const [singular, plural] = [`${side}AddressPrefix`, `${side}AddressPrefixes`];
  const { values, listed, both } = valuesOf(rule, singular, plural);
  const target = `${path}.properties.${singular}`;
  if (values.length === 0) {
    yield refuse(
      side === "source" ? refusals.noSource : refusals.noDestination,
      `Security rule ${rule.name} has no ${singular} or ${plural}.`,
      target,
    );
  }
  if (both) {
    yield refuse(
      refusals.twoForms,
      `Security rule ${rule.name} has both ${singular} and ${plural}.`,
      target,
    );
  }
  for (const value of values) {
    if (listed && SERVICE_TAG.test(value)) {
      yield refuse(
        refusals.tagInList,
        `Security rule ${rule.name} has ${value} in ${plural}; a tag goes into ${singular}.`,
        target,
      );
      continue;
    }
    const known = value === "*" || parseNetwork(value) !== undefined || SERVICE_TAG.test(value);
    if (known && !(value === "*" && values.length > 1)) continue;
    yield refuse(
      refusals.prefix,
      `Security rule has invalid Address prefix. Value provided: ${value}`,
      target,
    );
  }
}

function* portProblems(rule: Child, side: string, path: string): Generator<ArmError> {
  const [singular, plural] = [`${side}PortRange`, `${side}PortRanges`];
  const { values, both } = valuesOf(rule, singular, plural);
  const target = `${path}.properties.${singular}`;
  if (values.length === 0 || both) {
    yield refuse(
      refusals.ports,
      `Security rule ${rule.name} must have ${singular} or ${plural}, and not both.`,
      target,
    );
  }
  for (const value of values) {
    if (isPortRange(value)) continue;
    yield refuse(
      refusals.portRange,
      `Security rule has invalid Port range. Value provided: ${value}. Value should be an integer OR integer range with '-' delimiter. Valid range 0-65535.`,
      target,
    );
  }
}

/** `*`, a port, or a range in order. */
export function isPortRange(value: string): boolean {
  if (value === "*") return true;
  const [, from, to] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(value) ?? [];
  if (from === undefined) return false;
  const [first, last] = [Number(from), Number(to ?? from)];
  return first <= last && last <= 65535;
}

/** Two rules of one direction may not share a priority. */
export function* clashProblems(put: Put): Generator<ArmError> {
  const seen = new Map<string, string>();
  for (const [rule, path] of namedChildren(put, "securityRules")) {
    const key = `${rule.properties.direction} ${rule.properties.priority}`;
    const other = seen.get(key);
    if (other !== undefined) {
      yield refuse(
        refusals.conflict,
        `Security rule ${rule.name} conflicts with rule ${other}. Rules cannot have the same Priority and Direction.`,
        `${path}.properties.priority`,
      );
    }
    seen.set(key, rule.name);
  }
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  AllowVnetInBound: "Allow inbound traffic from all VMs in VNET",
  AllowAzureLoadBalancerInBound: "Allow inbound traffic from azure load balancer",
  DenyAllInBound: "Deny all inbound traffic",
  AllowVnetOutBound: "Allow outbound traffic from all VMs to all VMs in VNET",
  AllowInternetOutBound: "Allow outbound traffic from all VMs to Internet",
  DenyAllOutBound: "Deny all outbound traffic",
};

/** The plural fields of a rule, which answers always have. */
const NO_LISTS = {
  sourcePortRanges: [],
  destinationPortRanges: [],
  sourceAddressPrefixes: [],
  destinationAddressPrefixes: [],
};

/** Fills in the plural fields that a request leaves out. */
export function prepareRule({ properties }: Child): void {
  Object.assign(properties, { ...NO_LISTS, ...properties });
}

/** The rules that every group has below its own. */
export function defaultRules(groupId: string): Child[] {
  const rule = (name: string, direction: string, priority: number, from: string, to: string) => ({
    id: `${groupId}/defaultSecurityRules/${name}`,
    name,
    type: "Microsoft.Network/networkSecurityGroups/defaultSecurityRules",
    properties: {
      provisioningState: "Succeeded",
      description: DESCRIPTIONS[name],
      protocol: "*",
      access: priority === 65500 ? "Deny" : "Allow",
      direction,
      priority,
      sourceAddressPrefix: from,
      sourcePortRange: "*",
      destinationAddressPrefix: to,
      destinationPortRange: "*",
      ...NO_LISTS,
    },
  });
  return [
    rule("AllowVnetInBound", "Inbound", 65000, "VirtualNetwork", "VirtualNetwork"),
    rule("AllowAzureLoadBalancerInBound", "Inbound", 65001, "AzureLoadBalancer", "*"),
    rule("DenyAllInBound", "Inbound", 65500, "*", "*"),
    rule("AllowVnetOutBound", "Outbound", 65000, "VirtualNetwork", "VirtualNetwork"),
    rule("AllowInternetOutBound", "Outbound", 65001, "*", "Internet"),
    rule("DenyAllOutBound", "Outbound", 65500, "*", "*"),
  ];
}
