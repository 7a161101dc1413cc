/** A gateway's only kind of rule is the one for all ports and protocols. */
import { type Child, children, isGateway } from "../loadBalancer";
import { type Finding, Level, type Resource, type Rule, Scope, Type } from "../rule";
import { at, isSet, sameWord, UNKNOWN } from "../values";

/** A gateway has a rule, and each of its rules is for all ports, with a probe. */
export const gatewayForwardsAllPorts: Rule = {
  name: "gateway-forwards-all-ports",
  description: "A gateway's rules are for all protocols and ports, and each has a probe.",
  level: Level.Mandatory,
  scope: Scope.Resource,
  types: [Type.LoadBalancer],
  defaults: {},
  schema: {},
  check: (resources) => resources.filter(isGateway).flatMap(findings),
};

function findings(gateway: Resource): Finding[] {
  if (at(gateway.properties, "loadBalancingRules") === UNKNOWN) return [];
  const rules = children(gateway, "loadBalancingRules");
  const messages =
    rules.length === 0
      ? ["loadBalancingRules is empty: nothing is forwarded until there is a rule for all ports"]
      : rules.flatMap(problems);
  return messages.map((message) => ({ urn: gateway.urn, message }));
}

function problems({ path, properties }: Child): string[] {
  const found: string[] = [];
  const protocol = at(properties, "protocol");
  if (protocol !== UNKNOWN && !sameWord(protocol, "All")) {
    found.push(`${path}.protocol must be All, got ${String(protocol)}`);
  }
  for (const key of ["frontendPort", "backendPort"]) {
    const port = at(properties, key);
    // A backend port that is left out is 0, as the frontend's is not: Azure requires that one.
    if (port === UNKNOWN || port === 0 || (port === undefined && key === "backendPort")) continue;
    found.push(`${path}.${key} must be 0 (all ports), got ${String(port)}`);
  }
  if (!isSet(at(properties, "probe"))) {
    found.push(`${path}.probe is absent: without it a dead appliance still gets traffic`);
  }
  if (at(properties, "enableTcpReset") === true) {
    found.push(`${path}.enableTcpReset must be left out: Azure takes it on Standard only`);
  }
  return found;
}
