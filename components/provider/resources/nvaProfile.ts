import type * as pulumi from "@pulumi/pulumi";
import type { CommonInputs } from "../../azure/commonInputs";
import type { GatewayPlan } from "../plan/gatewayPlan";
import { IMAGE } from "../plan/nva";

/** The inputs of an NVA besides its plan, alone or in a fleet. */
export interface NvaInputs extends CommonInputs {
  subnetId: pulumi.Input<string>;
  poolId: pulumi.Input<string>;
  /** Replaced with the tunnels, and takes the NVAs along. */
  securityGroup: pulumi.CustomResource;
  sshPublicKey: pulumi.Input<string>;
  /** How it boots; base64. */
  customData: string;
  /** The firewall policy, read while it runs; base64. */
  userData: string;
}

/**
 * The common part of a VM and of a scale set's model: a login by key only, for nobody; the
 * image, a disk that goes with the machine; Trusted Launch; what it boots from and filters by.
 */
export function nvaProfile({ nva }: GatewayPlan, inputs: NvaInputs) {
  return {
    osProfile: {
      adminUsername: nva.adminUsername,
      customData: inputs.customData,
      linuxConfiguration: {
        disablePasswordAuthentication: true,
        ssh: {
          publicKeys: [
            {
              path: `/home/${nva.adminUsername}/.ssh/authorized_keys`,
              keyData: inputs.sshPublicKey,
            },
          ],
        },
      },
    },
    userData: inputs.userData,
    securityProfile: {
      securityType: "TrustedLaunch",
      uefiSettings: { secureBootEnabled: true, vTpmEnabled: true },
    },
    storageProfile: {
      imageReference: { ...IMAGE, version: nva.imageVersion },
      osDisk: {
        createOption: "FromImage",
        caching: "ReadWrite" as const,
        deleteOption: "Delete",
        managedDisk: { storageAccountType: "StandardSSD_LRS" },
      },
    },
    // Without a storage account the platform keeps the console's text.
    diagnosticsProfile: { bootDiagnostics: { enabled: true } },
  };
}
