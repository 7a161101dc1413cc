import * as pulumi from "@pulumi/pulumi";
import { consumerNameReason, firstName, ilpipNames } from "../azure/names";
import { chainTargetReason, subnetIdReason } from "../azure/resourceId";
import { at, optional, plainProblems, tagProblems, under, wholeReason } from "../check/problem";
import { asOutput, gated, refuse } from "../check/refuse";
import { addressReason } from "../provider/plan/layout";
import { zonesProblems } from "../provider/plan/nva";
import { existingAddressOf, ownAddressProblems, prefixOf } from "./plan/existingAddress";
import { type AllowedTraffic, trafficProblems } from "./plan/traffic";
import { createChainedInterface } from "./resources/chainedInterface";
import { createPublicAddress, existingAddress } from "./resources/publicAddress";
import { createTrafficGroup } from "./resources/trafficGroup";

/** Arguments of an {@link IlpipConsumer}. */
export interface IlpipConsumerArgs {
  /** Resource group for everything that is created. */
  resourceGroupName: pulumi.Input<string>;
  /** Azure region, the gateway's. Default: the resource group's. */
  location?: pulumi.Input<string>;
  /** Subnet of the NIC, by id. It should have default outbound access off. */
  subnetId: pulumi.Input<string>;
  /**
   * Frontend of the Gateway Load Balancer, by id: `gatewayFrontendId` of a GatewayProvider, of this
   * stack or another one, also in another subscription. Not the load balancer's own id. A gateway
   * takes 100 chains, of which this makes one.
   */
  gatewayFrontendId: pulumi.Input<string>;
  /**
   * Traffic that may come in from outside the network, with the client's real address. Default:
   * none; traffic inside the network is allowed by Azure's own rules. Up to 900 entries.
   */
  allow?: AllowedTraffic[];
  /**
   * Existing public address to chain, by id: Standard and static, in the gateway's region, in use by
   * nothing else. It stays when the consumer goes. Default: a new one, which goes with it.
   */
  publicAddressId?: pulumi.Input<string>;
  /**
   * Prefix that the new public address is of, by id (`publicIPPrefix` of azure-native): one with an
   * address left, in the gateway's region. Zones are those of the prefix. A change gives another public
   * address. Default: an address that Azure chooses.
   */
  publicIPPrefixId?: pulumi.Input<string>;
  /** Static private IPv4 address, free in the subnet. Default: one that Azure chooses. */
  privateIPAddress?: pulumi.Input<string>;
  /**
   * Availability zones of the public address, of `1`, `2`, `3`. Default: none, which is what
   * regions without zones need. A change gives another public address.
   */
  publicAddressZones?: string[];
  /** Minutes after which Azure forgets an idle flow of the public address, 4 to 30. Default: 4. */
  idleTimeoutMinutes?: number;
  /**
   * True gives the NIC a direct path to the host's network card. Default: false: not every size has
   * it.
   */
  acceleratedNetworking?: boolean;
  /** Tags for everything that is created, up to 50. Default: none. */
  tags?: Record<string, pulumi.Input<string>>;
}

/**
 * A NIC with an instance-level public IP (ILPIP) whose traffic passes a Gateway Load Balancer, in
 * both directions. The workload stays the user's: attach a VM to `networkInterfaceId`.
 *
 * The public address exists before the NIC is chained, as Azure wants it, and the NIC is unchained
 * or gone before the provider can go. Only traffic of the public address is inspected.
 */
export class IlpipConsumer extends pulumi.ComponentResource {
  /** Id of the NIC, for the VM's network profile. */
  public readonly networkInterfaceId: pulumi.Output<string>;
  /** The public address. */
  public readonly publicAddress: pulumi.Output<string>;
  /** Id of the public address. */
  public readonly publicAddressId: pulumi.Output<string>;
  /** The NIC's private address. */
  public readonly privateAddress: pulumi.Output<string>;
  /** Id of the security group. */
  public readonly securityGroupId: pulumi.Output<string>;
  /** Id of the frontend that the NIC is chained to. */
  public readonly gatewayFrontendId: pulumi.Output<string>;

