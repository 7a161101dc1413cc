/** The two VXLAN tunnels between a Gateway Load Balancer and its NVAs. */
import { at, optional, type Problem, under, wholeReason } from "../../check/problem";

/** One tunnel, as the user writes it. */
export interface GatewayTunnelArgs {
  /**
   * UDP port, 1 to 65535. Default: 10800 for the internal tunnel, 10801 for the external one.
   * Not 4789 and 65330, which Azure's own network uses, and not the port of the other tunnel.
   */
  port?: number;
  /**
   * VXLAN network identifier (VNI), 800 to 1000: the range that a vendor's template enforces and
   * that every example of Microsoft lies in. Default: 800 for the internal tunnel, 801 for the
   * external one. The two must differ.
   */
  vni?: number;
}

/** One tunnel with everything decided. */
export interface Tunnel {
  port: number;
  vni: number;
}

/** Internal carries traffic between NVA and application, External what was not inspected yet. */
export interface TunnelPair {
  internal: Tunnel;
  external: Tunnel;
}

/** VNIs that are taken, both included. */
export const VNI_MIN = 800;
export const VNI_MAX = 1000;

/** UDP ports that Azure's own network uses, and for what. */
export const TAKEN_PORTS: ReadonlyMap<number, string> = new Map([
  [4789, "the VXLAN of Azure's own network"],
  [65330, "Azure's host agent"],
]);

/** The reference layout. */
export const DEFAULT_TUNNELS: TunnelPair = {
  internal: { port: 10800, vni: 800 },
  external: { port: 10801, vni: 801 },
};

/** Fills in what the user left out. */
export function planTunnels(
  internal?: GatewayTunnelArgs,
  external?: GatewayTunnelArgs,
): TunnelPair {
  const fill = (given: GatewayTunnelArgs | undefined, base: Tunnel): Tunnel => ({
    port: given?.port ?? base.port,
    vni: given?.vni ?? base.vni,
  });
  return {
    internal: fill(internal, DEFAULT_TUNNELS.internal),
    external: fill(external, DEFAULT_TUNNELS.external),
  };
}

/** Every problem of the pair, in reading order. */
export function tunnelProblems(pair: TunnelPair): Problem[] {
  const { internal, external } = pair;
  const clash = (what: string, mine: number, other: number) =>
    mine === other ? `must differ from internal.${what}, both are ${mine}` : undefined;
  return [
    ...under("internal", oneTunnel(internal)),
    ...under("external", oneTunnel(external)),
    ...at("external.port", clash("port", external.port, internal.port)),
    ...at("external.vni", clash("vni", external.vni, internal.vni)),
  ];
}

/**
 * The pair as a short text, e.g. `internal 800/10800, external 801/10801`. Azure refuses a change
 * of either while NICs are in the pool, so whatever holds the NICs goes by this text.
 */
export function tunnelKey({ internal, external }: TunnelPair): string {
  return `internal ${internal.vni}/${internal.port}, external ${external.vni}/${external.port}`;
}

function oneTunnel({ port, vni }: Tunnel): Problem[] {
  const use = TAKEN_PORTS.get(port);
  return [
    ...at("port", wholeReason(port, 1, 65535)),
    ...at(
      "port",
      optional(use, (what) => `must not be ${port}, which is ${what}`),
    ),
    ...at("vni", wholeReason(vni, VNI_MIN, VNI_MAX)),
  ];
}
