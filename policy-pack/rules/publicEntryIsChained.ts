/** No public entry goes around the gateway unless somebody wrote down why. */
import { entryTypes, exemption, publicEntries } from "../publicEntries";
import { type Finding, Level, type Resource, type Rule, Scope } from "../rule";

/** Settings of {@link publicEntryIsChained}. */
export interface PublicEntryIsChainedSettings {
  /** Tag whose value is the reason of an exemption. */
  exemptionTag: string;
  /** Shortest reason that counts, in characters; refuses `true` and `x`. */
  minimumReasonLength: number;
}

/**
 * Every public frontend of a load balancer and every public address of a network interface is
 * chained. Unchaining is an update without the property, so a tool that rewrites the whole
 * resource does it silently (facts: chains are lost by a PUT without them).
 */
export const publicEntryIsChained: Rule<PublicEntryIsChainedSettings> = {
  name: "public-entry-is-chained",
  description:
    "Public frontends and public addresses of interfaces are chained to a gateway, or exempt by a reason.",
  level: Level.Mandatory,
  scope: Scope.Resource,
  types: entryTypes,
  defaults: { exemptionTag: "gwlb-exempt", minimumReasonLength: 10 },
  schema: {
    exemptionTag: { type: "string", description: "Tag whose value is the reason of an exemption." },
    minimumReasonLength: {
      type: "integer",
      minimum: 1,
      description: "Shortest reason that counts, in characters.",
    },
  },
  check: (resources, settings) => resources.flatMap((resource) => findings(resource, settings)),
};

function findings(resource: Resource, settings: PublicEntryIsChainedSettings): Finding[] {
  const open = publicEntries(resource).filter((entry) => !entry.chained);
  const { reason, unknown } = exemption(resource, settings.exemptionTag);
  if (unknown) return [];
  if (reason !== undefined && reason.trim().length >= settings.minimumReasonLength) return [];
  const tag = `the tag "${settings.exemptionTag}"`;
  const wayOut =
    reason === undefined
      ? `or give ${tag} with the reason why it may stay open`
      : `or write a reason of ${settings.minimumReasonLength} characters or more into ${tag}, got "${reason}"`;
  return open.map(({ path, name, notChainable }) => ({
    urn: resource.urn,
    message:
      notChainable === undefined
        ? `${path} ("${name}") is public and not chained: set gatewayLoadBalancer.id to the frontend id of a gateway, ${wayOut}`
        : `${path} ("${name}") is public, and ${notChainable}: publish it by a load balancer's frontend, ${wayOut}`,
  }));
}
