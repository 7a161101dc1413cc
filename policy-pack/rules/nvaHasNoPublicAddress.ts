/** An appliance is reached by its tunnels; a public address would be a way around them. */
import { nvasOf, nvaTypes } from "../nvas";
import { Level, type Rule, Scope } from "../rule";

/** No interface of an appliance has a public address. */
export const nvaHasNoPublicAddress: Rule = {
  name: "nva-has-no-public-address",
  description: "Machines in a gateway's pool have no public address.",
  level: Level.Mandatory,
  scope: Scope.Stack,
  types: nvaTypes,
  defaults: {},
  schema: {},
  check: (resources) =>
    nvasOf(resources).flatMap(({ name, publicConfigurations }) =>
      publicConfigurations.map(({ urn, path }) => ({
        urn,
        message: `${path} gives the appliance "${name}" a public address: remove it, and give its subnet a NAT gateway if it needs to go out`,
      })),
    ),
};
