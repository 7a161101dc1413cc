/** Scale sets: what is wrong with one, and what of one never changes. */
import type { Body } from "../../../../lab/arm/resource";
import * as az from "../fixture";
import { refused } from "./cases";
import { innerLb } from "./extras";

const profile = "properties.virtualMachineProfile";
const os = `${profile}.osProfile`;
const image = `${profile}.storageProfile.imageReference`;
const network = `${profile}.networkProfile`;
const nic = `${network}.networkInterfaceConfigurations.0.properties`;
const ip = `${nic}.ipConfigurations.0.properties`;
const extension = `${profile}.extensionProfile.extensions.0.properties`;
const settings = `${extension}.settings`;
const upgrade = "properties.upgradePolicy";
const rolling = `${upgrade}.rollingUpgradePolicy`;
const repairs = "properties.automaticRepairsPolicy";
const terminate = `${profile}.scheduledEventsProfile.terminateNotificationProfile`;
const fresh = az.fleet.replace(/fleet$/, "fresh");
const settingsTarget = "extensionProfile.extensions.settings";

/** A setting that Azure takes. */
const setting = (): Body => ({
  location: az.location,
  properties: {
    targetResourceUri: az.fleet,
    profiles: [
      {
        name: "load",
        capacity: { minimum: "1", maximum: "10", default: "3" },
        rules: [
          {
            metricTrigger: {
              metricName: "Percentage CPU",
              metricResourceUri: az.fleet,
              operator: "GreaterThan",
              statistic: "Average",
              threshold: 70,
              timeAggregation: "Average",
              timeGrain: "PT1M",
              timeWindow: "PT5M",
            },
            scaleAction: {
              direction: "Increase",
              type: "ChangeCount",
              value: "1",
              cooldown: "PT5M",
            },
          },
        ],
      },
    ],
  },
});
const autoscale = `${az.group}/providers/Microsoft.Insights/autoscaleSettings/load`;
const load = "properties.profiles.0";
const trigger = `${load}.rules.0.metricTrigger`;

