import * as pulumi from "@pulumi/pulumi";
import { CUSTOM_DATA_LIMIT, renderCustomData } from "../../nva-cloud-init/cloudConfig";
import { sameNetworkReason, subnetIdReason } from "../azure/resourceId";
import { at, type Problem, plainProblems, under } from "../check/problem";
import { gated, refuse } from "../check/refuse";
import {
  bundlePolicy,
  type FirewallPolicy,
  PASS_ALL,
  policyProblems,
  policyWarnings,
} from "../policy/index";
import { type FleetArgs, fleetWarnings } from "./plan/fleet";
import { type GatewayPlan, gatewayProblems, planGateway } from "./plan/gatewayPlan";
import { type NvaArgs, sshKeyReason } from "./plan/nva";
import type { GatewayProbeArgs } from "./plan/probe";
import type { GatewayTunnelArgs } from "./plan/tunnels";
import { createAdministratorKey } from "./resources/administratorKey";
import { childIds, createGatewayLoadBalancer } from "./resources/gatewayLoadBalancer";
import { createNva } from "./resources/nvaMachine";
import { createScaleSet } from "./resources/nvaScaleSet";
import { createNvaSecurityGroup } from "./resources/nvaSecurityGroup";
import { createProviderNetwork } from "./resources/providerNetwork";

/** Arguments of a {@link GatewayProvider}. Only the resource group is needed. */
export interface GatewayProviderArgs {
  /** Resource group for everything that is created. */
  resourceGroupName: pulumi.Input<string>;
  /** Azure region. Default: the resource group's. A change replaces everything. */
  location?: pulumi.Input<string>;
  /**
   * IPv4 network of the provider's own VNet, /8 to /28. Default: `10.7.0.0/16`. It may overlap the
   * consumers' networks: nothing is routed between them. Azure refuses a change that leaves the
   * subnets outside, at no cost to what runs: put a second provider beside the first instead.
   */
  addressSpace?: string;
  /**
   * Subnet of the load balancer's frontend, /8 to /29, inside `addressSpace`. Default: its first
   * /24 (10.7.0.0/24). With `gatewaySubnetId`: what that subnet has, so that addresses can be
   * checked.
   */
  gatewaySubnetPrefix?: string;
  /**
   * Subnet of the NVAs, /8 to /29, inside `addressSpace`, apart from the other. Default: the second
   * /24 (10.7.1.0/24). With `nvaSubnetId`: what that subnet has, so that addresses can be checked.
   */
  nvaSubnetPrefix?: string;
  /** Existing subnet for the frontend, by id. Default: a network of the provider's own. */
  gatewaySubnetId?: pulumi.Input<string>;
  /**
   * Existing subnet for the NVAs, by id, in the network of `gatewaySubnetId`; it may be the same.
   * It should have default outbound access off. Default: a network of the provider's own.
   */
  nvaSubnetId?: pulumi.Input<string>;
  /**
   * Static private IPv4 address of the frontend, in the gateway subnet. Default: its fifth address
   * (10.7.0.4), the first that Azure gives out. Needed with existing subnets. A change replaces
   * the VM, or the fleet's scale set; chained traffic stops until an NVA is healthy.
   */
  frontendAddress?: string;
  /**
   * Availability zones of the frontend, of `1`, `2`, `3`. Default: none, which is what regions
   * without zones need. Azure fixes them for the frontend's life, so a change makes a second load
   * balancer, moves the NVA there or makes a second fleet, moves consumers of this stack over, and
   * removes the first: give it a free `frontendAddress` in the same update.
   */
  frontendZones?: string[];
  /**
   * True puts a NAT gateway with a public address on the NVA subnet. Default: false; the NVA needs
   * no outbound access. Not with existing subnets.
   */
  natGateway?: boolean;
  /** Tunnel between NVA and application. Default: VNI 800 on UDP 10800. */
  internal?: GatewayTunnelArgs;
  /** Tunnel of what was not inspected yet. Default: VNI 801 on UDP 10801. */
  external?: GatewayTunnelArgs;
  /**
   * HTTP probe of the NVA's data path. Default: `/health` on 8080, every 5 seconds. A change of
   * port or path replaces the VM, or the fleet's scale set; of the interval, nothing.
   */
  probe?: GatewayProbeArgs;
  /** Minutes after which the load balancer forgets an idle flow, 4 to 30. Default: 4. */
  idleTimeoutMinutes?: number;
  /** The NVA's machine. Default: one Standard_D2s_v5 with a pinned Ubuntu 24.04. */
  nva?: NvaArgs;
  /**
   * Several NVAs, as a scale set, in place of the one VM: upgraded in batches, drained, repaired,
   * spread over zones. Each is what `nva` says; a change that would replace the VM there reaches a
   * fleet in batches. Default: none, one VM. docs/fleet.md says what a change costs, and how to
   * come from one VM to a fleet and back.
   */
  fleet?: FleetArgs;
  /**
   * Firewall policy. A change is an update in place: the NVA reads it within seconds. Default: a
   * policy without rules that lets everything pass, with a warning. Its bundle must fit into the
   * VM's userData, 65,536 bytes of base64.
   */
  policy?: FirewallPolicy;
  /** Tags for everything that is created, up to 50. Default: none. */
  tags?: Record<string, pulumi.Input<string>>;
}

