/** Wrong arguments: each is refused in one go, by path and rule, before anything is declared. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { GatewayProvider, IlpipConsumer, PublicLoadBalancerConsumer } from "../../components/index";
import { settle, startMocks } from "../support/mocks";

interface Wrong {
  what: string;
  args: Record<string, unknown>;
  /** Component's name, where that is what is wrong. */
  name?: string;
  path: string;
  /** A word of the rule, or of the way out. */
  rule: RegExp;
}

const GROUP = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network";
const BALANCER = `${GROUP}/loadBalancers/gw`;
const FRONTEND = `${BALANCER}/frontendIPConfigurations/f`;
const SUBNET = `${GROUP}/virtualNetworks/n/subnets/s`;
const existing = { gatewaySubnetId: SUBNET, nvaSubnetId: SUBNET, frontendAddress: "10.1.0.9" };
const rule = { name: "r", action: "drop", direction: "inbound" };
const rules = (change: object) => ({ policy: { rules: [{ ...rule, ...change }] } });

const provider: Wrong[] = [
  { what: "a name for no host", args: {}, name: "hub.east", path: "name", rule: /hyphens/ },
  { what: "a name that is too long", args: {}, name: "n".repeat(61), path: "name", rule: /60/ },
  { what: "a VNI below", args: { internal: { vni: 799 } }, path: "internal.vni", rule: /800/ },
  { what: "a VNI above", args: { external: { vni: 1001 } }, path: "external.vni", rule: /1000/ },
  { what: "one VNI twice", args: { external: { vni: 800 } }, path: "external.vni", rule: /differ/ },
  {
    what: "one port twice",
    args: { external: { port: 10800 } },
    path: "external.port",
    rule: /differ/,
  },
  {
    what: "VXLAN's own port",
    args: { internal: { port: 4789 } },
    path: "internal.port",
    rule: /4789/,
  },
  {
    what: "the agent's port",
    args: { internal: { port: 65330 } },
    path: "internal.port",
    rule: /65330/,
  },
  { what: "port 0", args: { internal: { port: 0 } }, path: "internal.port", rule: /1 to 65535/ },
  {
    what: "a port as text",
    args: { internal: { port: "10800" } },
    path: "internal.port",
    rule: /whole/,
  },
  {
    what: "a network with host bits",
    args: { addressSpace: "10.7.1.0/16" },
    path: "addressSpace",
    rule: /10\.7\.0\.0\/16/,
  },
  {
    what: "a network without length",
    args: { addressSpace: "10.7.0.0" },
    path: "addressSpace",
    rule: /network/,
  },
  {
    what: "a network too small",
    args: { addressSpace: "10.7.0.0/29" },
    path: "addressSpace",
    rule: /\/28/,
  },
  {
    what: "a network of multicast",
    args: { addressSpace: "224.0.0.0/8" },
    path: "addressSpace",
    rule: /224/,
  },
  {
    what: "a subnet outside",
    args: { nvaSubnetPrefix: "10.8.0.0/24" },
    path: "nvaSubnetPrefix",
    rule: /inside/,
  },
  {
    what: "subnets that overlap",
    args: { nvaSubnetPrefix: "10.7.0.128/25" },
    path: "nvaSubnetPrefix",
    rule: /overlap/,
  },
  {
    what: "a subnet too small",
    args: { gatewaySubnetPrefix: "10.7.0.0/30" },
    path: "gatewaySubnetPrefix",
    rule: /\/29/,
  },
  {
    what: "a frontend elsewhere",
    args: { frontendAddress: "10.7.1.4" },
    path: "frontendAddress",
    rule: /10\.7\.0\.0\/24/,
  },
  {
    what: "an address that Azure keeps",
    args: { frontendAddress: "10.7.0.3" },
    path: "frontendAddress",
    rule: /keeps/,
  },
  {
    what: "a broadcast address",
    args: { nva: { address: "10.7.1.255" } },
    path: "nva.address",
    rule: /keeps/,
  },
  {
    what: "an address in octal",
    args: { nva: { address: "10.7.1.05" } },
    path: "nva.address",
    rule: /IPv4/,
  },
  {
    what: "no address in a subnet that exists",
    args: { ...existing, frontendAddress: undefined },
    path: "frontendAddress",
    rule: /free address/,
  },
  {
    what: "a network's id for a subnet's",
    args: { ...existing, nvaSubnetId: `${GROUP}/virtualNetworks/n` },
    path: "nvaSubnetId",
    rule: /subnet/,
  },
  {
    what: "half of the subnets",
    args: { ...existing, nvaSubnetId: undefined },
    path: "nvaSubnetId",
    rule: /both/,
  },
  {
    what: "a NAT gateway on others' subnets",
    args: { ...existing, natGateway: true },
    path: "natGateway",
    rule: /declared/,
  },
  {
    what: "a network beside existing subnets",
    args: { ...existing, addressSpace: "10.1.0.0/16" },
    path: "addressSpace",
    rule: /left out/,
  },
  {
    what: "an unknown zone",
    args: { frontendZones: ["1", "4"] },
    path: "frontendZones[1]",
    rule: /"3"/,
  },
  {
    what: "a zone twice",
    args: { frontendZones: ["1", "1"] },
    path: "frontendZones[1]",
    rule: /twice/,
  },
  { what: "a zone as number", args: { nva: { zone: 1 } }, path: "nva.zone", rule: /"1"/ },
  {
    what: "a probe too often",
    args: { probe: { intervalSeconds: 4 } },
    path: "probe.intervalSeconds",
    rule: /5 to/,
  },
  {
    what: "a probe on a refused port",
    args: { probe: { port: 110 } },
    path: "probe.port",
    rule: /HTTP/,
  },
  {
    what: "a probe on a tunnel port",
    args: { probe: { port: 10801 } },
    path: "probe.port",
    rule: /tunnel/,
  },
  {
    what: "a probe path without slash",
    args: { probe: { path: "health" } },
    path: "probe.path",
    rule: /\//,
  },
  {
    what: "an idle time of 3 minutes",
    args: { idleTimeoutMinutes: 3 },
    path: "idleTimeoutMinutes",
    rule: /4 to 30/,
  },
  { what: "an MTU too small", args: { nva: { mtu: 1500 } }, path: "nva.mtu", rule: /1550/ },
  { what: "an MTU too large", args: { nva: { mtu: 9000 } }, path: "nva.mtu", rule: /4000/ },
  {
    what: "a size without family",
    args: { nva: { size: "D2s_v5" } },
    path: "nva.size",
    rule: /Standard_/,
  },
  {
    what: "a size without Trusted Launch",
    args: { nva: { size: "Standard_D2_v2" } },
    path: "nva.size",
    rule: /Trusted/,
  },
  {
    what: "an image that changes",
    args: { nva: { imageVersion: "latest" } },
    path: "nva.imageVersion",
    rule: /plan/,
  },
  {
    what: "a reserved administrator",
    args: { nva: { adminUsername: "admin" } },
    path: "nva.adminUsername",
    rule: /reserves/,
  },
  {
    what: "a broken key",
    args: { nva: { adminSshPublicKey: "ssh-ed25519 AAAA" } },
    path: "nva.adminSshPublicKey",
    rule: /key/,
  },
  {
    what: "no pause for the policy",
    args: { nva: { policyPollSeconds: 0 } },
    path: "nva.policyPollSeconds",
    rule: /1 to/,
  },
  {
    what: "a drain that outlasts the unit",
    args: { nva: { drainSeconds: 301 } },
    path: "nva.drainSeconds",
    rule: /0 to 300/,
  },
  { what: "a tag with a slash", args: { tags: { "a/b": "" } }, path: 'tags["a/b"]', rule: /tag/ },
  {
    what: "a policy's reversed ports",
    args: rules({ protocol: "tcp", ports: ["90-80"] }),
    path: "policy.rules[0].ports[0]",
    rule: /./,
  },
  {
    what: "a policy's unknown action",
    args: rules({ action: "deny" }),
    path: "policy.rules[0].action",
    rule: /drop/,
  },
  {
    what: "a policy's network with host bits",
    args: rules({ sources: ["10.0.0.1/8"] }),
    path: "policy.rules[0].sources[0]",
    rule: /./,
  },
  {
    what: "a zone list that is not known yet",
    args: { frontendZones: pulumi.output(["1"]) },
    path: "frontendZones",
    rule: /plain/,
  },
];

