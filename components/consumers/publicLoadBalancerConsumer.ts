import * as pulumi from "@pulumi/pulumi";
import { consumerNameReason, firstName, publicLoadBalancerNames } from "../azure/names";
import { chainTargetReason } from "../azure/resourceId";
import { at, plainProblems, tagProblems, under } from "../check/problem";
import { asOutput, gated, refuse } from "../check/refuse";
import { zonesProblems } from "../provider/plan/nva";
import { existingAddressOf, ownAddressProblems, prefixOf } from "./plan/existingAddress";
import {
  type OutboundArgs,
  outboundProblems,
  type PublicPort,
  type PublicProbeArgs,
  publicIds,
  publicPortProblems,
  publicProbeProblems,
  trafficOfPorts,
} from "./plan/publicLoadBalancer";
import { type AllowedTraffic, probeRule, trafficProblems } from "./plan/traffic";
import { createPublicAddress, existingAddress } from "./resources/publicAddress";
import { createPublicLoadBalancer } from "./resources/publicLoadBalancer";
import { createTrafficGroup } from "./resources/trafficGroup";

/** Arguments of a {@link PublicLoadBalancerConsumer}. */
export interface PublicLoadBalancerConsumerArgs {
  /** Resource group for everything that is created. */
  resourceGroupName: pulumi.Input<string>;
  /** Azure region, the gateway's. Default: the resource group's. */
  location?: pulumi.Input<string>;
  /**
   * Frontend of the Gateway Load Balancer, by id: `gatewayFrontendId` of a GatewayProvider, of this
   * stack or another one, also in another subscription. Not the load balancer's own id. A gateway
   * takes 100 chains, of which this makes two, or one without a separate outbound address.
   */
  gatewayFrontendId: pulumi.Input<string>;
  /**
   * Existing public address for the clients' frontend, by id: Standard and static, in the gateway's
   * region, in use by nothing else. It stays when the consumer goes. Default: a new one, which goes
   * with it.
   */
  publicAddressId?: pulumi.Input<string>;
  /**
   * Prefix that the new public addresses are of, by id (`publicIPPrefix` of azure-native): one with
   * enough addresses left, in the gateway's region. Zones are those of the prefix. A change gives other
   * public addresses. Default: addresses that Azure chooses.
   */
  publicIPPrefixId?: pulumi.Input<string>;
  /** Public ports and where they lead, 1 to 250. The security group opens them too. */
  ports: PublicPort[];
  /** By what the load balancer tells which machines can take traffic. */
  probe: PublicProbeArgs;
  /**
   * Other traffic that may come in from outside the network. Default: none. Up to 900 entries
   * together with `ports`, names apart from theirs.
   */
  allow?: AllowedTraffic[];
  /**
   * False leaves the pool without a way out. Default: true, by an outbound rule that is
   * chained too, so that what the machines open is inspected.
   */
  outbound?: boolean;
  /**
   * How machines reach the internet. Default: by a public address of their own, 1,024 ports each,
   * idle after 4 minutes.
   */
  outboundSettings?: OutboundArgs;
  /**
   * Availability zones of the public addresses, of `1`, `2`, `3`. Default: none, which is what
   * regions without zones need. A change gives other public addresses.
   */
  publicAddressZones?: string[];
  /** Tags for everything that is created, up to 50. Default: none. */
  tags?: Record<string, pulumi.Input<string>>;
}

/**
 * A public load balancer whose traffic passes a Gateway Load Balancer, in both directions. The
 * workload stays the user's: put NICs into `backendPoolId` and give them `securityGroupId`.
 *
 * A scale set of the user's does the same in its model (`networkInterfaceConfigurations`): the pool
 * in `loadBalancerBackendAddressPools`, the group in `networkSecurityGroup`. Its instances are then
 * inspected as a single VM is. This is the only way for a scale set: Azure chains no IP
 * configuration of an instance, so none may have a public address of its own.
 *
 * The frontend answers pings by itself, so a ping proves nothing about the chain.
 */
export class PublicLoadBalancerConsumer extends pulumi.ComponentResource {
  /** Id of the load balancer. */
  public readonly loadBalancerId: pulumi.Output<string>;
  /** Id of the pool: a NIC of the workload names it. */
  public readonly backendPoolId: pulumi.Output<string>;
  /** Id of the probe: what a Uniform scale set takes as its source of health. */
  public readonly probeId: pulumi.Output<string>;
  /** The public address that clients use. */
  public readonly publicAddress: pulumi.Output<string>;
  /** Id of that address. */
  public readonly publicAddressId: pulumi.Output<string>;
  /** The public address that the machines show; empty without outbound. */
  public readonly outboundAddress: pulumi.Output<string>;
  /** Id of the security group for the machines' NICs. */
  public readonly securityGroupId: pulumi.Output<string>;
  /** Id of the frontend that the load balancer is chained to. */
  public readonly gatewayFrontendId: pulumi.Output<string>;

