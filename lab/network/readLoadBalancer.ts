/** A load balancer as the store shows it → its parts. Pure. */
import {
  asBody,
  asText,
  type Body,
  type Child,
  childrenOf,
  refsOf,
  type StoredResource,
} from "../arm/resource";
import type { StoreSnapshot } from "../arm/store";
import {
  type BalancingRule,
  Distribution,
  type Frontend,
  type LoadBalancer,
  type Model,
  type NatRule,
  type OutboundRule,
  type Pool,
  type Probe,
  ProbeProtocol,
  type Tunnel,
} from "./model";
import { numberOr, publicAddressOf, refKey } from "./readValues";

/** Reads a load balancer; the model's NICs must have been read before: pools look for members. */
export function readLoadBalancer(
  resource: StoredResource,
  snapshot: StoreSnapshot,
  model: Model,
): LoadBalancer {
  const gateway = asText(resource.sku?.name) === "Gateway";
  const probes = new Map(
    childrenOf(resource, "probes").map((child) => [child.id.toLowerCase(), readProbe(child)]),
  );
  const frontends = childrenOf(resource, "frontendIPConfigurations").map((child) =>
    readFrontend(child, snapshot, model.problems),
  );
  const balancer: LoadBalancer = {
    id: resource.id.toLowerCase(),
    name: resource.name,
    gateway,
    frontends,
    pools: childrenOf(resource, "backendAddressPools").map((child) => readPool(child, model)),
    rules: childrenOf(resource, "loadBalancingRules").map((child) => readRule(child, probes)),
    natRules: childrenOf(resource, "inboundNatRules").flatMap((child) =>
      readNatRule(resource, child, model.problems),
    ),
    outboundRules: childrenOf(resource, "outboundRules").map(readOutboundRule),
  };
  for (const frontend of frontends) {
    if (gateway || frontend.publicAddress !== undefined) continue;
    model.problems.push(
      `${resource.name}/${frontend.name}: internal load balancers are not carried`,
    );
  }
  for (const child of childrenOf(resource, "loadBalancingRules")) {
    if (child.properties.enableFloatingIP !== true) continue;
    model.problems.push(`${resource.name}/${child.name}: floating IP is not carried`);
  }
  return balancer;
}

function readFrontend(child: Child, snapshot: StoreSnapshot, problems: string[]): Frontend {
  const { properties } = child;
  return {
    id: child.id.toLowerCase(),
    name: child.name,
    ...publicAddressOf(properties.publicIPAddress, snapshot, problems),
    privateAddress: asText(properties.privateIPAddress),
    subnetId: refKey(properties.subnet),
    chain: refKey(properties.gatewayLoadBalancer),
  };
}

function readPool(child: Child, model: Model): Pool {
  const id = child.id.toLowerCase();
  const configurations = model.nics.flatMap((nic) => nic.configurations);
  const byNic = configurations.filter((c) => c.pools.includes(id)).map((c) => c.id);
  const addresses = child.properties.loadBalancerBackendAddresses;
  const byAddress = (Array.isArray(addresses) ? addresses : []).flatMap((entry) => {
    const properties = asBody(asBody(entry)?.properties) ?? {};
    const member = memberByAddress(properties, model);
    return member === undefined ? [] : [{ member, state: properties.adminState }];
  });
  const adminStates = byAddress.flatMap(({ member, state }) =>
    state === "Up" || state === "Down" ? [[member, state] as const] : [],
  );
  const tunnels = child.properties.tunnelInterfaces;
  const tunnel = (type: string): Tunnel | undefined => {
    const list: unknown[] = Array.isArray(tunnels) ? tunnels : [];
    const found = list.map(asBody).find((body) => body?.type === type);
    if (found === undefined) return undefined;
    return { port: numberOr(found.port, 0), vni: numberOr(found.identifier, 0) };
  };
  return {
    id,
    name: child.name,
    internal: tunnel("Internal"),
    external: tunnel("External"),
    members: [...new Set([...byNic, ...byAddress.map(({ member }) => member)])],
    adminStates: new Map(adminStates),
  };
}

function memberByAddress(properties: Body, model: Model): string | undefined {
  const vnet = refKey(properties.virtualNetwork);
  const subnet = refKey(properties.subnet);
  const address = asText(properties.ipAddress);
  return model.nics
    .filter((nic) => vnet === undefined || nic.vnetId === vnet)
    .flatMap((nic) => nic.configurations)
    .find((c) => c.address === address && (subnet === undefined || c.subnetId === subnet))?.id;
}

function readProbe(child: Child): Probe {
  const { properties } = child;
  const protocol = asText(properties.protocol);
  return {
    id: child.id.toLowerCase(),
    protocol:
      protocol === "Tcp"
        ? ProbeProtocol.Tcp
        : protocol === "Https"
          ? ProbeProtocol.Https
          : ProbeProtocol.Http,
    port: numberOr(properties.port, 0),
    path: asText(properties.requestPath) ?? "/",
    // Azure takes nothing below 5 s, and its default is 15 s.
    intervalSeconds: Math.max(5, numberOr(properties.intervalInSeconds, 15)),
    threshold: Math.max(1, numberOr(properties.probeThreshold, 1)),
  };
}

const transport = (value: unknown): "tcp" | "udp" | "all" => {
  const text = String(value).toLowerCase();
  return text === "tcp" || text === "udp" ? text : "all";
};

function readRule(child: Child, probes: ReadonlyMap<string, Probe>): BalancingRule {
  const { properties } = child;
  const single = refKey(properties.backendAddressPool);
  const several = refsOf(properties.backendAddressPools).map((id) => id.toLowerCase());
  const distribution = asText(properties.loadDistribution);
  return {
    name: child.name,
    frontendId: refKey(properties.frontendIPConfiguration) ?? "",
    poolIds: several.length > 0 ? several : single === undefined ? [] : [single],
    protocol: transport(properties.protocol),
    frontendPort: numberOr(properties.frontendPort, 0),
    backendPort: numberOr(properties.backendPort, 0),
    probe: probes.get(refKey(properties.probe) ?? ""),
    distribution:
      distribution === "SourceIP"
        ? Distribution.SourceIP
        : distribution === "SourceIPProtocol"
          ? Distribution.SourceIPProtocol
          : Distribution.Default,
    idleMinutes: numberOr(properties.idleTimeoutInMinutes, 4),
    outboundSnat: properties.disableOutboundSnat !== true,
  };
}

function readNatRule(resource: StoredResource, child: Child, problems: string[]): NatRule[] {
  const { properties } = child;
  const protocol = transport(properties.protocol);
  const frontendPort = numberOr(properties.frontendPort, 0);
  if (properties.backendAddressPool !== undefined || frontendPort === 0 || protocol === "all") {
    problems.push(`${resource.name}/${child.name}: only single-port NAT rules are carried`);
    return [];
  }
  return [
    {
      id: child.id.toLowerCase(),
      frontendId: refKey(properties.frontendIPConfiguration) ?? "",
      protocol,
      frontendPort,
      backendPort: numberOr(properties.backendPort, frontendPort),
    },
  ];
}

function readOutboundRule(child: Child): OutboundRule {
  const { properties } = child;
  return {
    name: child.name,
    poolId: refKey(properties.backendAddressPool) ?? "",
    frontendIds: refsOf(properties.frontendIPConfigurations).map((id) => id.toLowerCase()),
    protocol: transport(properties.protocol),
  };
}