export const scaleSetCases = [
  ...refused(autoscale, setting, [
    ["properties.targetResourceUri", az.nva, "InvalidResourceReference"],
    ["properties.targetResourceUri", fresh, "InvalidResourceReference"],
    [`${load}.capacity.minimum`, "4", "BadRequest", "properties.profiles[0].capacity"],
    [`${load}.capacity.maximum`, "1001", "BadRequest", "properties.profiles[0].capacity"],
    [`${load}.recurrence`, {}, "InvalidRequestContent", "properties.profiles[0].recurrence"],
    [`${trigger}.metricName`, "Inbound Flows", "BadRequest"],
    [`${trigger}.metricResourceUri`, az.nva, "BadRequest"],
    [`${trigger}.timeWindow`, "PT4M", "BadRequest"],
    [`${trigger}.timeGrain`, "PT30S", "BadRequest"],
    [`${trigger}.threshold`, "70", "BadRequest"],
    [`${load}.rules.0.scaleAction.cooldown`, "P8D", "BadRequest"],
    [`${load}.rules.0.scaleAction.value`, "0", "BadRequest"],
  ]),
  ...refused(fresh, az.goodFleet, [
    ["properties.orchestrationMode", "Uniform", "InvalidParameter", "orchestrationMode"],
    ["properties.orchestrationMode", undefined, "InvalidParameter", "orchestrationMode"],
    ["properties.orchestrationMode", "Other", "InvalidRequestFormat"],
    ["sku.name", undefined, "InvalidParameter", "sku.name"],
    ["sku.name", "Large", "InvalidParameter", "vmSize"],
    ["sku.capacity", 1001, "InvalidParameter", "sku.capacity"],
    ["sku.capacity", 20, "SubnetIsFull"],
    ["properties.platformFaultDomainCount", undefined, "InvalidParameter"],
    ["properties.platformFaultDomainCount", 2, "InvalidParameter", "platformFaultDomainCount"],
    ["properties.overprovision", true, "InvalidParameter", "overprovision"],
    ["properties.singlePlacementGroup", true, "InvalidParameter", "singlePlacementGroup"],
    ["identity", { type: "SystemAssigned" }, "InvalidIdentityValues", "identity.type"],
    ["zones", ["1", "4"], "InvalidRequestFormat"],
    ["properties.zones", ["1"], "InvalidRequestContent", "properties.zones"],
    [profile, undefined, "InvalidParameter", "virtualMachineProfile"],
    [os, undefined, "InvalidParameter", "virtualMachineProfile.osProfile"],
    [`${os}.computerNamePrefix`, undefined, "InvalidParameter", "osProfile.computerNamePrefix"],
    [`${os}.computerNamePrefix`, "n".repeat(59), "InvalidParameter"],
    [`${os}.computerNamePrefix`, "n_", "InvalidParameter", "computerName"],
    [`${os}.adminUsername`, "admin", "InvalidParameter", "adminUsername"],
    [`${os}.linuxConfiguration.ssh`, undefined, "InvalidParameter", "linuxConfiguration"],
    [`${os}.adminPassword`, "Password1234", "InvalidParameter", "adminPassword"],
    [`${os}.customData`, "#cloud-config", "InvalidParameter", "customData"],
    [`${profile}.userData`, "text!", "InvalidParameter", "userData"],
    [`${image}.sku`, "server-gen1", "BadRequest", "securityProfile.securityType"],
    [`${image}.version`, "newest", "PlatformImageNotFound", "imageReference"],
    [
      `${network}.networkApiVersion`,
      undefined,
      "NetworkApiVersionMustBeSpecifiedWithNetworkInterfaceConfigurations",
    ],
    [`${network}.networkApiVersion`, "2024-05-01", "InvalidRequestFormat"],
    [
      `${network}.healthProbe`,
      { id: `${az.gateway}/probes/health` },
      "InvalidParameter",
      "networkProfile.healthProbe",
    ],
    [
      `${network}.healthProbe`,
      { id: `${az.publicLb}/probes/tcp` },
      "InvalidParameter",
      "networkProfile.healthProbe",
    ],
    [
      `${network}.networkInterfaceConfigurations`,
      [],
      "VirtualMachineMustHaveAtLeastOneNetworkInterface",
    ],
    [`${nic}.ipConfigurations`, [], "NetworkInterfaceMustHaveAtLeastOneIpConfiguration"],
    [`${nic}.networkSecurityGroup`, { id: az.vnet }, "InvalidResourceReference"],
    [
      `${nic}.enableAcceleratedNetworking`,
      true,
      "VMSizeIsNotPermittedToEnableAcceleratedNetworking",
    ],
    [`${ip}.subnet`, undefined, "LinkedInvalidPropertyId"],
    [
      `${ip}.gatewayLoadBalancer`,
      { id: az.gatewayFrontend },
      "ScaleSetIpConfigurationCannotBeChained",
      `${network}.networkInterfaceConfigurations[0].properties.ipConfigurations[0].properties.gatewayLoadBalancer`,
    ],
    [
      `${ip}.loadBalancerBackendAddressPools`,
      [az.gatewayPool, `${innerLb}/backendAddressPools/inner`].map((id) => ({ id })),
      "VMScaleSetCannotUseMultipleLoadBalancersOfSameType",
    ],
    [
      `${ip}.loadBalancerBackendAddressPools`,
      [{ id: `${az.gateway}/backendAddressPools/no` }],
      "InvalidResourceReference",
    ],
    [`${ip}.publicIPAddressConfiguration`, { name: "ip" }, "InvalidRequestContent"],
    [`${profile}.extensionProfile`, undefined, "InvalidParameter", "upgradePolicy.mode"],
    [
      `${profile}.extensionProfile`,
      undefined,
      "InvalidParameter",
      "automaticRepairsPolicy.enabled",
    ],
    [`${extension}.type`, undefined, "InvalidParameter", "extensionProfile.extensions.type"],
    [`${extension}.typeHandlerVersion`, "3.0", "InvalidParameter"],
    [`${settings}.protocol`, "Http2", "InvalidParameter", `${settingsTarget}.protocol`],
    [`${settings}.port`, 0, "InvalidParameter", `${settingsTarget}.port`],
    [`${settings}.requestPath`, undefined, "InvalidParameter", `${settingsTarget}.requestPath`],
    [`${settings}.intervalInSeconds`, 4, "InvalidParameter", `${settingsTarget}.intervalInSeconds`],
    [`${settings}.numberOfProbes`, 25, "InvalidParameter", `${settingsTarget}.numberOfProbes`],
    [`${settings}.gracePeriod`, 14_401, "InvalidParameter", `${settingsTarget}.gracePeriod`],
    [`${settings}.path`, "/", "InvalidParameter", `${settingsTarget}.path`],
    [`${rolling}.maxBatchInstancePercent`, 4, "InvalidRequestFormat"],
    [`${rolling}.pauseTimeBetweenBatches`, "5 minutes", "InvalidParameter"],
    [`${rolling}.rollbackFailedInstancesOnPolicyBreach`, true, "InvalidParameter"],
    [
      upgrade,
      {
        mode: "Rolling",
        automaticOSUpgradePolicy: { enableAutomaticOSUpgrade: true },
        rollingUpgradePolicy: { maxSurge: true },
      },
      "InvalidParameter",
      "upgradePolicy.rollingUpgradePolicy.maxSurge",
    ],
    [`${repairs}.gracePeriod`, "PT9M", "InvalidParameter", "automaticRepairsPolicy.gracePeriod"],
    [`${repairs}.gracePeriod`, "PT91M", "InvalidParameter", "automaticRepairsPolicy.gracePeriod"],
    [`${repairs}.repairAction`, "Ignore", "InvalidRequestFormat"],
    ["properties.scaleInPolicy", { rules: ["Largest"] }, "InvalidRequestFormat"],
    [terminate, { enable: true, notBeforeTimeout: "PT4M" }, "InvalidParameter"],
    ["properties.skuProfile", {}, "InvalidRequestContent", "properties.skuProfile"],
  ]),
  ...refused(fresh, () => az.changed(az.goodFleet(), "zones", ["1"]), [
    ["properties.zoneBalance", true, "InvalidParameter", "zoneBalance"],
  ]),
  ...refused(az.fleet, () => az.goodFleet(1), [
    ["properties.platformFaultDomainCount", 3, "PropertyChangeNotAllowed"],
    ["zones", ["1"], "PropertyChangeNotAllowed", "zones"],
    ["zones", ["1", "3"], "PropertyChangeNotAllowed", "zones"],
    [`${image}.offer`, "0001-com-ubuntu-server-jammy", "PropertyChangeNotAllowed"],
    ["location", "northeurope", "InvalidResourceLocation"],
  ]),
  ...refused(
    az.nva.replace(/nva$/, "lone"),
    () =>
      az.changed(az.good.nva(), "properties.networkProfile.networkInterfaces.0.id", az.spareNic),
    [["properties.virtualMachineScaleSet", { id: az.fleet }, "OperationNotAllowed"]],
  ),
];