/**
 * The provider side of a Gateway Load Balancer: a network (or existing subnets), the load
 * balancer, and an NVA that filters by a policy. Consumers chain to `gatewayFrontendId`.
 *
 * Policy, size of the NVA, probe interval and tags change in place. Each argument
 * says whether its change replaces the one NVA; with a fleet those changes come together with
 * another image or with surge, in batches, and flows go over to the other NVAs meanwhile. A change
 * of the tunnels takes all NVAs away first (security group, then NIC and VM, or the scale set),
 * then updates the load balancer, which keeps its id and its chains; no NVA is in the path
 * meanwhile, so chained traffic stops until a new one is healthy. A second provider beside the
 * first, and consumers that move over to it, is the way without a gap.
 */
export class GatewayProvider extends pulumi.ComponentResource {
  /** Id of the frontend: what a consumer chains to. */
  public readonly gatewayFrontendId: pulumi.Output<string>;
  /** Private address of the frontend: source of the outer packets. */
  public readonly gatewayFrontendAddress: pulumi.Output<string>;
  /** Id of the load balancer. Nothing chains to it: see `gatewayFrontendId`. */
  public readonly loadBalancerId: pulumi.Output<string>;
  /** Id of the pool that NVAs are in. */
  public readonly backendPoolId: pulumi.Output<string>;
  /** Id of the virtual network, the provider's own or the one given. */
  public readonly virtualNetworkId: pulumi.Output<string>;
  /** Id of the subnet that NVAs are in. */
  public readonly nvaSubnetId: pulumi.Output<string>;
  /** Azure names of the NVAs; none with a fleet, whose NVAs come and go: see `scaleSetName`. */
  public readonly nvaNames: pulumi.Output<string[]>;
  /** Private addresses of the NVAs, in the order of their names. */
  public readonly nvaAddresses: pulumi.Output<string[]>;
  /** Azure name of the fleet's scale set; empty without one. */
  public readonly scaleSetName: pulumi.Output<string>;
  /** Id of the fleet's scale set; empty without one. */
  public readonly scaleSetId: pulumi.Output<string>;
  /** SHA-256 of the policy; an NVA reports the one that is in force. */
  public readonly policyHash: pulumi.Output<string>;
  /** Public address of the NAT gateway; empty without one. */
  public readonly natAddress: pulumi.Output<string>;

  constructor(name: string, args: GatewayProviderArgs, opts?: pulumi.ComponentResourceOptions) {
    const checked = check(name, args);
    super("azure-gwlb:index:GatewayProvider", name, args, opts);
    const { plan, policy } = checked;
    for (const warning of checked.warnings) pulumi.log.warn(warning, this).catch(() => undefined);
    const { resourceGroupName, location, tags } = args;
    const common = { resourceGroupName, location, tags };

    const place = createProviderNetwork(plan, { ...common, ...checked.subnets }, this);
    const network = place.resources;
    const securityGroup = createNvaSecurityGroup(plan, { ...common, network }, this);
    const loadBalancer = createGatewayLoadBalancer(plan, { ...common, place, securityGroup }, this);
    const ids = childIds(loadBalancer.id);
    const bundle = bundlePolicy(policy);
    const inputs = {
      ...common,
      subnetId: place.nvaSubnetId,
      poolId: ids.pool,
      securityGroup,
      sshPublicKey: checked.sshPublicKey ?? createAdministratorKey(plan.names.keySeed, this),
      customData: Buffer.from(checked.customData).toString("base64"),
      userData: bundle.userData,
    };
    const { fleet } = plan;
    const nva = fleet === undefined || fleet.keepNva ? createNva(plan, inputs, this) : undefined;
    const scaleSet =
      fleet === undefined
        ? undefined
        : // The NIC with its static address first: Azure gives its instances what is free.
          createScaleSet(plan, fleet, { ...inputs, after: nva?.networkInterface }, this);

    // Where a load balancer takes another's place, no consumer moves over before its NVAs are there.
    this.gatewayFrontendId =
      scaleSet === undefined
        ? ids.frontend
        : pulumi.all([ids.frontend, scaleSet.id]).apply(([frontend]) => frontend);
    this.gatewayFrontendAddress = pulumi.output(plan.layout.frontendAddress);
    this.loadBalancerId = loadBalancer.id;
    this.backendPoolId = ids.pool;
    this.virtualNetworkId = place.networkId;
    this.nvaSubnetId = place.nvaSubnetId;
    this.nvaNames = nva?.machine.name.apply((vm) => [vm]) ?? pulumi.output([]);
    this.nvaAddresses =
      nva?.networkInterface.ipConfigurations.apply((configurations) => [
        plan.layout.nvaAddress ?? configurations?.[0]?.privateIPAddress ?? "",
      ]) ?? pulumi.output([]);
    this.scaleSetName = scaleSet?.name ?? pulumi.output("");
    this.scaleSetId = scaleSet?.id ?? pulumi.output("");
    this.policyHash = pulumi.output(bundle.hash);
    this.natAddress = place.natAddress;
    this.registerOutputs({
      gatewayFrontendId: this.gatewayFrontendId,
      gatewayFrontendAddress: this.gatewayFrontendAddress,
      loadBalancerId: this.loadBalancerId,
      backendPoolId: this.backendPoolId,
      virtualNetworkId: this.virtualNetworkId,
      nvaSubnetId: this.nvaSubnetId,
      nvaNames: this.nvaNames,
      nvaAddresses: this.nvaAddresses,
      scaleSetName: this.scaleSetName,
      scaleSetId: this.scaleSetId,
      policyHash: this.policyHash,
      natAddress: this.natAddress,
    });
  }
}

