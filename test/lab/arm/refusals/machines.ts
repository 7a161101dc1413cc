/** Network interfaces and virtual machines. */
import * as az from "../fixture";
import { refused } from "./cases";

const { good, network } = az;
const config = "properties.ipConfigurations.0.properties";
const os = "properties.osProfile";
const linux = `${os}.linuxConfiguration`;
const image = "properties.storageProfile.imageReference";
const nics = "properties.networkProfile.networkInterfaces";
const security = "properties.securityProfile";
const identities = `${az.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;

/** A machine beside the one that is there, on the spare interface. */
const second = () => az.changed(good.nva(), `${nics}.0.id`, az.spareNic);

/** An RSA key of 1,024 bits. */
const shortKey = `ssh-rsa ${Buffer.concat([
  Buffer.from([0, 0, 0, 7]),
  Buffer.from("ssh-rsa"),
  Buffer.from([0, 0, 0, 1, 3, 0, 0, 0, 128]),
  Buffer.alloc(128, 255),
]).toString("base64")}`;

const base64 = (bytes: number) => Buffer.alloc(bytes).toString("base64");

export const machineCases = [
  ...refused(az.workNic, good.workNic, [
    [`${config}.subnet.id`, az.nvaSubnet, "NicVnetCannotBeChanged"],
    [`${config}.publicIPAddress`, undefined, "GatewayLoadBalancerChainNeedsPublicIPAddress"],
    [
      `${config}.gatewayLoadBalancer.id`,
      `${az.publicLb}/frontendIPConfigurations/fe`,
      "ChainedLoadBalancerMustBeGatewaySku",
    ],
    [
      `${config}.loadBalancerBackendAddressPools`,
      [{ id: az.gatewayPool }],
      "NetworkInterfaceAndInternalLoadBalancerMustUseSameVnet",
    ],
    [
      `${config}.publicIPAddress.id`,
      network("publicIPAddresses", "web-ip"),
      "PublicIPAddressInUse",
      "properties.ipConfigurations[0].properties.publicIPAddress.id",
    ],
    [
      `${config}.publicIPAddress.id`,
      network("publicIPAddresses", "six"),
      "IpConfigurationVersionMismatch",
    ],
    [
      `${config}.publicIPAddress.id`,
      network("publicIPAddresses", "v2"),
      "GatewayLoadBalancerChainNeedsStandardPublicIPAddress",
    ],
    ["properties.networkSecurityGroup", { id: az.vnet }, "InvalidResourceReference"],
  ]),
  ...refused(az.spareNic, good.spareNic, [
    [
      az.membership,
      ["inner", "inner2"].map((lb) => ({
        id: `${network("loadBalancers", lb)}/backendAddressPools/inner`,
      })),
      "NetworkInterfaceUsesMultipleLoadBalancersOfSameType",
    ],
    [
      "properties.ipConfigurations",
      ["a", "b"].map((name) => ({
        name,
        properties: { subnet: { id: az.nvaSubnet }, primary: true },
      })),
      "NetworkInterfaceCannotHaveMultiplePrimaryIpConfigurations",
    ],
  ]),
  ...refused(az.nvaNic, good.nvaNic, [
    [`${config}.privateIPAddress`, "10.7.1", "InvalidIPAddressInRequest"],
    [`${config}.privateIPAddress`, "10.7.1.16", "PrivateIPAddressNotInSubnet"],
    [`${config}.subnet`, undefined, "LinkedInvalidPropertyId"],
    [
      "properties.ipConfigurations.0.name",
      "new",
      "PrimaryIpConfigurationCannotBeChangedWhileAttached",
    ],
  ]),
  ...refused(network("networkInterfaces", "fresh"), good.nvaNic, [
    ["properties", {}, "NetworkInterfaceMustHaveAtLeastOneIpConfiguration"],
    ["tags", {}, "PrivateIPAddressIsAllocated"],
    ["location", "northeurope", "InvalidResourceReference"],
  ]),
  ...refused(az.nva, good.nva, [
    [`${os}.customData`, "bmV3", "PropertyChangeNotAllowed", "osProfile.customData"],
    [`${os}.computerName`, "new", "PropertyChangeNotAllowed", "osProfile.computerName"],
    [`${os}.adminUsername`, "new", "InvalidParameter", "linuxConfiguration.ssh.publicKeys.path"],
    [`${image}.sku`, "minimal", "PropertyChangeNotAllowed", "imageReference"],
    ["zones", ["1"], "PropertyChangeNotAllowed", "zones"],
    [`${security}.securityType`, "Standard", "InvalidParameter", "securityProfile.uefiSettings"],
    [
      `${nics}.0.id`,
      az.spareNic,
      "AddingOrDeletingNetworkInterfacesOnARunningVirtualMachineNotSupported",
    ],
    ["properties.userData", base64(49_155), "InvalidParameter", "userData"],
    ["properties.userData", "text!", "InvalidParameter", "userData"],
    ["identity", { type: "UserAssigned" }, "InvalidIdentityValues"],
    [
      "identity",
      { type: "UserAssigned", userAssignedIdentities: { [`${identities}/no`]: {} } },
      "InvalidResourceReference",
    ],
    [
      "properties.scheduledEventsProfile",
      { terminateNotificationProfile: { enable: true, notBeforeTimeout: "PT16M" } },
      "InvalidParameter",
    ],
  ]),
  ...refused(az.nva.replace(/nva$/, "second"), second, [
    [`${nics}.0.id`, az.nvaNic, "NicInUse"],
    [`${nics}.0.id`, network("networkInterfaces", "no"), "InvalidResourceReference"],
    [nics, [], "VirtualMachineMustHaveAtLeastOneNetworkInterface"],
    [
      nics,
      [{ id: az.spareNic }, { id: network("networkInterfaces", "member") }],
      "VirtualMachineMustHaveOneNetworkInterfaceAsPrimary",
    ],
    ["properties.hardwareProfile.vmSize", "Large", "InvalidParameter", "vmSize"],
    ["properties.hardwareProfile.vmSize", "Standard_Q4s_v9", "InvalidParameter", "vmSize"],
    ["properties.hardwareProfile.vmSize", "Standard_D2_v3", "BadRequest", "vmSize"],
    ["properties.hardwareProfile.vmSize", "Standard_D2ps_v5", "BadRequest", "vmSize"],
    [`${image}.offer`, "no", "PlatformImageNotFound", "imageReference"],
    [`${image}.version`, "newest", "PlatformImageNotFound", "imageReference"],
    [`${image}.sku`, "server-gen1", "BadRequest", "securityProfile.securityType"],
    [`${image}.sku`, "server-arm64", "BadRequest", "vmSize"],
    ["properties.storageProfile.osDisk.diskSizeGB", 29, "OperationNotAllowed", "osDisk.diskSizeGB"],
    [`${os}.adminUsername`, "admin", "InvalidParameter", "adminUsername"],
    [`${os}.adminUsername`, "root", "InvalidParameter", "adminUsername"],
    [`${os}.computerName`, "c".repeat(65), "InvalidParameter", "computerName"],
    [`${os}.computerName`, "a_b", "InvalidParameter", "computerName"],
    [`${linux}.ssh`, undefined, "InvalidParameter", "linuxConfiguration"],
    [`${linux}.ssh.publicKeys.0.keyData`, "ssh-rsa AAAA", "InvalidParameter"],
    [`${linux}.ssh.publicKeys.0.keyData`, shortKey, "InvalidParameter"],
    [
      `${linux}.ssh.publicKeys.0.path`,
      "/home/somebody-else/.ssh/authorized_keys",
      "InvalidParameter",
    ],
    [`${os}.adminPassword`, "Password1234", "InvalidParameter", "adminPassword"],
    [`${os}.customData`, "#cloud-config", "InvalidParameter", "customData"],
    [`${os}.customData`, base64(65_536), "InvalidParameter", "customData"],
    [`${security}.encryptionAtHost`, true, "InvalidParameter", "securityProfile.encryptionAtHost"],
    ["properties.plan", {}, "InvalidRequestContent", "properties.plan"],
  ]),
  ...refused(`${az.group}/providers/Microsoft.Compute/sshPublicKeys/k`, good.group, [
    ["properties", { publicKey: shortKey }, "InvalidParameter", "publicKey"],
  ]),
];
