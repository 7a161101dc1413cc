/** Properties of a scale set; application profiles, key vaults and Windows are not known here. */
import {
  flag,
  hidden,
  list,
  record,
  ref,
  required,
  resource,
  served,
  text,
  whole,
  writeOnly,
} from "../schema";
import { capabilities, interfaceSettings, machineEnvelope } from "./computeShape";
import { topLevel } from "./definition";
import { virtualMachineShape } from "./virtualMachineShape";

const vm = virtualMachineShape.fields ?? {};
const vmStorage = vm.storageProfile?.fields ?? {};
const { computerName: _own, ...vmOs } = vm.osProfile?.fields ?? {};
const { name: _name, ...vmDisk } = vmStorage.osDisk?.fields ?? {};

/** A field of the machine's shape, where the scale set keeps it itself. */
const plain = (name: string) =>
  ({ ...vm[name], kind: vm[name]?.kind ?? "any", inner: false }) as const;

/** One NIC of every instance. */
const networkInterfaceConfiguration = resource(
  { name: required(text()) },
  {
    primary: flag,
    deleteOption: text("Delete", "Detach"),
    ...interfaceSettings,
    dnsSettings: record({ dnsServers: list(text()) }),
    networkSecurityGroup: ref,
    ipConfigurations: required(
      list(
        resource(
          { name: required(text()) },
          {
            // Not in Azure's API: here so that who tries it is told what to do instead.
            gatewayLoadBalancer: ref,
            loadBalancerBackendAddressPools: list(ref),
            // Of Uniform scale sets: refused with their mode, or by a rule of its own.
            loadBalancerInboundNatPools: list(ref),
            primary: flag,
            privateIPAddressVersion: text("IPv4", "IPv6"),
            subnet: ref,
          },
        ),
      ),
    ),
  },
);

const extension = resource(
  { name: text() },
  {
    autoUpgradeMinorVersion: flag,
    enableAutomaticUpgrade: flag,
    forceUpdateTag: text(),
    protectedSettings: { kind: "any", writeOnly: true, secret: true },
    provisionAfterExtensions: list(text()),
    publisher: text(),
    settings: { kind: "any" },
    suppressFailures: flag,
    type: text(),
    typeHandlerVersion: text(),
  },
);

const virtualMachineProfile = record({
  diagnosticsProfile: plain("diagnosticsProfile"),
  extensionProfile: record({ extensions: list(extension), extensionsTimeBudget: text() }),
  licenseType: plain("licenseType"),
  networkProfile: record({
    healthProbe: ref,
    networkApiVersion: text("2020-11-01", "2022-11-01"),
    networkInterfaceConfigurations: list(networkInterfaceConfiguration),
  }),
  osProfile: record({ ...vmOs, computerNamePrefix: text() }),
  priority: plain("priority"),
  scheduledEventsProfile: plain("scheduledEventsProfile"),
  securityProfile: plain("securityProfile"),
  storageProfile: record({ ...vmStorage, osDisk: record(vmDisk) }),
  userData: plain("userData"),
  timeCreated: served,
});

/** The body of a scale set, in Azure's shape and the SDK's. */
export const scaleSetShape = topLevel(
  {
    additionalCapabilities: capabilities,
    automaticRepairsPolicy: record({
      enabled: flag,
      gracePeriod: text(),
      repairAction: text("Replace", "Restart", "Reimage"),
    }),
    constrainedMaximumCapacity: flag,
    orchestrationMode: text("Uniform", "Flexible"),
    overprovision: flag,
    platformFaultDomainCount: whole(1),
    proximityPlacementGroup: ref,
    resiliencyPolicy: record({
      automaticZoneRebalancingPolicy: record({
        enabled: flag,
        rebalanceBehavior: text("CreateBeforeDelete"),
        rebalanceStrategy: text("Recreate"),
      }),
      resilientVMCreationPolicy: record({ enabled: flag }),
      resilientVMDeletionPolicy: record({ enabled: flag }),
    }),
    scaleInPolicy: record({
      forceDeletion: flag,
      prioritizeUnhealthyVMs: flag,
      rules: list(text("Default", "OldestVM", "NewestVM"), 0, 1),
    }),
    scheduledEventsPolicy: record({
      scheduledEventsAdditionalPublishingTargets: record({
        eventGridAndResourceGraph: record({ enable: flag }),
      }),
      userInitiatedReboot: record({ automaticallyApprove: flag }),
      userInitiatedRedeploy: record({ automaticallyApprove: flag }),
    }),
    singlePlacementGroup: flag,
    upgradePolicy: record({
      automaticOSUpgradePolicy: record({
        disableAutomaticRollback: flag,
        enableAutomaticOSUpgrade: flag,
        osRollingUpgradeDeferral: flag,
        useRollingUpgradePolicy: flag,
      }),
      mode: text("Automatic", "Manual", "Rolling"),
      rollingUpgradePolicy: record({
        enableCrossZoneUpgrade: flag,
        maxBatchInstancePercent: whole(5, 100),
        maxSurge: flag,
        maxUnhealthyInstancePercent: whole(5, 100),
        maxUnhealthyUpgradedInstancePercent: whole(0, 100),
        pauseTimeBetweenBatches: text(),
        prioritizeUnhealthyInstances: flag,
        rollbackFailedInstancesOnPolicyBreach: flag,
      }),
    }),
    virtualMachineProfile,
    zonalPlatformFaultDomainAlignMode: text("Aligned", "Unaligned"),
    zoneBalance: flag,
    timeCreated: served,
    uniqueId: served,
    // Shown with $expand=instanceView only.
    instanceView: writeOnly(served),
    modelVersion: hidden,
    upgrade: hidden,
    rollingUpgrades: hidden,
    repairs: hidden,
  },
  {
    sku: record({ name: text(), tier: text(), capacity: whole(0) }),
    zones: list(text("1", "2", "3"), 0, 3),
    ...machineEnvelope,
  },
);
