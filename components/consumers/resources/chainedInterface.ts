import type * as pulumi from "@pulumi/pulumi";
import { type Declared, declare } from "../../azure/azureResource";
import { type CommonInputs, commonOf } from "../../azure/commonInputs";
import { privateAddress } from "../../azure/privateAddress";

/** The inputs of a consumer's NIC. */
export interface ChainedInterfaceInputs extends CommonInputs {
  azureName: string;
  acceleratedNetworking: boolean;
  securityGroup: pulumi.CustomResource;
  subnetId: pulumi.Input<string>;
  /** Undefined: Azure chooses one. */
  privateIPAddress: pulumi.Input<string> | undefined;
  publicAddress: pulumi.CustomResource;
  gatewayFrontendId: pulumi.Input<string>;
}

/** A NIC whose IP configuration has a public address and is chained. */
export function createChainedInterface(
  name: string,
  inputs: ChainedInterfaceInputs,
  parent: pulumi.Resource,
): Declared<"network:NetworkInterface", "ipConfigurations"> {
  return declare(
    "network:NetworkInterface",
    name,
    {
      ...commonOf(inputs),
      networkInterfaceName: inputs.azureName,
      enableAcceleratedNetworking: inputs.acceleratedNetworking,
      networkSecurityGroup: { id: inputs.securityGroup.id },
      ipConfigurations: [
        {
          name: "primary",
          primary: true,
          subnet: { id: inputs.subnetId },
          ...privateAddress(inputs.privateIPAddress),
          publicIPAddress: { id: inputs.publicAddress.id },
          gatewayLoadBalancer: { id: inputs.gatewayFrontendId },
        },
      ],
    },
    { parent },
    ["ipConfigurations"],
  );
}
