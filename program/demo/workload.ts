import * as compute from "@pulumi/azure-native/compute";
import type * as pulumi from "@pulumi/pulumi";
import { IMAGE, IMAGE_VERSION } from "../../components/provider/plan/nva";
import { createAdministratorKey } from "../../components/provider/resources/administratorKey";
import { workloadCustomData } from "./workloadData";

/** The inputs of a workload's VM. */
export interface WorkloadArgs {
  resourceGroupName: pulumi.Input<string>;
  networkInterfaceId: pulumi.Input<string>;
  tags?: Record<string, string>;
}

const USER = "demo";
/** Small and cheap, with Trusted Launch; a demonstration needs no more. */
const SIZE = "Standard_B2ats_v2";

/** A VM with a small web server on the NIC that a consumer made. */
export function createWorkload(
  name: string,
  { resourceGroupName, networkInterfaceId, tags }: WorkloadArgs,
  parent: pulumi.Resource,
): compute.VirtualMachine {
  const keyData = createAdministratorKey(`${name}-key`, parent);
  return new compute.VirtualMachine(
    name,
    {
      ...{ resourceGroupName, tags },
      vmName: name,
      hardwareProfile: { vmSize: SIZE },
      osProfile: {
        computerName: name,
        adminUsername: USER,
        customData: Buffer.from(workloadCustomData()).toString("base64"),
        linuxConfiguration: {
          disablePasswordAuthentication: true,
          ssh: { publicKeys: [{ path: `/home/${USER}/.ssh/authorized_keys`, keyData }] },
        },
      },
      securityProfile: {
        securityType: "TrustedLaunch",
        uefiSettings: { secureBootEnabled: true, vTpmEnabled: true },
      },
      storageProfile: {
        imageReference: { ...IMAGE, version: IMAGE_VERSION },
        osDisk: {
          createOption: "FromImage",
          deleteOption: "Delete",
          managedDisk: { storageAccountType: "StandardSSD_LRS" },
        },
      },
      networkProfile: { networkInterfaces: [{ id: networkInterfaceId, primary: true }] },
      diagnosticsProfile: { bootDiagnostics: { enabled: true } },
    },
    {
      parent,
      deleteBeforeReplace: true,
      replaceOnChanges: [
        "osProfile",
        "securityProfile",
        "storageProfile.imageReference",
        "storageProfile.osDisk",
        "networkProfile",
      ],
    },
  );
}