const fleets: Wrong[] = [
  {
    what: "a fleet of nobody",
    args: { fleet: { capacity: 0 } },
    path: "fleet.capacity",
    rule: /1 to/,
  },
  {
    what: "a fleet that its subnet has no room for",
    args: { fleet: { capacity: 252 } },
    path: "fleet.capacity",
    rule: /252 addresses.*251/,
  },
  {
    what: "a fleet whose bounds it is outside of",
    args: { fleet: { capacity: 11, autoscale: {} } },
    path: "fleet.capacity",
    rule: /2 to 10/,
  },
  {
    what: "a fleet in zone 4",
    args: { fleet: { zones: ["4"] } },
    path: "fleet.zones[0]",
    rule: /"3"/,
  },
  {
    what: "a fleet at one address",
    args: { fleet: {}, nva: { address: "10.7.1.9" } },
    path: "nva.address",
    rule: /keepNva/,
  },
  {
    what: "a fleet in the one VM's zone",
    args: { fleet: {}, nva: { zone: "1" } },
    path: "nva.zone",
    rule: /fleet\.zones/,
  },
  {
    what: "a probe at the extension's path",
    args: { fleet: {}, probe: { path: "/health/application" } },
    path: "probe.path",
    rule: /extension/,
  },
  {
    what: "a fleet that goes to and fro",
    args: { fleet: { autoscale: { scaleInCpuPercent: 50 } } },
    path: "fleet.autoscale.scaleInCpuPercent",
    rule: /below 40/,
  },
  {
    what: "a batch larger than what may be unhealthy",
    args: { fleet: { upgrade: { batchPercent: 60, unhealthyPercent: 20 } } },
    path: "fleet.upgrade.unhealthyPercent",
    rule: /60 to 100/,
  },
  {
    what: "a notice too short to be one",
    args: { fleet: { terminateNoticeMinutes: 1 } },
    path: "fleet.terminateNoticeMinutes",
    rule: /5 to 15/,
  },
  {
    what: "a name that is too long for a scale set's machines",
    args: { fleet: {} },
    name: "n".repeat(46),
    path: "name",
    rule: /45/,
  },
  {
    what: "a fleet that is not known yet",
    args: { fleet: pulumi.output({}) },
    path: "fleet",
    rule: /plain/,
  },
];

