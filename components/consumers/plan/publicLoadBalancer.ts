/** A consumer's public load balancer as plain data, in the fields of azure-native. */
import type { Input } from "@pulumi/pulumi";
import {
  at,
  choiceReason,
  optional,
  type Problem,
  shown,
  under,
  wholeReason,
} from "../../check/problem";
import { probeProblems } from "../../provider/plan/probe";
import { type AllowedTraffic, ruleNameReason } from "./traffic";

/** Protocols that a public load balancer forwards. */
export const PublicProtocol = {
  /** TCP. */
  Tcp: "tcp",
  /** UDP. */
  Udp: "udp",
} as const;
export type PublicProtocol = (typeof PublicProtocol)[keyof typeof PublicProtocol];

/** One public port and where it leads. */
export interface PublicPort {
  /** Name of the rule, 1 to 80 letters, digits, hyphens, underscores and periods; unique. */
  name: string;
  /** `tcp` or `udp`. */
  protocol: PublicProtocol;
  /** Port on the public address, 1 to 65534. */
  port: number;
  /** Port of the workload, 1 to 65535. Default: the public port. */
  backendPort?: number;
  /** Minutes after which an idle flow ends, 4 to 30. Default: 4. */
  idleTimeoutMinutes?: number;
  /**
   * Allowed clients: IPv4 addresses, networks, or service tags of Azure. Default: the tag
   * `Internet`.
   */
  sources?: Input<string>[];
}

/** By what the load balancer tells which machines can take traffic. */
export interface PublicProbeArgs {
  /** TCP port of the workload, 1 to 65535. */
  port: number;
  /**
   * Path for an HTTP probe, which must answer 200. Default: none, a TCP connection is enough. HTTP
   * is refused on 19, 21, 25, 70, 110, 119, 143, 220 and 993.
   */
  path?: string;
  /** Seconds between two probes, 5 to 300. Default: 5. */
  intervalSeconds?: number;
  /** Time-outs, or failed TCP probes, in a row that take a machine out, 1 to 100. Default: 2. */
  threshold?: number;
}

/** The way of the pool's machines to the internet. */
export interface OutboundArgs {
  /**
   * False shares the public address of inbound traffic. Default: true, an address of its own, as
   * Microsoft recommends for chained load balancers: inbound flows then never run short of ports.
   */
  separateAddress?: boolean;
  /**
   * Source ports for each machine, a multiple of 8 from 8 to 64,000. Default: 1,024, which is
   * enough for 62 machines: one address has 64,000 ports.
   */
  portsPerMachine?: number;
  /** Minutes after which an idle flow ends, 4 to 100. Default: 4. */
  idleTimeoutMinutes?: number;
}

export const INBOUND_FRONTEND = "inbound";
export const OUTBOUND_FRONTEND = "outbound";
const POOL = "workload";
const PROBE = "health";
const OUTBOUND_RULE = "outbound";

/** Most rules on a load balancer that stay below Azure's limit of 300 for each NIC. */
const PORTS_MAX = 250;

/** Ids of the children of a load balancer. */
export function publicIds(loadBalancerId: string) {
  return {
    inbound: `${loadBalancerId}/frontendIPConfigurations/${INBOUND_FRONTEND}`,
    outbound: `${loadBalancerId}/frontendIPConfigurations/${OUTBOUND_FRONTEND}`,
    pool: `${loadBalancerId}/backendAddressPools/${POOL}`,
    probe: `${loadBalancerId}/probes/${PROBE}`,
  };
}
export type PublicIds = ReturnType<typeof publicIds>;

/** The pool; machines join it by their NICs. */
export const publicPools = () => [{ name: POOL }];

/** The probe. */
export function publicProbes({ port, path, intervalSeconds = 5, threshold = 2 }: PublicProbeArgs) {
  const how = path === undefined ? { protocol: "Tcp" } : { protocol: "Http", requestPath: path };
  return [
    { name: PROBE, ...how, port, intervalInSeconds: intervalSeconds, probeThreshold: threshold },
  ];
}

/**
 * A rule for each public port. Rules give no outbound of their own: with an outbound rule Azure
 * wants that said, and without one there shall be none.
 */
