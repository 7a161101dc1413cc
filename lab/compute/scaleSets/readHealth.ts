/** The health extension of an instance → what to ask it. Pure. */
import { asBody, asNumber, asText, type StoredResource } from "../../arm/resource";
import { behavesSo } from "../../arm/rules";
import { docs } from "../../arm/sources";
import { recordOf } from "./instances";
import { isHealthExtension } from "./model";

behavesSo(
  "Microsoft.Compute/virtualMachineScaleSets",
  {
    says: "The health extension asks from inside the machine, every 5 seconds unless it says otherwise.",
    documented: docs.healthExtension,
  },
  {
    says: "Version 2.0 of the health extension reads the state from the answer's body; Unknown counts as unhealthy.",
    documented: docs.healthExtension,
  },
);

/** How an instance is asked for its health, from inside; seconds before the lab's time factor. */
export interface HealthCheck {
  protocol: "http" | "https" | "tcp";
  port: number;
  path: string;
  interval: number;
  /** Answers alike in a row that change the state. */
  probes: number;
  grace: number;
  /** Version 2.0 of the extension: the answer's body names the state. */
  rich: boolean;
}

/** The question of the extension in a machine; undefined for a machine without one. */
export function readHealthCheck(vm: StoredResource): HealthCheck | undefined {
  const extension = recordOf(vm)?.extensions.find(isHealthExtension);
  const properties = asBody(extension?.properties);
  const settings = asBody(properties?.settings);
  if (properties === undefined || settings === undefined) return undefined;
  const { protocol } = settings;
  const known = protocol === "https" || protocol === "tcp" ? protocol : "http";
  const interval = asNumber(settings.intervalInSeconds) ?? 5;
  const probes = asNumber(settings.numberOfProbes) ?? 1;
  return {
    protocol: known,
    port: asNumber(settings.port) ?? (known === "https" ? 443 : 80),
    path: asText(settings.requestPath) ?? "/",
    interval,
    probes,
    // Documented as the default: the time that the first change of state can take.
    grace: asNumber(settings.gracePeriod) ?? interval * probes,
    rich: asText(properties.typeHandlerVersion)?.startsWith("2.") === true,
  };
}