const chain = { gatewayFrontendId: FRONTEND, subnetId: SUBNET };
const ssh = { name: "ssh", protocol: "tcp", ports: ["22"] };

const ilpip: Wrong[] = [
  { what: "a name with a space", args: chain, name: "web app", path: "name", rule: /Azure/ },
  {
    what: "a chain to a load balancer",
    args: { ...chain, gatewayFrontendId: BALANCER },
    path: "gatewayFrontendId",
    rule: /gatewayFrontendId/,
  },
  {
    what: "a chain to a pool",
    args: { ...chain, gatewayFrontendId: `${BALANCER}/backendAddressPools/p` },
    path: "gatewayFrontendId",
    rule: /frontendIPConfigurations/,
  },
  {
    what: "a chain to an address",
    args: { ...chain, gatewayFrontendId: "10.7.0.4" },
    path: "gatewayFrontendId",
    rule: /id/,
  },
  { what: "no subnet", args: { ...chain, subnetId: "" }, path: "subnetId", rule: /subnet/ },
  {
    what: "an address of IPv6",
    args: { ...chain, privateIPAddress: "fd00::4" },
    path: "privateIPAddress",
    rule: /IPv4/,
  },
  {
    what: "TCP without ports",
    args: { ...chain, allow: [{ name: "a", protocol: "tcp" }] },
    path: "allow[0].ports",
    rule: /needed/,
  },
  {
    what: "ICMP with ports",
    args: { ...chain, allow: [{ ...ssh, protocol: "icmp" }] },
    path: "allow[0].ports",
    rule: /left out/,
  },
  {
    what: "a rule's name twice",
    args: { ...chain, allow: [ssh, ssh] },
    path: "allow[1].name",
    rule: /unique/,
  },
  {
    what: "a source that is a host's name",
    args: { ...chain, allow: [{ ...ssh, sources: ["office.example"] }] },
    path: "allow[0].sources[0]",
    rule: /service tag/,
  },
  {
    what: "an unknown zone",
    args: { ...chain, publicAddressZones: ["5"] },
    path: "publicAddressZones[0]",
    rule: /"3"/,
  },
  {
    what: "an idle time of an hour",
    args: { ...chain, idleTimeoutMinutes: 60 },
    path: "idleTimeoutMinutes",
    rule: /30/,
  },
];

