/** A provider's arguments, checked and planned: plain values in, plain values out. */

import { APPLICATION_HEALTH_PATH, DEFAULTS } from "../../../nva-cloud-init/contract/contract";
import {
  hostPrefix,
  type ProviderNames,
  providerNameReason,
  providerNames,
} from "../../azure/names";
import { at, optional, type Problem, tagProblems, under, wholeReason } from "../../check/problem";
import { type Fleet, type FleetArgs, fleetProblems, planFleet } from "./fleet";
import {
  type Layout,
  type LayoutArgs,
  layoutProblems,
  nvaSubnetPrefixOf,
  planLayout,
} from "./layout";
import { type Nva, type NvaArgs, nvaProblems, planNva, zonesProblems } from "./nva";
import {
  type GatewayProbeArgs,
  type Probe,
  planProbe,
  probeClashProblems,
  probeProblems,
} from "./probe";
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
  fleet?: FleetArgs;
  tags?: Record<string, unknown>;
}

/** All parts of a provider. */
export interface GatewayPlan {
  names: ProviderNames;
  /** First part of the host names of a fleet's instances. */
  hostPrefix: string;
  layout: Layout;
  frontendZones: string[];
  natGateway: boolean;
  tunnels: TunnelPair;
  probe: Probe;
  idleTimeoutMinutes: number;
  nva: Nva;
  /** Undefined with the one VM alone. */
  fleet?: Fleet;
}

/** The plan of arguments that have no problems. */
export function planGateway(name: string, args: GatewayPlanArgs): GatewayPlan {
  const frontendZones = args.frontendZones ?? [];
  const fleet = args.fleet === undefined ? undefined : planFleet(args.fleet);
  const nva = planNva(args.nva);
  return {
    names: providerNames(name, frontendZones, fixedByScaleSet(args, fleet, nva)),
    hostPrefix: hostPrefix(name),
    layout: planLayout(layoutArgs(args)),
    frontendZones: [...frontendZones].sort(),
    natGateway: args.natGateway ?? false,
    tunnels: planTunnels(args.internal, args.external),
    probe: planProbe(args.probe),
    idleTimeoutMinutes: args.idleTimeoutMinutes ?? 4,
    ...{ nva, fleet },
  };
}

/**
 * Properties that a scale set keeps for its life and that differ from the default: those that Azure
 * fixes, and how its instances and the load balancer find each other.
 */
function fixedByScaleSet(args: GatewayPlanArgs, fleet: Fleet | undefined, nva: Nva): string[] {
  const { frontendZones = [], frontendAddress, nvaSubnetId } = args;
  const [probe, usual] = [planProbe(args.probe), planProbe()];
  return [
    ...(fleet?.zones ?? []).map((zone) => `zone ${zone}`),
    // Another load balancer, and so another pool.
    ...[...frontendZones].sort().map((zone) => `frontend zone ${zone}`),
    ...(typeof frontendAddress === "string" ? [`frontend ${frontendAddress}`] : []),
    ...(probe.port === usual.port && probe.path === usual.path
      ? []
      : [`probe ${probe.port}${probe.path}`]),
    ...(nva.acceleratedNetworking ? [] : ["no accelerated networking"]),
    ...(typeof nvaSubnetId === "string" ? [nvaSubnetId.toLowerCase()] : []),
  ];
}

/** Every problem of a provider's plain arguments, in their order. */
export function gatewayProblems(name: string, args: GatewayPlanArgs): Problem[] {
  const tunnels = planTunnels(args.internal, args.external);
  const probe = planProbe(args.probe);
  return [
    ...at("name", providerNameReason(name, args.fleet !== undefined)),
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
    ...allFleetProblems(args),
    ...under("tags", tagProblems(args.tags ?? {})),
  ];
}

/** Problems of the fleet, and of what is said beside it. */
function allFleetProblems(args: GatewayPlanArgs): Problem[] {
  const { fleet, nva, probe } = args;
  if (fleet === undefined || fleet === null) return [];
  const alone = (what: string) => () =>
    fleet.keepNva === true
      ? undefined
      : `must be left out with fleet, whose NVAs ${what}; with fleet.keepNva it is of the one VM`;
  const path =
    planProbe(probe).path === APPLICATION_HEALTH_PATH
      ? `must not be ${APPLICATION_HEALTH_PATH}, which answers the fleet's health extension: take ${DEFAULTS.probePath}`
      : undefined;
  return [
    ...at("probe.path", path),
    ...at("nva.address", optional(nva?.address, alone("get addresses from Azure"))),
    ...at("nva.zone", optional(nva?.zone, alone("are spread over fleet.zones"))),
    ...under("fleet", fleetProblems(fleet, nvaSubnetPrefixOf(layoutArgs(args)))),
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
