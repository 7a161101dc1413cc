/** A chain that Azure would refuse, or that would inspect nothing, is caught in preview. */
import { children, isChained, isGateway, isPublic, templateConfigurations } from "../loadBalancer";
import { type Finding, Level, type Resource, type Rule, Scope, Type } from "../rule";
import { at } from "../values";

/** A chain names a gateway's frontend configuration and hangs on a public entry. */
export const chainNamesAFrontend: Rule = {
  name: "chain-names-a-frontend",
  description:
    "A chain names the frontend configuration of a gateway, and only public entries are chained.",
  level: Level.Mandatory,
  scope: Scope.Resource,
  types: [Type.LoadBalancer, Type.NetworkInterface, Type.ScaleSet, Type.VirtualMachine],
  defaults: {},
  schema: {},
  check: (resources) => resources.flatMap(findings),
};

function findings(resource: Resource): Finding[] {
  switch (resource.type) {
    case Type.ScaleSet:
      return templateFindings(resource, "virtualMachineProfile.");
    case Type.VirtualMachine:
      return templateFindings(resource, "");
    default:
      return ownFindings(resource);
  }
}

/** Interfaces that Azure makes from a template: it has no chain there, and ignores or refuses one. */
function templateFindings(resource: Resource, prefix: string): Finding[] {
  return templateConfigurations(resource.properties, prefix)
    .filter(({ properties }) => isChained(properties))
    .map(({ path }) => ({
      urn: resource.urn,
      message: `${path}.gatewayLoadBalancer: an instance's own IP configuration cannot be chained, so its traffic would go around the gateway: chain the frontend of a public load balancer and put the instances into its pool`,
    }));
}

function ownFindings(resource: Resource): Finding[] {
  const collection =
    resource.type === Type.LoadBalancer ? "frontendIPConfigurations" : "ipConfigurations";
  const chained = children(resource, collection).filter((child) => isChained(child.properties));
  return chained.flatMap(({ path, properties }) => {
    const problems: string[] = [];
    const id = at(properties, "gatewayLoadBalancer", "id");
    if (typeof id === "string" && !namesFrontend(id)) {
      problems.push(
        `${path}.gatewayLoadBalancer.id must end in /loadBalancers/NAME/frontendIPConfigurations/NAME, got "${id}"`,
      );
    }
    if (isGateway(resource)) {
      problems.push(`${path}.gatewayLoadBalancer is set on a gateway itself: remove it`);
    } else if (!isPublic(properties)) {
      problems.push(
        `${path} is chained and has no public address: only traffic of a public address is inspected`,
      );
    }
    return problems.map((message) => ({ urn: resource.urn, message }));
  });
}

/** A load balancer's own id is the usual mistake: Azure wants the frontend's below it. */
const namesFrontend = (id: string) =>
  /\/loadBalancers\/[^/]+\/frontendIPConfigurations\/[^/]+$/i.test(id);
