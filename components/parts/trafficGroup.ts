import * as pulumi from "@pulumi/pulumi";
import type { SecurityRule } from "../gateway/securityRules";
import { type AllowedTraffic, sourceReason, trafficRules } from "../gateway/traffic";
import { refuse } from "../refuse";
import { declare } from "./azureResource";

/** What a consumer's security group is made from. */
export interface TrafficGroupInputs {
  resourceGroupName: pulumi.Input<string>;
  location: pulumi.Input<string> | undefined;
  tags: Record<string, pulumi.Input<string>> | undefined;
  /** The component as the user knows it, for what is refused. */
  what: string;
  allow: readonly AllowedTraffic[];
  /** Where `allow` stands among the component's arguments. */
  path?: string;
  /** Rules that come before the allowed traffic. */
  first?: readonly SecurityRule[];
}

/**
 * The security group of a consumer: what is allowed comes in, Azure's own rules decide the rest
 * (traffic inside the network and probes pass, everything else is denied).
 */
export function createTrafficGroup(
  name: string,
  inputs: TrafficGroupInputs,
  parent: pulumi.Resource,
): pulumi.CustomResource {
  const { resourceGroupName, location, tags, what, allow, path = "allow", first = [] } = inputs;
  const sources = pulumi.all(allow.map((entry) => pulumi.all(entry.sources ?? ["Internet"])));
  return declare(
    "network:NetworkSecurityGroup",
    name,
    {
      ...{ resourceGroupName, location, tags },
      networkSecurityGroupName: name,
      securityRules: sources.apply((known) => {
        // Sources that were plain are checked by now; these are the ones that were Outputs.
        const problems = known.flatMap((list, i) =>
          list.flatMap((source, j) => {
            const reason = sourceReason(source);
            return reason === undefined
              ? []
              : [{ propertyPath: `${path}[${i}].sources[${j}]`, reason }];
          }),
        );
        refuse(what, problems);
        return [...first, ...trafficRules(allow, known)];
      }),
    },
    { parent },
  );
}
