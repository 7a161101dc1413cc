/** Load balancers of both kinds, and chains. */
import type { Body } from "../../../../lab/arm/resource";
import * as az from "../fixture";
import { refused } from "./cases";

import { innerLb } from "./extras";

const { good, network } = az;
const fresh = network("loadBalancers", "fresh");
const front = "properties.frontendIPConfigurations.0";
const pool = "properties.backendAddressPools.0.properties";
const tunnels = `${pool}.tunnelInterfaces`;
const rule = "properties.loadBalancingRules.0.properties";
const probe = "properties.probes.0.properties";
const privateAddress = `${front}.properties.privateIPAddress`;
const address = (name: string) => network("publicIPAddresses", name);
const chain = `${front}.properties.gatewayLoadBalancer`;
const needsBoth = "GatewayLoadBalancerRuleNeedsInternalAndExternalTunnel";
const poolsDiffer =
  "LoadBalancingRuleBackendAdressPoolAndBackendAddressPoolsCannotBeSetAtTheSameTimeWithDifferentValue";
const mixed = "CannotMixIPBasedAddressesAndIPConfigurationsOnLoadBalancerBackendAddressPool";
const webFrontend = `${az.publicLb}/frontendIPConfigurations/fe`;

/** A second gateway: the one that is there would refuse a change for being one. */
const freshGateway = (): Body =>
  JSON.parse(
    JSON.stringify(good.gateway())
      .replaceAll("/loadBalancers/gwlb", "/loadBalancers/fresh")
      .replaceAll("10.7.0.4", "10.7.0.9"),
  ) as Body;

const freshWeb = (): Body =>
  JSON.parse(JSON.stringify(good.publicLb()).replaceAll("/web/", "/fresh/")) as Body;

const tunnel = (port: number, identifier: number, type: string) => {
  return { port, identifier, type, protocol: "VXLAN" };
};
const internal = tunnel(10800, 800, "Internal");
const external = tunnel(10801, 801, "External");

/** Two pools for one rule, with these tunnels. */
function twoPools(first: Body[], second: Body[]): Body {
  const body = freshGateway();
  const { backendAddressPools, loadBalancingRules } = body.properties as Record<string, Body[]>;
  const pools = ["nvas", "second"].map((name, i) => ({
    name,
    properties: { tunnelInterfaces: i === 0 ? first : second },
  }));
  backendAddressPools?.splice(0, 1, ...pools);
  Object.assign(loadBalancingRules?.[0]?.properties ?? {}, {
    backendAddressPools: pools.map(({ name }) => ({ id: `${fresh}/backendAddressPools/${name}` })),
  });
  return body;
}

const byAddress = (more: Body) => [
  { name: "a", properties: { ipAddress: "10.7.1.6", virtualNetwork: { id: az.vnet }, ...more } },
];
const outbound = [
  {
    name: "out",
    properties: {
      protocol: "All",
      frontendIPConfigurations: [{ id: webFrontend }],
      backendAddressPool: { id: `${az.publicLb}/backendAddressPools/web` },
    },
  },
];