  constructor(name: string, args: IlpipConsumerArgs, opts?: pulumi.ComponentResourceOptions) {
    const checked = check(name, args);
    super("azure-gwlb:index:IlpipConsumer", name, args, opts);
    const { resourceGroupName, location, tags } = args;
    const common = { resourceGroupName, location, tags };
    const names = ilpipNames(name);
    const azure = ilpipNames(firstName(name, opts?.aliases));
    const publicAddress =
      checked.publicAddressId === undefined
        ? createPublicAddress(
            names.address,
            {
              ...{ ...common, azureName: azure.address, zones: args.publicAddressZones },
              prefixId: checked.publicIPPrefixId,
              idleTimeoutMinutes: args.idleTimeoutMinutes,
            },
            this,
          )
        : existingAddress(names.existingAddress, checked.publicAddressId, this);
    const what = label(name);
    const securityGroup = createTrafficGroup(
      names.securityGroup,
      { ...common, azureName: azure.securityGroup, what, allow: args.allow ?? [] },
      this,
    );
    const networkInterface = createChainedInterface(
      names.networkInterface,
      {
        ...{ ...common, ...checked, publicAddress, securityGroup },
        azureName: azure.networkInterface,
        acceleratedNetworking: args.acceleratedNetworking ?? false,
      },
      this,
    );

    this.networkInterfaceId = networkInterface.id;
    this.publicAddress = publicAddress.ipAddress.apply((ip) => ip ?? "");
    this.publicAddressId = publicAddress.id;
    this.privateAddress = networkInterface.ipConfigurations.apply(
      (configurations) => configurations?.[0]?.privateIPAddress ?? "",
    );
    this.securityGroupId = securityGroup.id;
    this.gatewayFrontendId = asOutput(checked.gatewayFrontendId);
    this.registerOutputs({
      networkInterfaceId: this.networkInterfaceId,
      publicAddress: this.publicAddress,
      publicAddressId: this.publicAddressId,
      privateAddress: this.privateAddress,
      securityGroupId: this.securityGroupId,
      gatewayFrontendId: this.gatewayFrontendId,
    });
  }
}

const MAY_BE_OUTPUTS = [
  "resourceGroupName",
  "location",
  "subnetId",
  "gatewayFrontendId",
  "privateIPAddress",
  "publicAddressId",
  "publicIPPrefixId",
];

const label = (name: string) => `IlpipConsumer "${name}"`;

/** Throws every problem at once; nothing has been declared by then. */
function check(name: string, args: IlpipConsumerArgs) {
  const what = label(name);
  refuse(what, plainProblems(args, MAY_BE_OUTPUTS));
  const subnet = gated(what, "subnetId", args.subnetId, subnetIdReason);
  const chain = gated(what, "gatewayFrontendId", args.gatewayFrontendId, chainTargetReason);
  const address =
    args.privateIPAddress === undefined
      ? undefined
      : gated(what, "privateIPAddress", args.privateIPAddress, addressReason);
  const given = existingAddressOf(what, args.publicAddressId);
  const prefix = prefixOf(what, args.publicIPPrefixId);
  const { idleTimeoutMinutes, publicAddressZones: zones } = args;
  refuse(what, [
    ...at("name", consumerNameReason(name, { zones, ofPrefix: prefix !== undefined })),
    ...subnet.problems,
    ...chain.problems,
    ...under("allow", trafficProblems(args.allow ?? [])),
    ...(address?.problems ?? []),
    ...(given?.problems ?? []),
    ...(prefix?.problems ?? []),
    ...ownAddressProblems(args, ["publicAddressZones", "publicIPPrefixId", "idleTimeoutMinutes"]),
    ...zonesProblems("publicAddressZones", zones ?? []),
    ...at(
      "idleTimeoutMinutes",
      optional(idleTimeoutMinutes, (m) => wholeReason(m, 4, 30, "minutes")),
    ),
    ...under("tags", tagProblems(args.tags ?? {})),
  ]);
  return {
    subnetId: subnet.value,
    gatewayFrontendId: chain.value,
    privateIPAddress: address?.value,
    publicAddressId: given?.value,
    publicIPPrefixId: prefix?.value,
  };
}