const web = { name: "web", protocol: "tcp", port: 80 };
const balanced = { gatewayFrontendId: FRONTEND, ports: [web], probe: { port: 80 } };

const balancer: Wrong[] = [
  {
    what: "a chain to a load balancer",
    args: { ...balanced, gatewayFrontendId: BALANCER },
    path: "gatewayFrontendId",
    rule: /frontend/,
  },
  { what: "no port", args: { ...balanced, ports: [] }, path: "ports", rule: /1 to/ },
  {
    what: "one port twice",
    args: { ...balanced, ports: [web, { ...web, name: "b" }] },
    path: "ports[1].port",
    rule: /entry 0/,
  },
  {
    what: "ICMP",
    args: { ...balanced, ports: [{ ...web, protocol: "icmp" }] },
    path: "ports[0].protocol",
    rule: /udp/,
  },
  {
    what: "a bad source of a port",
    args: { ...balanced, ports: [{ ...web, sources: ["x y"] }] },
    path: "ports[0].sources[0]",
    rule: /tag/,
  },
  {
    what: "a name used by a port",
    args: { ...balanced, allow: [{ name: "web", protocol: "icmp" }] },
    path: "allow[0].name",
    rule: /unique/,
  },
  {
    what: "an HTTP probe on 25",
    args: { ...balanced, probe: { port: 25, path: "/" } },
    path: "probe.port",
    rule: /HTTP/,
  },
  {
    what: "a probe too often",
    args: { ...balanced, probe: { port: 80, intervalSeconds: 1 } },
    path: "probe.intervalSeconds",
    rule: /5/,
  },
  {
    what: "odd source ports",
    args: { ...balanced, outboundSettings: { portsPerMachine: 100 } },
    path: "outboundSettings.portsPerMachine",
    rule: /8/,
  },
  {
    what: "settings of no outbound",
    args: { ...balanced, outbound: false, outboundSettings: {} },
    path: "outboundSettings",
    rule: /left out/,
  },
];

const kinds = [
  { component: GatewayProvider, wrong: [...provider, ...fleets] },
  { component: IlpipConsumer, wrong: ilpip },
  { component: PublicLoadBalancerConsumer, wrong: balancer },
];

/** The problems that a component's constructor throws. */
function problemsOf(act: () => unknown): pulumi.InputPropertyErrorDetails[] {
  try {
    act();
  } catch (error) {
    if (pulumi.InputPropertiesError.isInstance(error)) return error.errors;
    throw error;
  }
  return [];
}

for (const { component, wrong } of kinds) {
  // The types refuse most of these in TypeScript; a settings file or another language does not.
  const Component = component as new (name: string, args: object) => pulumi.Resource;
  describe(`${component.name} refuses`, () => {
    for (const { what, args, name = "hub", path, rule } of wrong) {
      test(what, async () => {
        const engine = startMocks(true);
        const problems = problemsOf(
          () => new Component(name, { resourceGroupName: "rg", ...args }),
        );
        await settle();
        assert.deepEqual(
          problems.map((p) => p.propertyPath),
          [path],
        );
        assert.match(problems[0]?.reason ?? "", rule);
        assert.deepEqual(engine.registrations, []);
      });
    }
  });
}

test("all problems come at once, the policy's too", () => {
  startMocks(true);
  const args = {
    resourceGroupName: "rg",
    internal: { vni: 1, port: 4789 },
    nva: { mtu: 1500, adminSshPublicKey: "key" },
    policy: { rules: [{ ...rule, action: "deny" as "drop", direction: "inbound" as const }] },
  };
  const paths = problemsOf(() => new GatewayProvider("hub", args)).map((p) => p.propertyPath);
  assert.deepEqual(paths, [
    ...["internal.port", "internal.vni", "nva.mtu"],
    ...["nva.adminSshPublicKey", "policy.rules[0].action"],
  ]);
});
