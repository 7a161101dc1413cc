import * as pulumi from "@pulumi/pulumi";
import { declare } from "../../azure/azureResource";
import { type CommonInputs, commonOf } from "../../azure/commonInputs";
import { loadBalancerId } from "../../azure/resourceId";
import {
  INBOUND_FRONTEND,
  OUTBOUND_FRONTEND,
  type OutboundArgs,
  type PublicPort,
  type PublicProbeArgs,
  publicIds,
  publicOutboundRules,
  publicPools,
  publicProbes,
  publicRules,
} from "../plan/publicLoadBalancer";

/** The inputs of a consumer's load balancer. */
export interface PublicLoadBalancerInputs extends CommonInputs {
  azureName: string;
  gatewayFrontendId: pulumi.Input<string>;
  inboundAddress: pulumi.CustomResource;
  /** Undefined: outbound traffic shares the inbound address, or there is none. */
  outboundAddress: pulumi.CustomResource | undefined;
  /** A resource of the load balancer's own subscription, whose id names it. */
  neighbour: pulumi.CustomResource;
  ports: readonly PublicPort[];
  probe: PublicProbeArgs;
  /** Undefined: machines have no way out. */
  outbound: OutboundArgs | undefined;
}

/** A load balancer, each of whose frontends is chained; its rules name its own children by id. */
export function createPublicLoadBalancer(
  name: string,
  inputs: PublicLoadBalancerInputs,
  parent: pulumi.Resource,
): pulumi.CustomResource {
  const { azureName, resourceGroupName, inboundAddress, outboundAddress, outbound } = inputs;
  const ids = pulumi
    .all([inputs.neighbour.id, resourceGroupName])
    .apply(([neighbour, group]) => publicIds(loadBalancerId(neighbour, group, azureName)));
  const frontend = (frontendName: string, publicAddress: pulumi.CustomResource) => ({
    name: frontendName,
    publicIPAddress: { id: publicAddress.id },
    gatewayLoadBalancer: { id: inputs.gatewayFrontendId },
  });
  return declare(
    "network:LoadBalancer",
    name,
    {
      ...commonOf(inputs),
      loadBalancerName: azureName,
      sku: { name: "Standard", tier: "Regional" },
      frontendIPConfigurations: [
        frontend(INBOUND_FRONTEND, inboundAddress),
        ...(outboundAddress === undefined ? [] : [frontend(OUTBOUND_FRONTEND, outboundAddress)]),
      ],
      backendAddressPools: publicPools(),
      probes: publicProbes(inputs.probe),
      loadBalancingRules: ids.apply((own) => publicRules(own, inputs.ports)),
      ...(outbound === undefined
        ? {}
        : { outboundRules: ids.apply((own) => publicOutboundRules(own, outbound)) }),
    },
    { parent, replaceOnChanges: ["sku"] },
  );
}
