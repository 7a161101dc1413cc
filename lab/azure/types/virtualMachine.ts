import { randomUUID } from "node:crypto";
import { instanceViewOf } from "../machineState";
import { asBodies, asBody, refOf } from "../resource";
import {
  flag,
  hidden,
  idSet,
  list,
  readOnly,
  record,
  ref,
  required,
  resource,
  served,
  text,
  whole,
  writeOnly,
} from "../schema";
import type { Put } from "../world";
import { type ResourceType, topLevel, withProperties } from "./definition";
import { imageOf, imageProblems, sizeProblems } from "./virtualMachineImage";
import {
  keepUnsaid,
  networkProblems,
  terminatingProblems,
  unchangeable,
} from "./virtualMachineLife";
import { osProblems } from "./virtualMachineOs";
import { noticeProblems, placeProblems } from "./virtualMachinePlace";

const secret = record({ id: text() });

/** A virtual machine. azure-native plans no replacement for it; most of it cannot change. */
export const virtualMachine: ResourceType = {
  type: "Microsoft.Compute/virtualMachines",
  token: "azure-native:compute:VirtualMachine",
  getter: "azure-native:compute:getVirtualMachine",
  apiVersion: "2024-11-01",
  path: ["resourceGroupName", "vmName"],
  name: {
    max: 64,
    pattern: /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/,
    words:
      "letters, digits, underscores, periods and hyphens; it begins with a letter or digit and does not end with a period or hyphen",
  },
  located: true,
  shape: topLevel(
    {
      hardwareProfile: record({ vmSize: text() }),
      storageProfile: record({
        imageReference: record({
          publisher: text(),
          offer: text(),
          sku: text(),
          version: text(),
          id: text(),
          exactVersion: readOnly(text()),
        }),
        osDisk: record({
          name: text(),
          createOption: required(text("FromImage", "Attach", "Empty")),
          caching: text("None", "ReadOnly", "ReadWrite"),
          deleteOption: text("Delete", "Detach"),
          diffDiskSettings: record({
            option: text("Local"),
            placement: text("CacheDisk", "ResourceDisk", "NvmeDisk"),
          }),
          diskSizeGB: whole(1, 4095),
          managedDisk: record({
            id: text(),
            storageAccountType: text(
              "Standard_LRS",
              "Premium_LRS",
              "StandardSSD_LRS",
              "Premium_ZRS",
              "StandardSSD_ZRS",
            ),
            diskEncryptionSet: secret,
          }),
          osType: text("Linux", "Windows"),
          writeAcceleratorEnabled: flag,
        }),
        dataDisks: list(
          record({
            lun: required(whole(0, 63)),
            createOption: required(text("Empty", "Attach", "FromImage", "Copy", "Restore")),
            caching: text("None", "ReadOnly", "ReadWrite"),
            deleteOption: text("Delete", "Detach"),
            diskSizeGB: whole(1, 32767),
            name: text(),
            managedDisk: record({ id: text(), storageAccountType: text() }),
          }),
        ),
        diskControllerType: text("SCSI", "NVMe"),
      }),
      osProfile: record({
        adminPassword: { ...writeOnly(text()), secret: true },
        adminUsername: text(),
        allowExtensionOperations: flag,
        computerName: text(),
        customData: writeOnly(text()),
        linuxConfiguration: record({
          disablePasswordAuthentication: flag,
          enableVMAgentPlatformUpdates: flag,
          provisionVMAgent: flag,
          patchSettings: record({
            assessmentMode: text("ImageDefault", "AutomaticByPlatform"),
            patchMode: text("ImageDefault", "AutomaticByPlatform"),
            automaticByPlatformSettings: record({
              rebootSetting: text("Unknown", "IfRequired", "Never", "Always"),
              bypassPlatformSafetyChecksOnUserSchedule: flag,
            }),
          }),
          ssh: record({ publicKeys: list(record({ path: text(), keyData: text() })) }),
        }),
        requireGuestProvisionSignal: flag,
        secrets: list(record({}), 0, 0),
      }),
      networkProfile: record({
        networkInterfaces: list(
          resource(
            { id: required(text()) },
            { primary: flag, deleteOption: text("Delete", "Detach") },
          ),
        ),
      }),
      securityProfile: record({
        encryptionAtHost: flag,
        securityType: text("TrustedLaunch", "ConfidentialVM", "Standard"),
        uefiSettings: record({ secureBootEnabled: flag, vTpmEnabled: flag }),
      }),
      diagnosticsProfile: record({
        bootDiagnostics: record({ enabled: flag, storageUri: text() }),
      }),
      userData: writeOnly(text()),
      additionalCapabilities: record({ hibernationEnabled: flag, ultraSSDEnabled: flag }),
      availabilitySet: ref,
      proximityPlacementGroup: ref,
      virtualMachineScaleSet: ref,
      platformFaultDomain: whole(0),
      billingProfile: record({ maxPrice: { kind: "any" } }),
      evictionPolicy: text("Deallocate", "Delete"),
      extensionsTimeBudget: text(),
      licenseType: text(),
      priority: text("Regular", "Low", "Spot"),
      scheduledEventsProfile: record({
        osImageNotificationProfile: record({ enable: flag, notBeforeTimeout: text("PT15M") }),
        terminateNotificationProfile: record({ enable: flag, notBeforeTimeout: text() }),
      }),
      vmId: served,
      timeCreated: served,
      // Shown with $expand=instanceView only, as Azure does.
      instanceView: writeOnly(served),
      machineState: hidden,
      scheduledEvents: hidden,
      faults: hidden,
    },
    {
      zones: list(text("1", "2", "3"), 0, 1),
      identity: record({
        type: text("SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned", "None"),
        userAssignedIdentities: idSet,
        principalId: readOnly(text()),
        tenantId: readOnly(text()),
      }),
      plan: record({ name: text(), product: text(), promotionCode: text(), publisher: text() }),
      resources: served,
      managedBy: served,
    },
  ),
  prepare,
  rules: [
    terminatingProblems,
    sizeProblems,
    imageProblems,
    osProblems,
    networkProblems,
    placeProblems,
    noticeProblems,
    unchangeable,
  ],
  present: (stored) => withProperties(stored, { instanceView: instanceViewOf(stored) }),
  takesAlong: (existing) =>
    asBodies(asBody(existing.properties.networkProfile)?.networkInterfaces)
      .filter((nic) => asBody(nic.properties)?.deleteOption === "Delete")
      .flatMap((nic) => refOf(nic) ?? []),
};

function prepare(put: Put): void {
  const { desired, existing } = put;
  const { properties } = desired;
  if (existing !== undefined) keepUnsaid(desired, existing);
  properties.vmId = existing?.properties.vmId ?? randomUUID();
  properties.timeCreated = existing?.properties.timeCreated ?? new Date().toISOString();
  const storage = asBody(properties.storageProfile);
  const image = asBody(storage?.imageReference);
  if (image !== undefined) {
    const before = asBody(asBody(existing?.properties.storageProfile)?.imageReference);
    image.exactVersion = before?.exactVersion ?? imageOf(image)?.exactVersion;
  }
  const disk = asBody(storage?.osDisk);
  if (disk !== undefined) {
    const before = asBody(asBody(existing?.properties.storageProfile)?.osDisk);
    disk.osType ??= "Linux";
    disk.caching ??= "ReadWrite";
    disk.deleteOption ??= "Detach";
    disk.name ??=
      before?.name ?? `${desired.name}_OsDisk_1_${String(properties.vmId).replaceAll("-", "")}`;
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
