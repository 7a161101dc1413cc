/** The two VXLAN tunnels between a Gateway Load Balancer and its NVAs. */
import {
  DEFAULTS,
  type NvaSettings,
  TUNNEL_NUMBERS,
  type TunnelSettings,
} from "../../../nva-cloud-init/contract/contract";
import { at, boundsReason, optional, type Problem, under } from "../../check/problem";

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

/** Internal carries traffic between NVA and application, External what was not inspected yet. */
export type TunnelPair = Pick<NvaSettings, "internal" | "external">;

/** UDP ports that Azure's own network uses, and for what. */
export const TAKEN_PORTS: ReadonlyMap<number, string> = new Map([
  [4789, "the VXLAN of Azure's own network"],
  [65330, "Azure's host agent"],
]);

/** Fills in what the user left out. */
export function planTunnels(
  internal?: GatewayTunnelArgs,
  external?: GatewayTunnelArgs,
): TunnelPair {
  const fill = (given: GatewayTunnelArgs | undefined, base: TunnelSettings): TunnelSettings => ({
    port: given?.port ?? base.port,
    vni: given?.vni ?? base.vni,
  });
  return {
    internal: fill(internal, DEFAULTS.internal),
    external: fill(external, DEFAULTS.external),
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

function oneTunnel({ port, vni }: TunnelSettings): Problem[] {
  const use = TAKEN_PORTS.get(port);
  return [
    ...at("port", boundsReason(port, TUNNEL_NUMBERS.port)),
    ...at(
      "port",
      optional(use, (what) => `must not be ${port}, which is ${what}`),
    ),
    ...at("vni", boundsReason(vni, TUNNEL_NUMBERS.vni)),
  ];
}