/** The parts of a provider whose arguments have no problem. */
interface Checked {
  plan: GatewayPlan;
  policy: FirewallPolicy;
  customData: Uint8Array;
  warnings: string[];
  subnets: { gatewaySubnetId?: pulumi.Input<string>; nvaSubnetId?: pulumi.Input<string> };
  sshPublicKey?: pulumi.Input<string>;
}

const MAY_BE_OUTPUTS = ["resourceGroupName", "location", "gatewaySubnetId", "nvaSubnetId"];

/** Throws every problem at once; nothing has been declared by then. */
function check(name: string, args: GatewayProviderArgs): Checked {
  const what = `GatewayProvider "${name}"`;
  refuse(what, plainProblems(args, MAY_BE_OUTPUTS));
  const policy = args.policy ?? PASS_ALL;
  const subnet = (path: string, id: pulumi.Input<string> | undefined) =>
    id === undefined ? undefined : gated(what, path, id, subnetIdReason);
  const gatewaySubnet = subnet("gatewaySubnetId", args.gatewaySubnetId);
  const nvaSubnet = subnet("nvaSubnetId", args.nvaSubnetId);
  const key =
    args.nva?.adminSshPublicKey === undefined
      ? undefined
      : gated(what, "nva.adminSshPublicKey", args.nva.adminSshPublicKey, sshKeyReason);
  refuse(what, [
    ...gatewayProblems(name, args),
    ...(gatewaySubnet?.problems ?? []),
    ...(nvaSubnet?.problems ?? []),
    ...(key?.problems ?? []),
    ...policyProblems(policy, "policy"),
  ]);
  const plan = planGateway(name, args);
  const customData = customDataOf(plan);
  refuse(what, customDataProblems(customData));
  const warnings = [
    ...policyWarnings(policy, "policy"),
    ...(plan.fleet === undefined ? [] : under("fleet", fleetWarnings(plan.fleet))),
  ].map((warning) => `${warning.propertyPath}: ${warning.reason}`);
  return {
    ...{ plan, policy, customData },
    warnings:
      args.policy === undefined
        ? ["no policy is given: the NVA lets everything pass", ...warnings]
        : warnings,
    subnets: {
      gatewaySubnetId: gatewaySubnet?.value,
      nvaSubnetId: sameNetwork(what, gatewaySubnet?.value, nvaSubnet?.value),
    },
    sshPublicKey: key?.value,
  };
}

/** Frontend and NVAs must share a network; the id that comes back waits for the check. */
function sameNetwork(
  what: string,
  gatewaySubnetId: pulumi.Input<string> | undefined,
  nvaSubnetId: pulumi.Input<string> | undefined,
): pulumi.Output<string> | undefined {
  if (gatewaySubnetId === undefined || nvaSubnetId === undefined) return undefined;
  return pulumi.all([gatewaySubnetId, nvaSubnetId]).apply(([gateway, nva]) => {
    refuse(what, at("nvaSubnetId", sameNetworkReason(nva, gateway)));
    return nva;
  });
}

/** How the NVA boots. */
function customDataOf({ layout, tunnels, probe, nva }: GatewayPlan): Uint8Array {
  return renderCustomData({
    gatewayAddress: layout.frontendAddress,
    ...tunnels,
    mtu: nva.mtu,
    probePort: probe.port,
    probePath: probe.path,
    policyPollSeconds: nva.policyPollSeconds,
    drainSeconds: nva.drainSeconds,
  });
}

function customDataProblems({ length }: Uint8Array): Problem[] {
  const over = `makes ${length} bytes of customData, Azure takes ${CUSTOM_DATA_LIMIT}`;
  return at("nva", length > CUSTOM_DATA_LIMIT ? over : undefined);
}
