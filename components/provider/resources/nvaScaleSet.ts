import { getVirtualMachineScaleSet } from "@pulumi/azure-native/compute/getVirtualMachineScaleSet";
import * as pulumi from "@pulumi/pulumi";
import { type Declared, declare } from "../../azure/azureResource";
import { type CommonInputs, commonOf } from "../../azure/commonInputs";
import { look } from "../../azure/look";
import { autoscaleProfile } from "../plan/autoscale";
import type { Fleet } from "../plan/fleet";
import type { GatewayPlan } from "../plan/gatewayPlan";
import {
  type BootInputs,
  FIXED_BY_SCALE_SET,
  healthExtension,
  scaleSetInterface,
  scaleSetShell,
  scheduledEvents,
  unreachedReason,
} from "../plan/scaleSet";
import { type NvaInputs, nvaProfile } from "./nvaProfile";

/**
 * Creates a fleet: a Flexible scale set whose instances' NICs are in the pool, and the rules of its
 * number. A change of a value that Azure fixes makes another scale set, under another name, which
 * stands in the pool before the first one goes.
 */
export function createScaleSet(
  plan: GatewayPlan,
  fleet: Fleet,
  inputs: NvaInputs & { after?: pulumi.Resource },
  parent: pulumi.Resource,
): Declared<"compute:VirtualMachineScaleSet", "name"> {
  const { names, nva, probe } = plan;
  const { osProfile, ...profile } = nvaProfile(plan, inputs);
  const networkInterface = pulumi
    .all([inputs.securityGroup.id, inputs.subnetId, inputs.poolId])
    .apply(([securityGroup, subnet, pool]) =>
      scaleSetInterface(nva, { securityGroup, subnet, pool }),
    );
  const scaleSet = declare(
    "compute:VirtualMachineScaleSet",
    names.fleet,
    {
      ...commonOf(inputs),
      vmScaleSetName: names.scaleSet,
      ...scaleSetShell(fleet, nva),
      virtualMachineProfile: {
        osProfile: { computerNamePrefix: plan.hostPrefix, ...osProfile },
        ...profile,
        networkProfile: {
          // Flexible scale sets make their NICs by this version of the network's API.
          networkApiVersion: "2022-11-01",
          networkInterfaceConfigurations: [networkInterface],
        },
        extensionProfile: { extensions: [healthExtension(fleet, probe)] },
        scheduledEventsProfile: scheduledEvents(fleet.terminateNoticeMinutes),
      },
    },
    {
      parent,
      dependsOn: inputs.after === undefined ? [] : [inputs.after],
      deleteBeforeReplace: false,
      replaceOnChanges: FIXED_BY_SCALE_SET,
      // Azure changes tunnels only while no NIC is in the pool: the group goes first, and its model
      // alone would not take the scale set along, since the engine looks at top-level properties.
      replaceWith: [inputs.securityGroup],
      // NVAs of another frontend address or probe are out of the path when the load balancer
      // changes: in batches it would take them all that long to come back.
      replacementTrigger: `${plan.layout.frontendAddress} ${probe.port}${probe.path}`,
      ...beforeUpdates(names.fleet, fleet, parent),
    },
    ["name"],
  );
  createAutoscale(names.autoscale, fleet, { ...inputs, scaleSet }, parent);
  return scaleSet;
}

function createAutoscale(
  name: string,
  { autoscale, capacity }: Fleet,
  inputs: CommonInputs & { scaleSet: pulumi.CustomResource },
  parent: pulumi.Resource,
): void {
  if (autoscale === undefined) return;
  const { scaleSet } = inputs;
  declare(
    "monitor:AutoscaleSetting",
    name,
    {
      ...commonOf(inputs),
      autoscaleSettingName: name,
      enabled: true,
      targetResourceUri: scaleSet.id,
      profiles: [scaleSet.id.apply((id) => autoscaleProfile(autoscale, capacity, id))],
    },
    // A scale set has one setting at most, and another one's name is free only when it is gone.
    { parent, deleteBeforeReplace: true, replaceOnChanges: ["targetResourceUri"] },
  );
}

/** As much of a scale set's inputs as the hooks read; the engine shows them resolved. */
interface ScaleSetInputs extends BootInputs {
  resourceGroupName: string;
  vmScaleSetName: string;
  sku?: { capacity?: number };
}

/**
 * Checks before an update, in the preview already. With autoscale the number of NVAs is
 * left to Azure: the program's number is no change then.
 */
function beforeUpdates(
  name: string,
  { autoscale }: Fleet,
  parent: pulumi.Resource,
): pulumi.CustomResourceOptions {
  const ignoreChanges = autoscale === undefined ? [] : ["sku.capacity"];
  const looks = [
    ...look(`${name}-boot`, refuseUnreached),
    ...(autoscale === undefined
      ? []
      : look(`${name}-count`, (args) => refuseOldCount(args, parent))),
  ];
  return { ignoreChanges, hooks: { beforeUpdate: looks } };
}

/** An update that only new NVAs would get leaves a fleet of two kinds. */
function refuseUnreached({ oldInputs, newInputs }: pulumi.ResourceHookArgs): void {
  const { vmScaleSetName } = newInputs as ScaleSetInputs;
  const reason = unreachedReason(oldInputs as ScaleSetInputs, newInputs as ScaleSetInputs);
  if (reason !== undefined) throw new Error(`${vmScaleSetName}: ${reason}`);
}

/**
 * Every update sends a number of NVAs along, since Azure takes no size without one: the one that
 * the stack remembers. If autoscale has made it another by now, the update would take NVAs away in
 * the middle of the day, so it is refused until the stack has looked.
 */
async function refuseOldCount(
  { newInputs }: pulumi.ResourceHookArgs,
  parent: pulumi.Resource,
): Promise<void> {
  const { resourceGroupName, vmScaleSetName, sku } = newInputs as ScaleSetInputs;
  const live = await getVirtualMachineScaleSet({ resourceGroupName, vmScaleSetName }, { parent });
  const [remembered, now] = [sku?.capacity, live.sku?.capacity];
  if (remembered === now) return;
  throw new Error(
    `${vmScaleSetName}: autoscale has changed the number of NVAs from ${remembered} to ${now}, which this update would undo: run it with --refresh`,
  );
}
