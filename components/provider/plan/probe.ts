/** The HTTP probe by which the load balancer learns whether an NVA passes traffic. */
import { DEFAULTS, NUMBERS } from "../../../nva-cloud-init/contract/contract";
import {
  at,
  boundsReason,
  formReason,
  type Problem,
  shown,
  wholeReason,
} from "../../check/problem";
import type { TunnelPair } from "./tunnels";

/** The probe, as the user writes it. */
export interface GatewayProbeArgs {
  /**
   * TCP port of the NVA's health service, 1 to 65535. Default: 8080. Azure refuses HTTP probes on
   * 19, 21, 25, 70, 110, 119, 143, 220 and 993.
   */
  port?: number;
  /** Path that is asked for, from the `/` on. Default: `/health`. Up to 2,048 characters of a URL. */
  path?: string;
  /** Seconds between two probes, 5 to 300. Default: 5, the least that Azure takes. */
  intervalSeconds?: number;
}

/** The probe with everything decided. */
export interface Probe {
  port: number;
  path: string;
  intervalSeconds: number;
}

/** Ports that Azure refuses for HTTP probes. */
export const REFUSED_PROBE_PORTS: readonly number[] = [19, 21, 25, 70, 110, 119, 143, 220, 993];

/** The least that Azure takes. */
const INTERVAL_SECONDS = 5;

/** Fills in what the user left out. */
export function planProbe(args: GatewayProbeArgs = {}): Probe {
  return {
    port: args.port ?? DEFAULTS.probePort,
    path: args.path ?? DEFAULTS.probePath,
    intervalSeconds: args.intervalSeconds ?? INTERVAL_SECONDS,
  };
}

/** Every problem of an HTTP probe, in reading order. */
export function probeProblems({ port, path, intervalSeconds }: Probe): Problem[] {
  const refused = REFUSED_PROBE_PORTS.includes(port)
    ? `must not be ${port}: Azure refuses HTTP probes on ${REFUSED_PROBE_PORTS.join(", ")}`
    : undefined;
  return [
    ...at("port", boundsReason(port, NUMBERS.probePort) ?? refused),
    ...at("path", formReason(path, /^\/[!-~]{0,2047}$/, "a URL path that starts with /")),
    ...at("intervalSeconds", wholeReason(intervalSeconds, INTERVAL_SECONDS, 300, "seconds")),
  ];
}

/** The health port must not be a tunnel port: one number is then read for the other in rules. */
export function probeClashProblems({ port }: Probe, { internal, external }: TunnelPair): Problem[] {
  const clash = [internal.port, external.port].includes(port);
  return at(
    "port",
    clash
      ? `must differ from the tunnel ports ${internal.port} and ${external.port}, got ${shown(port)}`
      : undefined,
  );
}
