/**
 * A fleet that cannot tell a dead appliance from a live one upgrades all of them to the same fault.
 */
import { type Fleet, fleetsOf } from "../nvas";
import { Level, type Rule, Scope, Type } from "../rule";
import { at, isSet, numberAt, sameWord, textAt, UNKNOWN } from "../values";

/** Settings of {@link nvaHealthIsHonest}. */
export interface NvaHealthIsHonestSettings {
  /** Ports that answer although nothing is filtered: the login port above all. */
  forbiddenPorts: number[];
}

/**
 * Scale sets of appliances have a source of health, and it asks the filter: upgrades stop and
 * repairs start by it. On Flexible scale sets that is the Application Health extension alone.
 */
export const nvaHealthIsHonest: Rule<NvaHealthIsHonestSettings> = {
  name: "nva-health-is-honest",
  description: "Scale sets in a gateway's pool tell by HTTP whether each machine filters.",
  level: Level.Mandatory,
  scope: Scope.Stack,
  types: [Type.ScaleSet],
  defaults: { forbiddenPorts: [22] },
  schema: {
    forbiddenPorts: {
      type: "array",
      items: { type: "integer" },
      description: "Ports that answer although nothing is filtered.",
    },
  },
  check: (resources, settings) =>
    fleetsOf(resources).flatMap((fleet) =>
      problems(fleet, settings).map((message) => ({
        urn: fleet.urn,
        message: `"${fleet.name}": ${message}`,
      })),
    ),
};

function problems({ profile, health }: Fleet, settings: NvaHealthIsHonestSettings): string[] {
  if (health === UNKNOWN || isSet(at(profile, "networkProfile", "healthProbe"))) return [];
  if (health === undefined) {
    return [
      "virtualMachineProfile.extensionProfile.extensions has no ApplicationHealthLinux: upgrades and repairs cannot tell a dead appliance, add it",
    ];
  }
  const found: string[] = [];
  const protocol = textAt(health, "settings", "protocol");
  if (protocol !== undefined && sameWord(protocol, "tcp")) {
    found.push(
      `the health extension's settings.protocol must be http or https, got ${protocol}: an open port says nothing about the filter`,
    );
  } else if (protocol !== undefined && !isSet(at(health, "settings", "requestPath"))) {
    found.push(
      "the health extension's settings.requestPath is absent: name the path that answers for the data path",
    );
  }
  const port = numberAt(health, "settings", "port");
  if (port !== undefined && settings.forbiddenPorts.includes(port)) {
    found.push(
      `the health extension's settings.port must be the health service's own, got ${port}`,
    );
  }
  return found;
}
