/** A probe that asks something else than the firewall keeps a dead firewall in the path. */
import { type Child, children, isGateway } from "../loadBalancer";
import { type Finding, Level, type Resource, type Rule, Scope, Type } from "../rule";
import { at, isSet, numberAt, sameWord, textAt } from "../values";

/** Settings of {@link gatewayProbeIsHonest}. */
export interface GatewayProbeIsHonestSettings {
  /** Longest time between two probes, in seconds. */
  longestInterval: number;
  /** Ports that answer although nothing is filtered: the login port above all. */
  forbiddenPorts: number[];
}

/** Ports on which Azure refuses HTTP probes (its overview of custom probes). */
const refusedHttpPorts = [19, 21, 25, 70, 110, 119, 143, 220, 993];
/** Shortest interval that Azure takes, in seconds. */
const shortestInterval = 5;
/** Interval that Azure takes when none is given, in seconds. */
const defaultInterval = 15;

/**
 * Probes of a gateway ask an HTTP path of the appliance, often enough, and a gateway whose
 * appliances are all down passes nothing. A TCP probe of port 22 answered through three known
 * outages in which the firewall was dead.
 */
export const gatewayProbeIsHonest: Rule<GatewayProbeIsHonestSettings> = {
  name: "gateway-probe-is-honest",
  description: "A gateway's probes ask the appliance by HTTP whether it filters, often enough.",
  level: Level.Mandatory,
  scope: Scope.Resource,
  types: [Type.LoadBalancer],
  defaults: { longestInterval: 15, forbiddenPorts: [22] },
  schema: {
    longestInterval: {
      type: "integer",
      minimum: shortestInterval,
      description: "Longest time between two probes, in seconds.",
    },
    forbiddenPorts: {
      type: "array",
      items: { type: "integer" },
      description: "Ports that answer although nothing is filtered.",
    },
  },
  check: (resources, settings) =>
    resources.filter(isGateway).flatMap((gateway) => findings(gateway, settings)),
};

function findings(gateway: Resource, settings: GatewayProbeIsHonestSettings): Finding[] {
  return children(gateway, "probes")
    .flatMap((probe) => [...questionProblems(probe, settings), ...timeProblems(probe, settings)])
    .map((message) => ({ urn: gateway.urn, message }));
}

/** Whether the probe asks the right thing. */
function questionProblems(
  { path, properties }: Child,
  { forbiddenPorts }: GatewayProbeIsHonestSettings,
): string[] {
  const problems: string[] = [];
  const protocol = textAt(properties, "protocol");
  if (protocol !== undefined && sameWord(protocol, "Tcp")) {
    problems.push(
      `${path}.protocol must be Http or Https, got ${protocol}: an open port says nothing about the filter`,
    );
  } else if (protocol !== undefined && !isSet(at(properties, "requestPath"))) {
    problems.push(`${path}.requestPath is absent: name the path that answers for the data path`);
  }
  const port = numberAt(properties, "port");
  const refused = sameWord(protocol, "Http") ? refusedHttpPorts : [];
  if (port !== undefined && [...forbiddenPorts, ...refused].includes(port)) {
    problems.push(`${path}.port must be the health service's own, got ${port}`);
  }
  if (sameWord(at(properties, "noHealthyBackendsBehavior"), "AllProbedUp")) {
    problems.push(
      `${path}.noHealthyBackendsBehavior must not be AllProbedUp: it would send traffic to appliances known to be down`,
    );
  }
  return problems;
}

/** Whether it asks often enough. */
function timeProblems(
  { path, properties }: Child,
  { longestInterval }: GatewayProbeIsHonestSettings,
): string[] {
  const problems: string[] = [];
  const set = isSet(at(properties, "intervalInSeconds"));
  const interval = set ? numberAt(properties, "intervalInSeconds") : defaultInterval;
  if (interval !== undefined && (interval < shortestInterval || interval > longestInterval)) {
    problems.push(
      `${path}.intervalInSeconds must be ${shortestInterval} to ${longestInterval}, got ${interval}`,
    );
  }
  if (isSet(at(properties, "numberOfProbes")) && !isSet(at(properties, "probeThreshold"))) {
    problems.push(`${path}.numberOfProbes has no effect: Azure reads probeThreshold`);
  }
  return problems;
}
