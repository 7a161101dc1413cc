import * as pulumi from "@pulumi/pulumi";
import { declare } from "../../azure/azureResource";
import { loadBalancerId } from "../../azure/resourceId";
import {
  gatewayFrontends,
  gatewayIds,
  gatewayPools,
  gatewayProbes,
  gatewayRules,
} from "../plan/gatewayLoadBalancer";
import type { GatewayPlan } from "../plan/gatewayPlan";

/** The load balancer, with an explicit name: its rule names its own children by id. */
export function createGatewayLoadBalancer(
  plan: GatewayPlan,
  inputs: {
    resourceGroupName: pulumi.Input<string>;
    location: pulumi.Input<string> | undefined;
    tags: Record<string, pulumi.Input<string>> | undefined;
    place: { gatewaySubnetId: pulumi.Output<string> };
    securityGroup: pulumi.CustomResource;
  },
  parent: pulumi.Resource,
): pulumi.CustomResource {
  const { resourceGroupName, location, tags, place, securityGroup } = inputs;
  const { names, layout, tunnels, probe } = plan;
  const ids = pulumi
    .all([place.gatewaySubnetId, resourceGroupName])
    .apply(([subnetId, group]) => gatewayIds(loadBalancerId(subnetId, group, names.loadBalancer)));
  return declare(
    "network:LoadBalancer",
    names.gateway,
    {
      ...{ resourceGroupName, location, tags },
      loadBalancerName: names.loadBalancer,
      sku: { name: "Gateway", tier: "Regional" },
      frontendIPConfigurations: place.gatewaySubnetId.apply((subnetId) =>
        gatewayFrontends(subnetId, layout.frontendAddress, plan.frontendZones),
      ),
      backendAddressPools: gatewayPools(tunnels),
      probes: gatewayProbes(probe),
      loadBalancingRules: ids.apply((own) => gatewayRules(own, plan.idleTimeoutMinutes)),
    },
    {
      parent,
      // The group goes first when tunnels change, see above.
      dependsOn: [securityGroup],
      // Not before the new one is in use: consumers are chained to the old one.
      deleteBeforeReplace: false,
      replaceOnChanges: [
        "sku",
        "frontendIPConfigurations[*].zones",
        "frontendIPConfigurations[*].subnet",
      ],
    },
  );
}

/** Ids of the children; whoever uses one waits for the load balancer. */
export function childIds(loadBalancer: pulumi.Output<string>) {
  return {
    frontend: loadBalancer.apply((id) => gatewayIds(id).frontend),
    pool: loadBalancer.apply((id) => gatewayIds(id).pool),
  };
}