export const balancerCases = [
  ...refused(fresh, freshGateway, [
    ["sku", undefined, "BasicSkuLoadBalancerRetired", "sku.name"],
    ["sku.tier", "Global", "GlobalTierNotSupportedForGatewaySku", "sku.tier"],
    [
      `${front}.properties`,
      { publicIPAddress: { id: network("publicIPAddresses", "web-ip") } },
      "GatewayLoadBalancerFrontendMustBePrivate",
    ],
    [`${front}.properties`, {}, "FrontendIPConfigHasNoSubnetOrPublicIP"],
    [
      `${front}.properties.publicIPAddress`,
      { id: address("web-ip") },
      "FrontendIPConfigHasBothSubnetAndPublicIP",
    ],
    [`${front}.name`, undefined, "InvalidRequestFormat"],
    [
      "properties.frontendIPConfigurations",
      [],
      "LoadBalancerWithoutFrontendIPCantHaveChildResources",
    ],
    [privateAddress, "10.7.1.9", "PrivateIPAddressNotInSubnet"],
    [privateAddress, "10.7.0.3", "PrivateIPAddressInReservedRange"],
    [privateAddress, "10.7.0.255", "PrivateIPAddressInReservedRange"],
    [privateAddress, "10.7.0.4", "PrivateIPAddressIsAllocated"],
    [privateAddress, undefined, "PrivateIPAddressNotProvidedForStaticAllocation"],
    [tunnels, [internal, { ...external, type: "Internal" }], needsBoth],
    [tunnels, [internal], needsBoth],
    // The service fills the pool with one Internal tunnel, which one pool alone cannot work with.
    [tunnels, [], needsBoth],
    [tunnels, [internal, { ...internal, type: "External" }], "TunnelInterfacesMustDiffer"],
    [`${tunnels}.0.identifier`, 799, "InvalidTunnelInterfaceIdentifier"],
    [`${tunnels}.0.identifier`, 1001, "InvalidTunnelInterfaceIdentifier"],
    [`${tunnels}.0.protocol`, "Native", "InvalidTunnelInterfaceProtocol"],
    [`${tunnels}.0.type`, "None", "InvalidTunnelInterfaceType"],
    [
      "",
      twoPools([internal, external], [tunnel(1, 900, "External")]),
      "TwoPoolGatewayLbRuleShouldHaveTwoPoolsEachWithSingleTunnelInterface",
    ],
    ["", twoPools([internal], [tunnel(1, 900, "Internal")]), needsBoth],
    [`${rule}.frontendPort`, 80, "GatewayLoadBalancerProviderOnlyAllowHARule"],
    [`${rule}.protocol`, "Tcp", "GatewayLoadBalancerProviderOnlyAllowHARule"],
    [`${rule}.idleTimeoutInMinutes`, 31, "InvalidRequestFormat"],
    ["properties.outboundRules", outbound, "GatewaySkuSupportsOnlyLoadBalancingRules"],
    [tunnels, [internal, external, external], "TooManyTunnelInterfaces"],
    [
      `${rule}.backendAddressPools`,
      ["a", "b", "c"].map((p) => ({ id: `${fresh}/backendAddressPools/${p}` })),
      "GatewayLoadBalancerRuleHasTooManyPools",
    ],
    [
      "properties.frontendIPConfigurations.1",
      { name: "FE", properties: { subnet: { id: az.gatewaySubnet } } },
      "DuplicateResourceName",
    ],
    [
      `${pool}.loadBalancerBackendAddresses`,
      [{ name: "a", properties: { ipAddress: "10.7.1.6" } }],
      "BackendAddressMissingVirtualNetwork",
    ],
    [
      `${pool}.loadBalancerBackendAddresses`,
      byAddress({ adminState: "Up" }),
      "AdminStateNotSupportedForGatewaySku",
    ],
  ]),
  ...refused(az.gateway, good.gateway, [
    ["sku.name", "Standard", "SkuCannotBeChangedOnUpdate", "sku.name"],
    [`${front}.zones`, ["1"], "ResourceAvailabilityZonesCannotBeModified"],
    [`${front}.properties.subnet.id`, az.nvaSubnet, "PrivateIPAddressNotInSubnet"],
    [
      `${front}.properties`,
      { subnet: { id: az.nvaSubnet } },
      "FrontendIPConfigurationSubnetCannotBeChanged",
    ],
    [
      `${tunnels}.0.identifier`,
      850,
      "TunnelInterfacesCannotBeChangedWhileInUse",
      "properties.backendAddressPools[0].properties.tunnelInterfaces",
    ],
    [`${rule}.enableTcpReset`, true, "EnableTcpResetOnlyAllowedForStandardSkuLoadBalancer"],
    [
      `${rule}.probe.id`,
      `${az.gateway}/probes/none`,
      "InvalidResourceReference",
      "properties.loadBalancingRules[0].properties.probe.id",
    ],
    [`${rule}.backendAddressPool`, { id: `${az.gateway}/backendAddressPools/x` }, poolsDiffer],
    [`${probe}.intervalInSeconds`, 4, "LoadBalancerProbeIntervalTooShort"],
    [`${probe}.port`, 25, "LoadBalancerProbePortNotAllowed"],
    [`${probe}.requestPath`, undefined, "LoadBalancerProbeRequestPathInvalid"],
    [`${pool}.loadBalancerBackendAddresses`, byAddress({}), mixed],
    [chain, { id: az.gatewayFrontend }, "GatewayLoadBalancerChainToItself"],
    ["properties", {}, "GatewayLoadBalancerInUseByChain"],
    ["properties.backendAddressPools", [], "InUseBackendAddressPoolCannotBeDeleted"],
  ]),
  ...refused(az.publicLb, good.publicLb, [
    [
      `${front}.zones`,
      ["1"],
      "LoadBalancerFrontendIPConfigCannotHaveZoneWhenReferencingPublicIPAddress",
    ],
    [`${rule}.frontendIPConfiguration.id`, az.gatewayFrontend, "InvalidResourceReference"],
    ["properties.frontendIPConfigurations", [], "DeletingAllIpConfigsInLoadbalancerNotSupported"],
    [
      "properties.frontendIPConfigurations.1",
      { name: "twin", properties: { publicIPAddress: { id: address("web-ip") } } },
      "PublicIPReferencedByMultipleIPConfigs",
    ],
    [
      "properties.loadBalancingRules.1",
      sameBackend(),
      "RulesUseSameBackendPortProtocolAndPool",
      "properties.loadBalancingRules[1].properties.backendPort",
    ],
    [`${rule}.protocol`, "All", "LoadBalancingRuleProtocolAllRequiresPortZero"],
    [`${probe}.requestPath`, "/", "LoadBalancerProbeRequestPathInvalid"],
    [tunnels, [internal], "TunnelInterfacesOnlyAllowedForGatewaySku"],
    [
      `${chain}.id`,
      az.gateway,
      "InvalidResourceReference",
      `${front.replace(".0", "[0]")}.properties.gatewayLoadBalancer.id`,
    ],
    [`${chain}.id`, `${az.gateway}/frontendIPConfigurations/no`, "InvalidResourceReference"],
    [`${chain}.id`, "gwlb", "LinkedInvalidPropertyId"],
    [`${pool}.syncMode`, "Automatic", "CrossSubscriptionLoadBalancerCannotBeChained"],
    [
      "",
      withSnat(),
      "LoadBalancingRuleMustDisableSNATSinceSameFrontendIPConfigurationIsReferencedByOutboundRule",
    ],
  ]),
  ...refused(fresh, freshWeb, [
    ["tags", {}, "PublicIPAddressInUse"],
    [
      `${front}.properties.publicIPAddress.id`,
      address("six"),
      "GatewayLoadBalancerChainIPVersionMismatch",
    ],
    [`${front}.properties.publicIPAddress.id`, address("v2"), "PublicIPAndLBSkuDoNotMatch"],
    ["", haOnPublic(), "HAPortsRuleOnlyAllowedForInternalLoadBalancer"],
    [
      "properties.loadBalancingRules.1",
      {
        name: "twice",
        properties: (freshWeb().properties as Record<string, Body[]>).loadBalancingRules?.[0]
          ?.properties,
      },
      "RulesUseSameFrontendPortProtocolAndFrontendIPConfig",
    ],
  ]),
  ...refused(innerLb, withInnerOutbound, [
    ["tags", {}, "OutboundRuleOnlyAllowedForPublicFrontend"],
    [
      "properties.outboundRules.0.properties.allocatedOutboundPorts",
      7,
      "InvalidAllocatedOutboundPorts",
    ],
  ]),
];

