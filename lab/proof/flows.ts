/** The flows that `npm start` sends, as data. Pure: from what the lab's status says to a list. */

import { sameId } from "../arm/ids";

/** Addresses of the internet host, by the part that each plays in the reference case. */
export const banned = "8.8.8.8";
export const administrator = "203.0.113.9";
export const visitor = "198.51.100.7";

/** A chained public address with a workload behind it. */
export interface Consumer {
  /** Name of the VM or load balancer that holds the address. */
  name: string;
  kind: "ilpip" | "frontend";
  address: string;
  /** VMs behind the address. */
  vms: readonly string[];
  /** NVAs that stand before it. */
  nvas: readonly string[];
}

export const expectations = [
  "passes",
  "dropped by the NVA",
  "stopped by the security group",
  "answered by the platform",
] as const;
export type Expected = (typeof expectations)[number];

/** An act of a client. Sizes are bytes. */
export type Act =
  | { kind: "knock"; port: number; attempts: number }
  | { kind: "banner"; port: number }
  | { kind: "page"; port: number }
  | { kind: "download"; port: number; size: number }
  | { kind: "upload"; port: number; size: number }
  | { kind: "datagram"; port: number; size: number }
  | { kind: "ping"; size: number }
  | { kind: "outbound" };

export interface Flow {
  consumer: Consumer;
  /** Address on the internet: the client's, or the server's of an outbound flow. */
  host: string;
  act: Act;
  expected: Expected;
}

/** Bytes of a transfer, each way. */
export const TRANSFER = 10 * 1024 * 1024;
/** A datagram that needs three fragments at an MTU of 1,500 bytes. */
export const FRAGMENTED = 4000;

/** The part of `status.json` that names consumers and their NVAs. */
export interface ChainStatus {
  publicAddresses: readonly {
    address: string;
    via: string;
    owner: string;
    vms: readonly string[];
    chainedTo?: string;
  }[];
  gateways: readonly {
    id: string;
    nvas: readonly { vm: string; healthy: boolean; reason: string }[];
  }[];
}

/** Chained addresses with VMs behind them, ILPIPs first, in the order of their names. */
export function consumersOf(status: ChainStatus): Consumer[] {
  const consumers = status.publicAddresses.flatMap(({ address, via, owner, vms, chainedTo }) => {
    if (chainedTo === undefined || vms.length === 0) return [];
    if (via !== "ilpip" && via !== "frontend") return [];
    const kind = via as Consumer["kind"];
    const name = kind === "ilpip" ? (vms[0] ?? owner) : ownerName(owner);
    return [{ name, kind, address, vms, nvas: nvasOf(status, chainedTo) }];
  });
  const order = (consumer: Consumer) => `${consumer.kind === "ilpip" ? 0 : 1}${consumer.name}`;
  return consumers.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/**
 * Flows to every consumer: the reference rule first, then what must still pass, then
 * sizes. A load balancer's frontend has no port without a rule, and its platform answers pings,
 * so neither says anything of an NVA there; an ILPIP shows both.
 */
export function planFlows(consumers: readonly Consumer[]): Flow[] {
  return consumers.flatMap((consumer) => {
    const ilpip = consumer.kind === "ilpip";
    const flow = (host: string, act: Act, expected: Expected = "passes"): Flow => ({
      ...{ consumer, host, act, expected },
    });
    return [
      flow(banned, { kind: "knock", port: 22, attempts: 3 }, "dropped by the NVA"),
      flow(banned, { kind: "page", port: 80 }),
      flow(administrator, { kind: "banner", port: 22 }),
      ...(ilpip ? [flow(administrator, closedPort, "stopped by the security group")] : []),
      flow(visitor, { kind: "download", port: 80, size: TRANSFER }),
      flow(visitor, { kind: "upload", port: 80, size: TRANSFER }),
      flow(visitor, { kind: "datagram", port: 7, size: 64 }),
      flow(visitor, { kind: "datagram", port: 7, size: FRAGMENTED }),
      flow(visitor, { kind: "ping", size: 56 }, ilpip ? "passes" : "answered by the platform"),
      ...(ilpip ? [flow(visitor, { kind: "ping", size: FRAGMENTED })] : []),
      flow(administrator, { kind: "outbound" }),
    ];
  });
}

/** A port that no rule of the demo's security groups opens. */
const closedPort: Act = { kind: "knock", port: 4444, attempts: 3 };

/** Protocol and port as firewalls write them, with what makes the flow a case of its own. */
export function describeAct(act: Act): string {
  switch (act.kind) {
    case "knock":
    case "banner":
      return `${act.port}/tcp`;
    case "page":
      return `${act.port}/tcp page`;
    case "download":
    case "upload":
      return `${act.port}/tcp ${act.kind} ${megabytes(act.size)}`;
    case "datagram":
      return `${act.port}/udp ${act.size.toLocaleString("en")} bytes`;
    case "ping":
      return `icmp echo ${act.size.toLocaleString("en")} bytes`;
    case "outbound":
      return "tcp outbound";
  }
}

/** The match of the act's packets: IP protocol number, and the server's port if it is fixed. */
export function wireOf(act: Act): { protocol: number; port?: number } {
  switch (act.kind) {
    case "ping":
      return { protocol: 1 };
    case "datagram":
      return { protocol: 17, port: act.port };
    case "outbound":
      return { protocol: 6 };
    default:
      return { protocol: 6, port: act.port };
  }
}

function megabytes(size: number): string {
  return `${Math.round(size / (1024 * 1024))} MB`;
}

/** Name of the load balancer in the id of its frontend. */
function ownerName(owner: string): string {
  return /\/loadBalancers\/([^/]+)/i.exec(owner)?.[1] ?? owner;
}

/** NVAs behind a gateway's frontend; ids compare without case, as Azure's do. */
function nvasOf(status: ChainStatus, frontendId: string): string[] {
  const own = status.gateways.filter(({ id }) => sameId(id, frontendId));
  return own.flatMap(({ nvas }) => nvas.map(({ vm }) => vm));
}
