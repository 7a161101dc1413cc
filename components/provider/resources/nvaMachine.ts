import type * as pulumi from "@pulumi/pulumi";
import { type Declared, declare } from "../../azure/azureResource";
import type { GatewayPlan } from "../plan/gatewayPlan";
import { scheduledEvents } from "../plan/scaleSet";
import { type NvaInputs, nvaProfile } from "./nvaProfile";

/** One NVA: a NIC in the load balancer's pool and the VM that has it. */
export interface NvaMachine {
  networkInterface: Declared<"network:NetworkInterface", "ipConfigurations">;
  machine: Declared<"compute:VirtualMachine", "name">;
}

/**
 * Creates the one NVA of a provider.
 *
 * Azure refuses changes of a NIC's address or of a VM's boot settings, and azure-native plans
 * them as updates, so each such property is named in `replaceOnChanges`. The NIC goes with its
 * security group: that is how a change of the tunnels gets the NIC out of the pool before the
 * load balancer changes (see GatewayProvider).
 */
export function createNva(
  plan: GatewayPlan,
  inputs: NvaInputs,
  parent: pulumi.Resource,
): NvaMachine {
  const { names, nva, layout } = plan;
  const { resourceGroupName, location, tags } = inputs;
  const address =
    layout.nvaAddress === undefined
      ? { privateIPAllocationMethod: "Dynamic" }
      : { privateIPAllocationMethod: "Static", privateIPAddress: layout.nvaAddress };
  const networkInterface = declare(
    "network:NetworkInterface",
    names.nvaInterface,
    {
      ...{ resourceGroupName, location, tags },
      networkInterfaceName: names.nvaInterface,
      enableAcceleratedNetworking: nva.acceleratedNetworking,
      networkSecurityGroup: { id: inputs.securityGroup.id },
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
    ["ipConfigurations"],
  );
  const { osProfile, ...profile } = nvaProfile(plan, inputs);
  const machine = declare(
    "compute:VirtualMachine",
    names.nva,
    {
      ...{ resourceGroupName, location, tags },
      vmName: names.nva,
      zones: nva.zone === undefined ? undefined : [nva.zone],
      hardwareProfile: { vmSize: nva.size },
      osProfile: { computerName: names.nva, ...osProfile },
      ...profile,
      networkProfile: { networkInterfaces: [{ id: networkInterface.id, primary: true }] },
      // Beside a fleet it is on its way out: others take its new flows while it drains.
      ...(plan.fleet === undefined
        ? {}
        : { scheduledEventsProfile: scheduledEvents(plan.fleet.terminateNoticeMinutes) }),
    },
    { parent, deleteBeforeReplace: true, replaceOnChanges: FIXED_AT_CREATION },
    ["name"],
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
