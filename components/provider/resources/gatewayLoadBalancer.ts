import { getLoadBalancer } from "@pulumi/azure-native/network/getLoadBalancer";
import { getSubnet } from "@pulumi/azure-native/network/getSubnet";
import * as pulumi from "@pulumi/pulumi";
import { declare } from "../../azure/azureResource";
import { type CommonInputs, commonOf } from "../../azure/commonInputs";
import { look } from "../../azure/look";
import { loadBalancerId, parseResourceId } from "../../azure/resourceId";
import {
  earlierBalancers,
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
  inputs: CommonInputs & {
    place: { gatewaySubnetId: pulumi.Output<string> };
    securityGroup: pulumi.CustomResource;
  },
  parent: pulumi.Resource,
): pulumi.CustomResource {
  const { resourceGroupName, place, securityGroup } = inputs;
  const { names, layout, tunnels, probe } = plan;
  const ids = pulumi
    .all([place.gatewaySubnetId, resourceGroupName])
    .apply(([subnetId, group]) => gatewayIds(loadBalancerId(subnetId, group, names.loadBalancer)));
  return declare(
    "network:LoadBalancer",
    names.gateway,
    {
      ...commonOf(inputs),
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
      // The group goes first when tunnels change, see createNvaSecurityGroup.
      dependsOn: [securityGroup],
      // Not before the new one is in use: consumers are chained to the old one.
      deleteBeforeReplace: false,
      replaceOnChanges: [
        "sku",
        "frontendIPConfigurations[*].zones",
        "frontendIPConfigurations[*].subnet",
      ],
      hooks: {
        beforeCreate: look(`${names.gateway}-address`, (args) => refuseHeldAddress(args, parent)),
      },
    },
  );
}

/** As much of the inputs as the look reads; the engine shows them resolved, as far as it can. */
interface BalancerInputs {
  loadBalancerName?: unknown;
  frontendIPConfigurations?: { privateIPAddress?: unknown; subnet?: { id?: unknown } }[];
}

/**
 * Zones are fixed for a frontend's life, so with others a second load balancer is made, which cannot
 * have the address that the first one still holds: consumers are chained to that one.
 */
async function refuseHeldAddress(
  { newInputs }: pulumi.ResourceHookArgs,
  parent: pulumi.Resource,
): Promise<void> {
  const { loadBalancerName: own, frontendIPConfigurations } = newInputs as BalancerInputs;
  const [frontend] = Array.isArray(frontendIPConfigurations) ? frontendIPConfigurations : [];
  const subnet = parseResourceId(frontend?.subnet?.id as string);
  if (subnet === undefined || typeof own !== "string") return;
  const [virtualNetworkName = "", subnetName = ""] = subnet.names;
  const { resourceGroup: resourceGroupName } = subnet;
  const place = { resourceGroupName, virtualNetworkName, subnetName };
  const { ipConfigurations = [] } = await getSubnet(place, { parent });
  for (const other of earlierBalancers(own, ipConfigurations)) {
    const args = { resourceGroupName: other.resourceGroup, loadBalancerName: other.name };
    const { frontendIPConfigurations: held = [] } = await getLoadBalancer(args, { parent });
    if (held.every(({ privateIPAddress }) => privateIPAddress !== frontend?.privateIPAddress))
      continue;
    throw new Error(
      `frontendZones: other zones make a second load balancer, ${own}, and ${frontend?.privateIPAddress} is still the address of ${other.name}: give a free frontendAddress in the same update`,
    );
  }
}

/** Ids of the children; whoever uses one waits for the load balancer. */
export function childIds(loadBalancer: pulumi.Output<string>) {
  return {
    frontend: loadBalancer.apply((id) => gatewayIds(id).frontend),
    pool: loadBalancer.apply((id) => gatewayIds(id).pool),
  };
}
