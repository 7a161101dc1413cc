/** Groups, names, networks, subnets, security groups, public addresses. */
import * as az from "../fixture";
import { refused } from "./cases";

const { good, network } = az;
const newVnet = network("virtualNetworks", "fresh");
const newIp = network("publicIPAddresses", "fresh");
const newSubnet = `${az.vnet}/subnets/fresh`;
const newRule = `${az.nsg}/securityRules/fresh`;
const subnet = () => good.subnet("10.7.9.0/24");
const rule = () => good.rule(200);
const prefixes = "properties.addressSpace.addressPrefixes";

export const networkCases = [
  ...refused("/nowhere", good.vnet, [["tags", {}, "InvalidResourceId"]]),
  ...refused(network("firewalls", "f"), good.vnet, [["tags", {}, "InvalidResourceType"]]),
  ...refused(newVnet.replace("/rg/", "/no/"), good.vnet, [["tags", {}, "ResourceGroupNotFound"]]),
  ...refused(`${newVnet}/subnets/s`, subnet, [["name", "s", "ParentResourceNotFound"]]),
  ...refused(network("virtualNetworks", "-v"), good.vnet, [
    ["tags", {}, "InvalidResourceName", "name"],
  ]),
  ...refused(network("virtualNetworks", "v".repeat(65)), good.vnet, [
    ["tags", {}, "InvalidResourceName"],
  ]),
  ...refused(az.group, good.group, [
    ["location", "northeurope", "InvalidResourceGroupLocation", "location"],
  ]),
  ...refused(newVnet, good.vnet, [
    ["location", undefined, "LocationRequired", "location"],
    ["location", "mars", "LocationNotAvailableForResourceType", "location"],
    ["tags", { "a/b": "c" }, "InvalidTagNameCharacters"],
    ["tags", { a: "v".repeat(257) }, "TagValueTooLong"],
    [
      "tags",
      Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`t${i}`, ""])),
      "TagsLimitExceeded",
    ],
    ["properties.peers", [], "InvalidRequestContent", "properties.peers"],
    ["properties.subnets", "x", "InvalidRequestFormat", "properties.subnets"],
    ["properties", {}, "InvalidRequestFormat", "properties.addressSpace"],
    [prefixes, [], "InvalidRequestFormat"],
    [prefixes, ["10.7.0.1/16"], "InvalidCIDRNotation", `${prefixes}[0]`],
    [prefixes, ["10.7.0.0"], "InvalidAddressPrefixFormat"],
    [prefixes, ["10.7.0.0/30"], "InvalidAddressPrefixFormat"],
    [prefixes, ["224.0.0.0/8"], "AddressPrefixNotAllowed"],
    [prefixes, ["10.0.0.0/8", "10.7.0.0/16"], "AddressPrefixesOverlap"],
  ]),
  ...refused(az.vnet, good.vnet, [
    ["location", "northeurope", "InvalidResourceLocation", "location"],
    ["properties.subnets", [], "InUseSubnetCannotBeDeleted"],
  ]),
  ...refused(newSubnet, subnet, [
    ["properties.addressPrefix", "10.9.0.0/24", "NetcfgSubnetRangeOutsideVnet"],
    ["properties.addressPrefix", "10.7.0.128/25", "NetcfgSubnetRangesOverlap"],
    ["properties.addressPrefix", "10.7.9.0/30", "SubnetTooSmall"],
    ["properties.addressPrefix", "10.7.9.1/24", "InvalidCIDRNotation"],
    ["properties.addressPrefix", undefined, "InvalidRequestFormat"],
    [
      "properties",
      { addressPrefix: "10.7.9.0/24", sharingScope: "Tenant" },
      "SharingScopeRequiresPrivateSubnet",
    ],
    ["properties.networkSecurityGroup.id", az.vnet, "InvalidResourceReference"],
    ["properties.natGateway", { id: network("natGateways", "no") }, "InvalidResourceReference"],
  ]),
  ...refused(az.nvaSubnet, () => good.subnet("10.7.1.0/28"), [
    ["properties.addressPrefix", "10.7.1.8/29", "InUsePrefixCannotBeDeleted"],
  ]),
  ...refused(newRule, rule, [
    [
      "properties.priority",
      99,
      "SecurityRuleInvalidPriority",
      "properties.securityRules[1].properties.priority",
    ],
    ["properties.priority", 4097, "SecurityRuleInvalidPriority"],
    ["properties.priority", 100, "SecurityRuleConflict"],
    ["properties.destinationPortRanges", ["65536"], "SecurityRuleInvalidPortRange"],
    ["properties.destinationPortRanges", ["90-80"], "SecurityRuleInvalidPortRange"],
    ["properties.destinationPortRanges", [], "SecurityRuleParameterContainsUnsupportedValue"],
    ["properties.destinationPortRange", "1", "SecurityRuleParameterContainsUnsupportedValue"],
    ["properties.sourceAddressPrefix", "10.0.0.256", "SecurityRuleInvalidAddressPrefix"],
    [
      "properties",
      {
        ...Object(rule().properties),
        sourceAddressPrefix: undefined,
        sourceAddressPrefixes: ["Internet"],
      },
      "SecurityRuleParameterContainsUnsupportedValue",
    ],
    ["properties.sourceAddressPrefix", undefined, "SecurityRuleParameterContainsNoSourceAddress"],
    ["properties.protocol", "Sctp", "InvalidRequestFormat", "properties.protocol"],
    ["properties.description", "d".repeat(141), "InvalidParameter"],
  ]),
  ...refused(newIp, good.publicIp, [
    ["sku", undefined, "BasicSkuPublicIPAddressRetired", "sku.name"],
    ["properties", {}, "StandardSkuPublicIPAddressesMustBeStatic"],
    ["properties.dnsSettings", { domainNameLabel: "A_b" }, "InvalidDomainNameLabel"],
    ["properties.dnsSettings", { domainNameLabel: "taken" }, "DnsRecordInUse"],
    ["properties.idleTimeoutInMinutes", 3, "InvalidRequestFormat"],
  ]),
  ...refused(network("publicIPAddresses", "web-ip"), good.publicIp, [
    ["properties.publicIPAddressVersion", "IPv6", "PropertyChangeNotSupported"],
    ["sku.name", "Basic", "SkuCannotBeChangedOnUpdate", "sku.name"],
    ["zones", ["1"], "ResourceAvailabilityZonesCannotBeModified"],
  ]),
  ...refused(network("natGateways", "fresh"), good.natGateway, [
    ["sku", undefined, "NatGatewaySkuMissing", "sku.name"],
    [
      "properties.publicIpAddresses",
      [{ id: network("publicIPAddresses", "web-ip") }],
      "PublicIPAddressInUse",
    ],
    ["properties.publicIpAddresses", [{ id: network("publicIPAddresses", "none") }], "NotFound"],
  ]),
];
