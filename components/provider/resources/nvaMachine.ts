import type * as pulumi from "@pulumi/pulumi";
import { type Declared, declare } from "../../azure/azureResource";
import { commonOf } from "../../azure/commonInputs";
import { privateAddress } from "../../azure/privateAddress";
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
 * load balancer changes (see createNvaSecurityGroup).
 */
export function createNva(
  plan: GatewayPlan,
  inputs: NvaInputs,
  parent: pulumi.Resource,
): NvaMachine {
  const networkInterface = createInterface(plan, inputs, parent);
  return { networkInterface, machine: createMachine(plan, inputs, networkInterface, parent) };
}

function createInterface(
  { names, nva, layout }: GatewayPlan,
  inputs: NvaInputs,
  parent: pulumi.Resource,
): NvaMachine["networkInterface"] {
  return declare(
    "network:NetworkInterface",
    names.nvaInterface,
    {
      ...commonOf(inputs),
      networkInterfaceName: names.nvaInterface,
      enableAcceleratedNetworking: nva.acceleratedNetworking,
      networkSecurityGroup: { id: inputs.securityGroup.id },
      ipConfigurations: [
        {
          name: "primary",
          primary: true,
          ...privateAddress(layout.nvaAddress),
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
}

function createMachine(
  plan: GatewayPlan,
  inputs: NvaInputs,
  networkInterface: pulumi.CustomResource,
  parent: pulumi.Resource,
): NvaMachine["machine"] {
  const { names, nva, fleet } = plan;
  const { osProfile, ...profile } = nvaProfile(plan, inputs);
  return declare(
    "compute:VirtualMachine",
    names.nva,
    {
      ...commonOf(inputs),
      vmName: names.nva,
      zones: nva.zone === undefined ? undefined : [nva.zone],
      hardwareProfile: { vmSize: nva.size },
      osProfile: { computerName: names.nva, ...osProfile },
      ...profile,
      networkProfile: { networkInterfaces: [{ id: networkInterface.id, primary: true }] },
      // Beside a fleet the NVA is on its way out: others take its new flows while it drains.
      ...(fleet === undefined
        ? {}
        : { scheduledEventsProfile: scheduledEvents(fleet.terminateNoticeMinutes) }),
    },
    { parent, deleteBeforeReplace: true, replaceOnChanges: FIXED_AT_CREATION },
    ["name"],
  );
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