/** The one rule again, on another frontend port. */
function sameBackend(): Body {
  const [only] = (good.publicLb().properties as Record<string, Body[]>).loadBalancingRules ?? [];
  return { name: "again", properties: { ...(only?.properties as Body), frontendPort: 8080 } };
}

function haOnPublic(): Body {
  const body = freshWeb();
  const [only] = (body.properties as Record<string, Body[]>).loadBalancingRules ?? [];
  Object.assign(only?.properties ?? {}, { protocol: "All", frontendPort: 0, backendPort: 0 });
  return body;
}

function withInnerOutbound(): Body {
  const id = (part: string) => ({ id: `${innerLb}/${part}` });
  return {
    location: az.location,
    sku: { name: "Standard" },
    properties: {
      frontendIPConfigurations: [{ name: "fe", properties: { subnet: { id: az.gatewaySubnet } } }],
      backendAddressPools: [{ name: "inner" }],
      outboundRules: [
        {
          name: "out",
          properties: {
            protocol: "All",
            frontendIPConfigurations: [id("frontendIPConfigurations/fe")],
            backendAddressPool: id("backendAddressPools/inner"),
          },
        },
      ],
    },
  };
}

function withSnat(): Body {
  const body = good.publicLb();
  const properties = body.properties as Record<string, Body[]>;
  properties.outboundRules = outbound;
  Object.assign(properties.loadBalancingRules?.[0]?.properties ?? {}, {
    disableOutboundSnat: false,
  });
  return body;
}
