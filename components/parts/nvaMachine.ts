import * as compute from "@pulumi/azure-native/compute";
import * as network from "@pulumi/azure-native/network";
import type * as pulumi from "@pulumi/pulumi";
import type { GatewayPlan } from "../gateway/gatewayPlan";
import { IMAGE } from "../gateway/nva";

/** What an NVA needs besides its plan. */
export interface NvaMachineInputs {
  resourceGroupName: pulumi.Input<string>;
  location: pulumi.Input<string> | undefined;
  tags: pulumi.Input<Record<string, pulumi.Input<string>>> | undefined;
  subnetId: pulumi.Input<string>;
  poolId: pulumi.Input<string>;
  securityGroupId: pulumi.Input<string>;
  sshPublicKey: pulumi.Input<string>;
  /** How it boots; base64. */
  customData: string;
  /** The firewall policy, read while it runs; base64. */
  userData: string;
}

/** One NVA: a NIC in the load balancer's pool and the VM that has it. */
export interface NvaMachine {
  networkInterface: network.NetworkInterface;
  machine: compute.VirtualMachine;
}

/**
 * Creates the one NVA of a provider. A fleet takes this function's place, with the same inputs.
 *
 * Azure refuses changes of a NIC's address or of a VM's boot settings, and azure-native plans
 * them as updates, so each such property is named in `replaceOnChanges`. The NIC goes with its
 * security group: that is how a change of the tunnels gets the NIC out of the pool before the
 * load balancer changes (see GatewayProvider).
 */
export function createNva(
  plan: GatewayPlan,
  inputs: NvaMachineInputs,
  parent: pulumi.Resource,
): NvaMachine {
  const { names, nva, layout } = plan;
  const { resourceGroupName, location, tags } = inputs;
  const address =
    layout.nvaAddress === undefined
      ? { privateIPAllocationMethod: "Dynamic" }
      : { privateIPAllocationMethod: "Static", privateIPAddress: layout.nvaAddress };
  const networkInterface = new network.NetworkInterface(
    names.nvaInterface,
    {
      ...{ resourceGroupName, location, tags },
      networkInterfaceName: names.nvaInterface,
      enableAcceleratedNetworking: nva.acceleratedNetworking,
      networkSecurityGroup: { id: inputs.securityGroupId },
      ipConfigurations: [
        {
          name: "primary",
          primary: true,
          ...address,
          subnet: { id: inputs.subnetId },
          loadBalancerBackendAddressPools: [{ id: inputs.poolId }],
        },
      ],
    },
    {
      parent,
      deleteBeforeReplace: true,
      replaceOnChanges: [
        "networkSecurityGroup",
        "enableAcceleratedNetworking",
        "ipConfigurations[*].subnet",
        "ipConfigurations[*].privateIPAddress",
        "ipConfigurations[*].privateIPAllocationMethod",
      ],
    },
  );
  const machine = new compute.VirtualMachine(
    names.nva,
    {
      ...{ resourceGroupName, location, tags },
      vmName: names.nva,
      zones: nva.zone === undefined ? undefined : [nva.zone],
      hardwareProfile: { vmSize: nva.size },
      osProfile: {
        computerName: names.nva,
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
          caching: "ReadWrite",
          deleteOption: "Delete",
          managedDisk: { storageAccountType: "StandardSSD_LRS" },
        },
      },
      networkProfile: { networkInterfaces: [{ id: networkInterface.id, primary: true }] },
      // Without a storage account the platform keeps the console's text.
      diagnosticsProfile: { bootDiagnostics: { enabled: true } },
    },
    { parent, deleteBeforeReplace: true, replaceOnChanges: FIXED_AT_CREATION },
  );
  return { networkInterface, machine };
}

/** Properties of a VM that Azure does not change; azure-native plans each change as an update. */
const FIXED_AT_CREATION = [
  "zones",
  "osProfile",
  "securityProfile",
  "storageProfile.imageReference",
  "storageProfile.osDisk",
  "networkProfile",
];