export function publicRules(ids: PublicIds, ports: readonly PublicPort[]) {
  return ports.map(({ name, protocol, port, backendPort = port, idleTimeoutMinutes = 4 }) => ({
    name,
    protocol: protocol === PublicProtocol.Tcp ? "Tcp" : "Udp",
    frontendPort: port,
    backendPort,
    idleTimeoutInMinutes: idleTimeoutMinutes,
    loadDistribution: "Default",
    disableOutboundSnat: true,
    // Ends of idle TCP flows are told to both sides instead of leaving them to hang.
    enableTcpReset: protocol === PublicProtocol.Tcp,
    frontendIPConfiguration: { id: ids.inbound },
    backendAddressPools: [{ id: ids.pool }],
    probe: { id: ids.probe },
  }));
}

/** The outbound rule; its frontend is chained too, so what leaves is inspected. */
export function publicOutboundRules(ids: PublicIds, outbound: OutboundArgs) {
  return [
    {
      name: OUTBOUND_RULE,
      protocol: "All",
      allocatedOutboundPorts: outbound.portsPerMachine ?? 1024,
      idleTimeoutInMinutes: outbound.idleTimeoutMinutes ?? 4,
      enableTcpReset: true,
      backendAddressPool: { id: ids.pool },
      frontendIPConfigurations: [
        { id: outbound.separateAddress === false ? ids.inbound : ids.outbound },
      ],
    },
  ];
}

/** Traffic that the security group must let in for the public ports. */
export function trafficOfPorts(ports: readonly PublicPort[]): AllowedTraffic[] {
  return ports.map(({ name, protocol, port, backendPort = port, sources }) => ({
    name,
    protocol,
    ports: [String(backendPort)],
    ...(sources === undefined ? {} : { sources }),
  }));
}

/** Every problem of the public ports, in reading order. Sources are checked with the traffic. */
export function publicPortProblems(ports: readonly PublicPort[]): Problem[] {
  const names = new Set<string>();
  const used = new Map<string, number>();
  const count = ports.length;
  const size =
    count === 0 || count > PORTS_MAX ? `takes 1 to ${PORTS_MAX} entries, got ${count}` : undefined;
  const list = ports.flatMap((entry, i) => {
    const name = String(entry.name).toLowerCase();
    const place = `${entry.protocol} ${entry.port}`;
    const twice = names.has(name)
      ? `must be unique, ${shown(entry.name)} is there twice`
      : undefined;
    const other = used.get(place);
    names.add(name);
    used.set(place, i);
    return under(`[${i}]`, [
      ...at("name", ruleNameReason(entry.name) ?? twice),
      ...at("protocol", choiceReason(entry.protocol, Object.values(PublicProtocol))),
      ...at("port", wholeReason(entry.port, 1, 65534)),
      ...at("port", other === undefined ? undefined : `${place} is used by entry ${other} already`),
      ...at(
        "backendPort",
        optional(entry.backendPort, (port) => wholeReason(port, 1, 65535)),
      ),
      ...at(
        "idleTimeoutMinutes",
        optional(entry.idleTimeoutMinutes, (m) => wholeReason(m, 4, 30, "minutes")),
      ),
    ]);
  });
  return [...at("", size), ...list];
}

/** Every problem of the probe, in reading order. */
export function publicProbeProblems(probe: PublicProbeArgs): Problem[] {
  const { port, path, intervalSeconds = 5, threshold } = probe;
  const shared = probeProblems({ port, path: path ?? "/", intervalSeconds });
  // The refused ports are those of HTTP probes.
  const found = path === undefined ? shared.filter((p) => !p.reason.includes("HTTP")) : shared;
  return [
    ...found,
    ...at(
      "threshold",
      optional(threshold, (n) => wholeReason(n, 1, 100)),
    ),
  ];
}

/** Every problem of the outbound settings, in reading order. */
export function outboundProblems({ portsPerMachine, idleTimeoutMinutes }: OutboundArgs): Problem[] {
  const eight = (n: number) =>
    wholeReason(n, 8, 64000) ?? (n % 8 === 0 ? undefined : `must be a multiple of 8, got ${n}`);
  return [
    ...at("portsPerMachine", optional(portsPerMachine, eight)),
    ...at(
      "idleTimeoutMinutes",
      optional(idleTimeoutMinutes, (m) => wholeReason(m, 4, 100, "minutes")),
    ),
  ];
}
