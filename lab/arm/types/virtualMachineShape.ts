/** Properties of a virtual machine. */
import {
  flag,
  hidden,
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
import { capabilities, machineEnvelope } from "./computeShape";
import { topLevel } from "./definition";

const secret = record({ id: text() });

/** The body of a virtual machine, in Azure's shape and the SDK's. */
export const virtualMachineShape = topLevel(
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
    additionalCapabilities: capabilities,
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
    /** The scale set's record of its instance. */
    scaleSetInstance: hidden,
  },
  {
    zones: list(text("1", "2", "3"), 0, 1),
    ...machineEnvelope,
    resources: served,
    managedBy: served,
  },
);
