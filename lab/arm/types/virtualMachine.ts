import { randomUUID } from "node:crypto";
import { instanceViewOf } from "../../compute/machineState";
import { afterInstanceDelete } from "../../compute/scaleSets/instances";
import { sameId } from "../ids";
import { asBodies, asBody, asText, type Body, refOf, type StoredResource } from "../resource";
import type { Put } from "../world";
import { machineName } from "./computeShape";
import { type ResourceType, withProperties } from "./definition";
import { exactVersionOf, imageProblems, sizeProblems } from "./virtualMachineImage";
import {
  keepUnsaid,
  networkProblems,
  terminatingProblems,
  unchangeable,
} from "./virtualMachineLife";
import { osProblems } from "./virtualMachineOs";
import { noticeProblems, placeProblems, scaleSetProblems } from "./virtualMachinePlace";
import { virtualMachineShape } from "./virtualMachineShape";

/** A virtual machine. azure-native plans no replacement for it; most of it cannot change. */
export const virtualMachine: ResourceType = {
  type: "Microsoft.Compute/virtualMachines",
  token: "azure-native:compute:VirtualMachine",
  getter: "azure-native:compute:getVirtualMachine",
  apiVersion: "2024-11-01",
  path: ["resourceGroupName", "vmName"],
  name: machineName,
  located: true,
  keepsOmitted: true,
  shape: virtualMachineShape,
  prepare,
  ownRules: [unchangeable],
  rules: [
    terminatingProblems,
    sizeProblems,
    imageProblems,
    osProblems,
    networkProblems,
    placeProblems,
    scaleSetProblems,
    noticeProblems,
  ],
  present: (stored) => withProperties(withDiskId(stored), { instanceView: instanceViewOf(stored) }),
  afterDelete: afterInstanceDelete,
  takesAlong: (existing) =>
    asBodies(asBody(existing.properties.networkProfile)?.networkInterfaces)
      .filter((nic) => asBody(nic.properties)?.deleteOption === "Delete")
      .flatMap((nic) => refOf(nic) ?? []),
};

const diskId = (vm: StoredResource, disk: Body) =>
  `${vm.id.split("/providers/")[0]}/providers/Microsoft.Compute/disks/${disk.name}`;

/** The machine with the id of its own disk. */
function withDiskId(vm: StoredResource): StoredResource {
  const storage = asBody(vm.properties.storageProfile);
  const disk = asBody(storage?.osDisk);
  if (disk === undefined) return vm;
  const managedDisk = { id: diskId(vm, disk), ...asBody(disk.managedDisk) };
  return withProperties(vm, { storageProfile: { ...storage, osDisk: { ...disk, managedDisk } } });
}

function prepare(put: Put): void {
  const { desired, existing } = put;
  const { properties } = desired;
  if (existing !== undefined) keepUnsaid(desired, existing);
  properties.vmId = existing?.properties.vmId ?? randomUUID();
  properties.timeCreated = existing?.properties.timeCreated ?? new Date().toISOString();
  const storage = asBody(properties.storageProfile);
  if (storage?.imageReference !== undefined) storage.osDisk ??= { createOption: "FromImage" };
  const image = asBody(storage?.imageReference);
  if (image !== undefined) {
    const before = asBody(asBody(existing?.properties.storageProfile)?.imageReference);
    const same = ["publisher", "offer", "sku", "version"].every(
      (part) => before?.[part] === image[part],
    );
    image.exactVersion = (same ? before?.exactVersion : undefined) ?? exactVersionOf(image);
  }
  const disk = asBody(storage?.osDisk);
  if (disk !== undefined) {
    const before = asBody(asBody(existing?.properties.storageProfile)?.osDisk);
    disk.osType ??= "Linux";
    disk.caching ??= "ReadWrite";
    disk.deleteOption ??= "Detach";
    disk.name ??=
      before?.name ?? `${desired.name}_OsDisk_1_${String(properties.vmId).replaceAll("-", "")}`;
    const { id, ...managed } = asBody(disk.managedDisk) ?? {};
    // The machine's own disk is no resource here: its id is shown, and not kept.
    const other = id === undefined || sameId(asText(id), diskId(desired, disk)) ? {} : { id };
    disk.managedDisk = {
      storageAccountType: "Standard_LRS",
      ...asBody(before?.managedDisk),
      ...managed,
      ...other,
    };
    disk.diskSizeGB ??= before?.diskSizeGB ?? 30;
  }
  const os = asBody(properties.osProfile);
  if (os !== undefined) {
    os.allowExtensionOperations ??= true;
    os.requireGuestProvisionSignal ??= true;
    os.secrets ??= [];
    os.linuxConfiguration = {
      disablePasswordAuthentication: false,
      provisionVMAgent: true,
      patchSettings: { patchMode: "ImageDefault", assessmentMode: "ImageDefault" },
      ...asBody(os.linuxConfiguration),
    };
  }
  if (typeof properties.userData === "string" && properties.userData === "")
    delete properties.userData;
}
