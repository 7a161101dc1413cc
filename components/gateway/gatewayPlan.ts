/** A provider's arguments, checked and planned: plain values in, plain values out. */
import { type Layout, type LayoutArgs, layoutProblems, planLayout } from "./layout";
import { type ProviderNames, providerNameReason, providerNames } from "./names";
import { type Nva, type NvaArgs, nvaProblems, planNva, zonesProblems } from "./nva";
import {
  type GatewayProbeArgs,
  type Probe,
  planProbe,
  probeClashProblems,
  probeProblems,
} from "./probe";
import { at, optional, type Problem, tagProblems, under, wholeReason } from "./problem";
import { type GatewayTunnelArgs, planTunnels, type TunnelPair, tunnelProblems } from "./tunnels";

/** The plain ones of a provider's arguments; ids of existing subnets only by their presence. */
export interface GatewayPlanArgs {
  addressSpace?: string;
  gatewaySubnetPrefix?: string;
  nvaSubnetPrefix?: string;
  frontendAddress?: string;
  gatewaySubnetId?: unknown;
  nvaSubnetId?: unknown;
  frontendZones?: string[];
  natGateway?: boolean;
  internal?: GatewayTunnelArgs;
  external?: GatewayTunnelArgs;
  probe?: GatewayProbeArgs;
  idleTimeoutMinutes?: number;
  nva?: NvaArgs;
  tags?: Record<string, unknown>;
}

/** What a provider is made of. */
export interface GatewayPlan {
  names: ProviderNames;
  layout: Layout;
  frontendZones: string[];
  natGateway: boolean;
  tunnels: TunnelPair;
  probe: Probe;
  idleTimeoutMinutes: number;
  nva: Nva;
}

/** The plan of arguments that have no problems. */
export function planGateway(name: string, args: GatewayPlanArgs): GatewayPlan {
  const frontendZones = args.frontendZones ?? [];
  return {
    names: providerNames(name, frontendZones),
    layout: planLayout(layoutArgs(args)),
    frontendZones: [...frontendZones].sort(),
    natGateway: args.natGateway ?? false,
    tunnels: planTunnels(args.internal, args.external),
    probe: planProbe(args.probe),
    idleTimeoutMinutes: args.idleTimeoutMinutes ?? 4,
    nva: planNva(args.nva),
  };
}

/** Every problem of a provider's plain arguments, in their order. */
export function gatewayProblems(name: string, args: GatewayPlanArgs): Problem[] {
  const tunnels = planTunnels(args.internal, args.external);
  const probe = planProbe(args.probe);
  return [
    ...at("name", providerNameReason(name)),
    ...subnetIdProblems(args),
    ...layoutProblems(layoutArgs(args)),
    ...zonesProblems("frontendZones", args.frontendZones ?? []),
    ...tunnelProblems(tunnels),
    ...under("probe", [...probeProblems(probe), ...probeClashProblems(probe, tunnels)]),
    ...at(
      "idleTimeoutMinutes",
      optional(args.idleTimeoutMinutes, (m) => wholeReason(m, 4, 30, "minutes")),
    ),
    ...under("nva", nvaProblems(planNva(args.nva))),
    ...under("tags", tagProblems(args.tags ?? {})),
  ];
}

/** True if the provider stands in subnets that exist already. */
export function inExistingSubnets(args: GatewayPlanArgs): boolean {
  return args.gatewaySubnetId !== undefined || args.nvaSubnetId !== undefined;
}

function layoutArgs(args: GatewayPlanArgs): LayoutArgs {
  const { addressSpace, gatewaySubnetPrefix, nvaSubnetPrefix, frontendAddress, nva } = args;
  return {
    ...{ addressSpace, gatewaySubnetPrefix, nvaSubnetPrefix, frontendAddress },
    nvaAddress: nva?.address,
    existing: inExistingSubnets(args),
  };
}

function subnetIdProblems(args: GatewayPlanArgs): Problem[] {
  if (!inExistingSubnets(args)) return [];
  const missing = (value: unknown, other: string) =>
    value === undefined
      ? `is needed beside ${other}: both subnets exist already or neither does; they may be the same`
      : undefined;
  const nat = args.natGateway
    ? "must be left out with existing subnets: put the NAT gateway on the NVA subnet where that is declared"
    : undefined;
  return [
    ...at("gatewaySubnetId", missing(args.gatewaySubnetId, "nvaSubnetId")),
    ...at("nvaSubnetId", missing(args.nvaSubnetId, "gatewaySubnetId")),
    ...at("natGateway", nat),
  ];
}
