/** Properties of a load balancer; public prefixes are not known here. */
import {
  child,
  flag,
  list,
  maintained,
  readOnly,
  record,
  ref,
  required,
  resource,
  served,
  text,
  whole,
} from "../schema";
import { resourceGuid, topLevel } from "./definition";

const subResources = readOnly(list(ref));

/** Properties that the service shows of every rule, and nobody sets. */
const unused = { enableDestinationServiceEndpoint: served, allowBackendPortConflict: served };

/** A backend pool. */
export const poolShape = child({
  drainPeriodInSeconds: whole(0),
  loadBalancerBackendAddresses: list(
    resource(
      { name: text() },
      {
        adminState: text("None", "Up", "Down"),
        ipAddress: text(),
        subnet: ref,
        virtualNetwork: ref,
        networkInterfaceIPConfiguration: readOnly(ref),
      },
    ),
  ),
  syncMode: text("Automatic", "Manual"),
  tunnelInterfaces: list(
    record({
      identifier: whole(),
      port: whole(1, 65535),
      protocol: text("None", "Native", "VXLAN"),
      type: text("None", "Internal", "External"),
    }),
  ),
  location: text(),
  virtualNetwork: ref,
  backendIPConfigurations: subResources,
  inboundNatRules: subResources,
  loadBalancingRules: subResources,
  outboundRule: readOnly(ref),
  outboundRules: subResources,
});

/** An inbound NAT rule. */
export const inboundNatRuleShape = child({
  frontendIPConfiguration: ref,
  backendAddressPool: ref,
  protocol: text("Tcp", "Udp", "All"),
  frontendPort: whole(0, 65534),
  backendPort: whole(1, 65535),
  frontendPortRangeStart: whole(0, 65534),
  frontendPortRangeEnd: whole(0, 65534),
  enableFloatingIP: flag,
  enableTcpReset: flag,
  idleTimeoutInMinutes: whole(4, 30),
  backendIPConfiguration: served,
  ...unused,
});

/** The body of a load balancer, in Azure's shape and the SDK's. */
export const loadBalancerShape = topLevel(
  {
    frontendIPConfigurations: list(
      child(
        {
          gatewayLoadBalancer: ref,
          privateIPAddress: text(),
          privateIPAddressVersion: text("IPv4", "IPv6"),
          privateIPAllocationMethod: text("Static", "Dynamic"),
          publicIPAddress: ref,
          subnet: ref,
          loadBalancingRules: subResources,
          inboundNatRules: subResources,
          inboundNatPools: subResources,
          outboundRules: subResources,
        },
        { zones: list(text("1", "2", "3")) },
      ),
      0,
      600,
    ),
    backendAddressPools: maintained(list(poolShape)),
    probes: list(
      child({
        protocol: required(text("Tcp", "Http", "Https")),
        port: required(whole(1, 65535)),
        requestPath: text(),
        intervalInSeconds: whole(),
        numberOfProbes: whole(1),
        probeThreshold: whole(1, 100),
        noHealthyBackendsBehavior: text("AllProbedDown", "AllProbedUp"),
        loadBalancingRules: subResources,
      }),
    ),
    loadBalancingRules: list(
      child({
        frontendIPConfiguration: ref,
        backendAddressPool: ref,
        backendAddressPools: list(ref),
        probe: ref,
        protocol: required(text("Tcp", "Udp", "All")),
        frontendPort: required(whole(0, 65534)),
        backendPort: whole(0, 65535),
        enableFloatingIP: flag,
        enableTcpReset: flag,
        disableOutboundSnat: flag,
        idleTimeoutInMinutes: whole(4, 30),
        loadDistribution: text("Default", "SourceIP", "SourceIPProtocol"),
        ...unused,
      }),
    ),
    /** For instances of Uniform scale sets: kept and shown, of no effect where there is none. */
    inboundNatPools: list(
      child({
        frontendIPConfiguration: ref,
        protocol: text("Tcp", "Udp", "All"),
        frontendPortRangeStart: required(whole(1, 65534)),
        frontendPortRangeEnd: required(whole(1, 65535)),
        backendPort: required(whole(1, 65535)),
        enableFloatingIP: flag,
        enableTcpReset: flag,
        idleTimeoutInMinutes: whole(4, 30),
        ...unused,
      }),
    ),
    inboundNatRules: maintained(list(inboundNatRuleShape)),
    outboundRules: list(
      child({
        frontendIPConfigurations: required(list(ref)),
        backendAddressPool: required(ref),
        protocol: required(text("Tcp", "Udp", "All")),
        allocatedOutboundPorts: whole(),
        enableTcpReset: flag,
        idleTimeoutInMinutes: whole(4, 100),
      }),
    ),
    ...resourceGuid,
  },
  {
    sku: record({ name: text("Basic", "Standard", "Gateway"), tier: text("Regional", "Global") }),
  },
);
