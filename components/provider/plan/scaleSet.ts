/** Body of a fleet's scale set as plain data, in the fields of azure-native. */

import { APPLICATION_HEALTH_PATH } from "../../../nva-cloud-init/contract/contract";
import type { Reason } from "../../check/problem";
import type { Fleet } from "./fleet";
import type { Nva } from "./nva";
import type { Probe } from "./probe";

/**
 * Values that Azure fixes when a scale set is made. azure-native plans a change as an update, so
 * each is named here, and each that a user can change is part of the scale set's name
 * (`fixedByScaleSet`): the new one stands beside the old one before that goes.
 */
export const FIXED_BY_SCALE_SET = [
  "zones",
  "orchestrationMode",
  "platformFaultDomainCount",
  "virtualMachineProfile.osProfile.computerNamePrefix",
  "virtualMachineProfile.securityProfile",
  "virtualMachineProfile.networkProfile.networkInterfaceConfigurations[*].enableAcceleratedNetworking",
  "virtualMachineProfile.networkProfile.networkInterfaceConfigurations[*].ipConfigurations",
];

/** As much of a scale set's inputs as says what its NVAs boot from, and how they come to it. */
export interface BootInputs {
  upgradePolicy?: { rollingUpgradePolicy?: { maxSurge?: boolean } };
  virtualMachineProfile?: {
    osProfile?: {
      adminUsername?: unknown;
      customData?: unknown;
      linuxConfiguration?: { ssh?: { publicKeys?: { keyData?: unknown }[] } };
    };
    storageProfile?: { imageReference?: { version?: unknown } };
  };
}

/**
 * Why a change of the model would reach new NVAs only. customData and the administrator are read
 * when a machine first boots: Azure wants the latest model and a reimage for them
 * (https://learn.microsoft.com/azure/virtual-machines/custom-data), and an upgrade in place makes a
 * new disk for another image alone.
 */
export function unreachedReason(before: BootInputs, after: BootInputs): Reason {
  if (after.upgradePolicy?.rollingUpgradePolicy?.maxSurge === true) return undefined;
  const image = ({ virtualMachineProfile }: BootInputs) =>
    virtualMachineProfile?.storageProfile?.imageReference?.version;
  if (image(before) !== image(after)) return undefined;
  const { adminUsername, customData, keyData } = bootsFrom(before);
  const now = bootsFrom(after);
  const changed = [
    ...(isChanged(customData, now.customData)
      ? ["customData (its MTU, poll or drain times, or the version of azure-gwlb)"]
      : []),
    ...(isChanged(adminUsername, now.adminUsername) || isChanged(keyData, now.keyData)
      ? ["the administrator"]
      : []),
  ];
  return changed.length === 0
    ? undefined
    : `${changed.join(" and ")} would change for new NVAs only, since those that are there boot from their disks: change nva.imageVersion too, or set fleet.upgrade.surge to true for this update, and each gets a new disk`;
}

const bootsFrom = ({ virtualMachineProfile }: BootInputs) => {
  const { adminUsername, customData, linuxConfiguration } = virtualMachineProfile?.osProfile ?? {};
  return { adminUsername, customData, keyData: linuxConfiguration?.ssh?.publicKeys?.[0]?.keyData };
};

/** Whether both are known, and differ. */
const isChanged = (before: unknown, after: unknown): boolean =>
  typeof before === "string" && typeof after === "string" && before !== after;

/** The top level of the scale set. */
export function scaleSetShell(fleet: Fleet, nva: Nva) {
  const { zones, upgrade, repairs } = fleet;
  return {
    orchestrationMode: "Flexible",
    // The only count that goes with zones, and the one that spreads most.
    platformFaultDomainCount: 1,
    ...(zones.length === 0 ? {} : { zones: [...zones] }),
    sku: { name: nva.size, tier: "Standard", capacity: fleet.capacity },
    upgradePolicy: {
      mode: "Rolling" as const,
      rollingUpgradePolicy: {
        maxBatchInstancePercent: upgrade.batchPercent,
        maxUnhealthyInstancePercent: upgrade.unhealthyPercent,
        maxUnhealthyUpgradedInstancePercent: upgrade.unhealthyUpgradedPercent,
        pauseTimeBetweenBatches: `PT${upgrade.pauseSeconds}S`,
        // NVAs that a bad change has spoiled get the good one first.
        prioritizeUnhealthyInstances: true,
        // A bad change stays in one zone.
        enableCrossZoneUpgrade: false,
        maxSurge: upgrade.surge,
      },
    },
    automaticRepairsPolicy: {
      enabled: repairs.enabled,
      gracePeriod: `PT${repairs.graceMinutes}M`,
      // From the latest model, on a new machine: a restart repairs neither disk nor host.
      repairAction: "Replace",
    },
    // Forced deletion would skip the notice that an NVA drains in.
    scaleInPolicy: { rules: [fleet.scaleIn], forceDeletion: false },
  };
}

/**
 * The extension that Azure judges an instance by. Flexible scale sets take no other source for
 * rolling upgrades, and version 2.0 is the one that tells a machine that boots from a dead one.
 */
export function healthExtension(fleet: Fleet, probe: Probe) {
  const { intervalSeconds, probes, bootSeconds } = fleet.health;
  return {
    name: "health",
    publisher: "Microsoft.ManagedServices",
    type: "ApplicationHealthLinux",
    typeHandlerVersion: "2.0",
    autoUpgradeMinorVersion: true,
    settings: {
      protocol: "http",
      port: probe.port,
      requestPath: APPLICATION_HEALTH_PATH,
      intervalInSeconds: intervalSeconds,
      numberOfProbes: probes,
      gracePeriod: bootSeconds,
    },
  };
}

/** Announcements that an NVA drains by: that it is deleted, and that its disk is made anew. */
export function scheduledEvents(terminateNoticeMinutes: number) {
  return {
    terminateNotificationProfile: {
      enable: true,
      notBeforeTimeout: `PT${terminateNoticeMinutes}M`,
    },
    // The one time that Azure takes here.
    osImageNotificationProfile: { enable: true, notBeforeTimeout: "PT15M" },
  };
}

/** The one NIC of each instance, in the pool and without a public address. */
export function scaleSetInterface(
  nva: Nva,
  ids: { securityGroup: string; subnet: string; pool: string },
) {
  return {
    name: "nva",
    primary: true,
    deleteOption: "Delete",
    enableAcceleratedNetworking: nva.acceleratedNetworking,
    networkSecurityGroup: { id: ids.securityGroup },
    ipConfigurations: [
      {
        name: "primary",
        primary: true,
        privateIPAddressVersion: "IPv4",
        subnet: { id: ids.subnet },
        loadBalancerBackendAddressPools: [{ id: ids.pool }],
      },
    ],
  };
}
