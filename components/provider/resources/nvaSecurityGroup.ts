import type * as pulumi from "@pulumi/pulumi";
import { declare } from "../../azure/azureResource";
import { type CommonInputs, commonOf } from "../../azure/commonInputs";
import type { GatewayPlan } from "../plan/gatewayPlan";
import { nvaSecurityRules } from "../plan/securityRules";
import { tunnelKey } from "../plan/tunnels";

/**
 * The security group of the NVAs. Azure refuses to change tunnels while a NIC is in the pool: the
 * group is older than the load balancer, and NIC and VM go with it, so the pool is empty when the
 * change comes.
 */
export function createNvaSecurityGroup(
  { names, tunnels, probe }: GatewayPlan,
  inputs: CommonInputs & { network: pulumi.Resource[] },
  parent: pulumi.Resource,
): pulumi.CustomResource {
  return declare(
    "network:NetworkSecurityGroup",
    names.securityGroup,
    {
      ...commonOf(inputs),
      networkSecurityGroupName: names.securityGroup,
      securityRules: nvaSecurityRules(tunnels, probe),
    },
    {
      parent,
      // A change of the network that Azure refuses must not cost the NVA.
      dependsOn: inputs.network,
      deleteBeforeReplace: true,
      replacementTrigger: tunnelKey(tunnels),
    },
  );
}
