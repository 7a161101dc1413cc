import * as pulumi from "@pulumi/pulumi";
import { declare } from "../../azure/azureResource";
import { type CommonInputs, commonOf } from "../../azure/commonInputs";
import { at, type Problem } from "../../check/problem";
import { refuse } from "../../check/refuse";
import type { SecurityRule } from "../../provider/plan/securityRules";
import { type AllowedTraffic, sourceReason, trafficRules } from "../plan/traffic";

/** The inputs of a consumer's security group. */
export interface TrafficGroupInputs extends CommonInputs {
  azureName: string;
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
  const { what, allow, path = "allow", first = [] } = inputs;
  const sources = allow.map((entry) => entry.sources ?? ["Internet"]);
  const rules = (known: string[][]) => [...first, ...trafficRules(allow, known)];
  return declare(
    "network:NetworkSecurityGroup",
    name,
    {
      ...commonOf(inputs),
      networkSecurityGroupName: inputs.azureName,
      securityRules: arePlain(sources)
        ? rules(sources)
        : pulumi.all(sources.map((list) => pulumi.all(list))).apply((known) => {
            refuse(what, sourceProblems(path, known));
            return rules(known);
          }),
    },
    { parent },
  );
}

/** Whether all sources are known, and so checked by now. */
const arePlain = (sources: pulumi.Input<string>[][]): sources is string[][] =>
  sources.flat().every((source) => typeof source === "string");

const sourceProblems = (path: string, sources: readonly string[][]): Problem[] =>
  sources.flatMap((list, i) =>
    list.flatMap((source, j) => at(`${path}[${i}].sources[${j}]`, sourceReason(source))),
  );