  constructor(
    name: string,
    args: PublicLoadBalancerConsumerArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const { gatewayFrontendId, publicAddressId, prefixId } = check(name, args);
    super("azure-gwlb:index:PublicLoadBalancerConsumer", name, args, opts);
    const { resourceGroupName, location, tags, ports, probe, outbound = true } = args;
    const common = { resourceGroupName, location, tags };
    const names = publicLoadBalancerNames(name);
    const azure = publicLoadBalancerNames(firstName(name, opts?.aliases));
    const zones = args.publicAddressZones;
    const address = (which: "address" | "outboundAddress") =>
      createPublicAddress(
        names[which],
        { ...common, azureName: azure[which], zones, prefixId },
        this,
      );
    const inboundAddress =
      publicAddressId === undefined
        ? address("address")
        : existingAddress(names.existingAddress, publicAddressId, this);
    const outboundAddress = hasOutboundAddress(args) ? address("outboundAddress") : undefined;
    const securityGroup = createTrafficGroup(
      names.securityGroup,
      {
        ...common,
        azureName: azure.securityGroup,
        what: label(name),
        allow: traffic(args),
        first: [probeRule(probe.port)],
      },
      this,
    );
    const loadBalancer = createPublicLoadBalancer(
      names.loadBalancer,
      {
        ...{ ...common, azureName: azure.loadBalancer, gatewayFrontendId },
        ...{ inboundAddress, outboundAddress, ports, probe },
        // An address that was there before may be of another subscription.
        neighbour: publicAddressId === undefined ? inboundAddress : securityGroup,
        outbound: outbound ? (args.outboundSettings ?? {}) : undefined,
      },
      this,
    );

    this.loadBalancerId = loadBalancer.id;
    this.backendPoolId = loadBalancer.id.apply((id) => publicIds(id).pool);
    this.probeId = loadBalancer.id.apply((id) => publicIds(id).probe);
    this.publicAddress = inboundAddress.ipAddress.apply((ip) => ip ?? "");
    this.publicAddressId = inboundAddress.id;
    const shown = outbound ? (outboundAddress ?? inboundAddress) : undefined;
    this.outboundAddress = shown?.ipAddress.apply((ip) => ip ?? "") ?? pulumi.output("");
    this.securityGroupId = securityGroup.id;
    this.gatewayFrontendId = asOutput(gatewayFrontendId);
    this.registerOutputs({
      loadBalancerId: this.loadBalancerId,
      backendPoolId: this.backendPoolId,
      probeId: this.probeId,
      publicAddress: this.publicAddress,
      publicAddressId: this.publicAddressId,
      outboundAddress: this.outboundAddress,
      securityGroupId: this.securityGroupId,
      gatewayFrontendId: this.gatewayFrontendId,
    });
  }
}

const MAY_BE_OUTPUTS = [
  "resourceGroupName",
  "location",
  "gatewayFrontendId",
  "publicAddressId",
  "publicIPPrefixId",
];

/** Whether outbound traffic has a public address, and so a chained frontend, of its own. */
const hasOutboundAddress = ({ outbound, outboundSettings }: PublicLoadBalancerConsumerArgs) =>
  (outbound ?? true) && (outboundSettings?.separateAddress ?? true);

const label = (name: string) => `PublicLoadBalancerConsumer "${name}"`;

/** Traffic that the security group lets in: the public ports, then the rest. */
const traffic = ({ ports, allow }: PublicLoadBalancerConsumerArgs): AllowedTraffic[] => [
  ...trafficOfPorts(ports),
  ...(allow ?? []),
];

/** Throws every problem at once; gives the frontend to chain to, and the address if there is one. */
function check(name: string, args: PublicLoadBalancerConsumerArgs) {
  const what = label(name);
  refuse(what, plainProblems(args, MAY_BE_OUTPUTS));
  const chain = gated(what, "gatewayFrontendId", args.gatewayFrontendId, chainTargetReason);
  const given = existingAddressOf(what, args.publicAddressId);
  const prefix = prefixOf(what, args.publicIPPrefixId);
  const zones = args.publicAddressZones;
  const noneOfItsOwn = hasOutboundAddress(args)
    ? []
    : (["publicAddressZones", "publicIPPrefixId"] as const);
  const unused = args.outbound === false && args.outboundSettings !== undefined;
  refuse(what, [
    ...at("name", consumerNameReason(name, { zones, ofPrefix: prefix !== undefined })),
    ...chain.problems,
    ...under("ports", publicPortProblems(args.ports)),
    ...under("probe", publicProbeProblems(args.probe)),
    ...trafficOfBoth(args),
    ...at("outboundSettings", unused ? "must be left out when outbound is false" : undefined),
    ...under("outboundSettings", outboundProblems(args.outboundSettings ?? {})),
    ...(given?.problems ?? []),
    ...(prefix?.problems ?? []),
    ...ownAddressProblems(args, noneOfItsOwn),
    ...zonesProblems("publicAddressZones", zones ?? []),
    ...under("tags", tagProblems(args.tags ?? {})),
  ]);
  return {
    gatewayFrontendId: chain.value,
    publicAddressId: given?.value,
    prefixId: prefix?.value,
  };
}

/** Problems of the security group's list, at the argument that each entry came from. */
function trafficOfBoth(args: PublicLoadBalancerConsumerArgs) {
  const count = args.ports.length;
  return under("", trafficProblems(traffic(args))).flatMap(({ propertyPath, reason }) => {
    const [, index = "", rest = ""] = /^\[(\d+)\](.*)$/.exec(propertyPath) ?? [];
    if (index === "") return [{ propertyPath: "allow", reason }];
    const i = Number(index);
    // Names and ports of `ports` are checked where they stand; their sources are checked here.
    if (i >= count) return [{ propertyPath: `allow[${i - count}]${rest}`, reason }];
    return rest.startsWith(".sources") ? [{ propertyPath: `ports[${i}]${rest}`, reason }] : [];
  });
}
