/** The store as the data path needs it: plain values, ids lower-cased. */

import type { Fault } from "../arm/faults";
import type { MachineState } from "../compute/machineState";
import type { HealthCheck } from "../compute/scaleSets/readHealth";
import type { RollingState } from "../compute/scaleSets/upgrades";
import type { StoredEvent } from "../compute/scheduledEvents";

/** A virtual network; only its IPv4 part is carried. */
export interface Vnet {
  id: string;
  name: string;
  /** Address space in CIDR form. */
  space: string[];
}

export interface Subnet {
  id: string;
  vnetId: string;
  prefixes: string[];
  securityGroupId?: string;
  natGatewayId?: string;
  /** False for a private subnet; Azure takes an absent value as true. */
  defaultOutbound: boolean;
}

export const Direction = { Inbound: "Inbound", Outbound: "Outbound" } as const;
export type Direction = (typeof Direction)[keyof typeof Direction];

export interface SecurityRule {
  name: string;
  priority: number;
  direction: Direction;
  allow: boolean;
  /** `*`, `tcp`, `udp`, `icmp`, `esp` or `ah`. */
  protocol: string;
  /** `*`, a network, an address range or a service tag. */
  sources: string[];
  destinations: string[];
  /** `*`, `22` or `8000-8100`. */
  sourcePorts: string[];
  destinationPorts: string[];
}

export interface SecurityGroup {
  id: string;
  name: string;
  /** By priority, lowest number first; Azure's default rules are not among them. */
  rules: SecurityRule[];
}

/** One IPv4 address of a NIC. */
export interface IpConfiguration {
  id: string;
  address: string;
  subnetId: string;
  /** Instance-level public address. */
  publicAddress?: string;
  publicAddressId?: string;
  /** Id of the gateway's frontend that the public address is chained to. */
  chain?: string;
  pools: string[];
  natRules: string[];
}

export interface Nic {
  id: string;
  name: string;
  vnetId: string;
  /** `00:0d:3a:…` */
  mac: string;
  securityGroupId?: string;
  ipForwarding: boolean;
  configurations: IpConfiguration[];
  /** The virtual machine that has it. */
  vmId?: string;
}

export interface Vm {
  id: string;
  name: string;
  /** Unique over all resource groups: the name, or `group/name` where that is ambiguous. */
  place: string;
  /** Azure's unique id, a UUID: name of the machine's disk. */
  uuid: string;
  location: string;
  zone?: string;
  size: string;
  tags: Record<string, string>;
  computerName: string;
  adminUsername?: string;
  sshKeys: string[];
  /** Base64, as in the store. */
  customData?: string;
  userData?: string;
  /** Primary first. */
  nics: Nic[];
  /** The scale set that it is an instance of. */
  scaleSetId?: string;
  /** The question that its health extension asks it. */
  health?: HealthCheck;
  state: MachineState;
  events: StoredEvent[];
  faults: Fault[];
  /** Machines of one group are told of each other's events; a machine alone has its own id here. */
  group: string;
  /** Name of the scale set that it is an instance of. */
  scaleSet?: string;
}

export const ProbeProtocol = { Http: "Http", Https: "Https", Tcp: "Tcp" } as const;
export type ProbeProtocol = (typeof ProbeProtocol)[keyof typeof ProbeProtocol];

export interface Probe {
  id: string;
  protocol: ProbeProtocol;
  port: number;
  path: string;
  intervalSeconds: number;
  /** Timeouts (Http) or answers of the other kind (Tcp) in a row until the verdict changes. */
  threshold: number;
}

/** How flows are spread over a pool. */
export const Distribution = {
  Default: "Default",
  SourceIP: "SourceIP",
  SourceIPProtocol: "SourceIPProtocol",
} as const;
export type Distribution = (typeof Distribution)[keyof typeof Distribution];

export interface BalancingRule {
  name: string;
  frontendId: string;
  poolIds: string[];
  protocol: "tcp" | "udp" | "all";
  frontendPort: number;
  backendPort: number;
  probe?: Probe;
  distribution: Distribution;
  idleMinutes: number;
  outboundSnat: boolean;
}

export interface NatRule {
  id: string;
  frontendId: string;
  protocol: "tcp" | "udp";
  frontendPort: number;
  backendPort: number;
}

export interface OutboundRule {
  name: string;
  poolId: string;
  frontendIds: string[];
  protocol: "tcp" | "udp" | "all";
}

export interface Frontend {
  id: string;
  name: string;
  publicAddress?: string;
  publicAddressId?: string;
  privateAddress?: string;
  subnetId?: string;
  chain?: string;
}

export interface Tunnel {
  port: number;
  vni: number;
}

export interface Pool {
  id: string;
  name: string;
  internal?: Tunnel;
  external?: Tunnel;
  /** Members by NIC or by address, as ids of IP configurations. */
  members: string[];
  /** Administrator's word on members, which goes before their probe's, by the same ids. */
  adminStates: ReadonlyMap<string, "Up" | "Down">;
}

export interface LoadBalancer {
  id: string;
  name: string;
  gateway: boolean;
  frontends: Frontend[];
  pools: Pool[];
  rules: BalancingRule[];
  natRules: NatRule[];
  outboundRules: OutboundRule[];
}

export interface NatGateway {
  id: string;
  publicAddress?: string;
  publicAddressId?: string;
}

/** A scale set, for the status; packets know of its machines only. */
export interface ScaleSet {
  id: string;
  name: string;
  capacity: number;
  /** `upgradePolicy.mode`. */
  mode: string;
  instances: {
    vmId: string;
    /** On the model of now. */
    latest: boolean;
    /** As its health extension says; absent without one, and before its first word. */
    health?: { state: string; since: string; reason: string };
    /** On its way out, and whether another one follows it. */
    leaving?: "replaced" | "removed";
  }[];
  upgrade?: RollingState;
  /** Automatic repairs have given up. */
  repairsSuspended: boolean;
}

/** The whole world that packets see, and what of it cannot be carried. */
export interface Model {
  seq: number;
  vnets: Vnet[];
  subnets: Map<string, Subnet>;
  securityGroups: Map<string, SecurityGroup>;
  nics: Nic[];
  vms: Vm[];
  loadBalancers: LoadBalancer[];
  natGateways: Map<string, NatGateway>;
  scaleSets: ScaleSet[];
  problems: string[];
}
