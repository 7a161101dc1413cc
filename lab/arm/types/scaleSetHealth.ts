/** The Application Health extension of a scale set's model: settings, limits, and its absence. */

import { extensionsOf, isHealthExtension } from "../../compute/scaleSets/model";
import { durationSeconds } from "../durations";
import { type ArmError, refuse } from "../errors";
import { asBody, asText, type StoredResource } from "../resource";
import { refusalsOf } from "../rules";
import { docs } from "../sources";
import type { Put } from "../world";

const refusals = refusalsOf("Microsoft.Compute/virtualMachineScaleSets", {
  sources: {
    code: "InvalidParameter",
    says: "A model has one health source.",
    documented: docs.rolling,
  },
  version: {
    code: "InvalidParameter",
    says: "The health extension has version 1.0 or 2.0.",
    documented: docs.healthExtension,
  },
  settings: {
    code: "InvalidParameter",
    says: "The health extension has settings that it knows, in their ranges.",
    assumed: `Azure takes any and the extension fails in the machine; the ranges are documented (${docs.healthExtension}).`,
  },
  rolling: {
    code: "InvalidParameter",
    says: "Rolling upgrades need a health source.",
    documented: docs.rolling,
  },
  autoOs: {
    code: "InvalidParameter",
    says: "Upgrades of the image by itself need a health source.",
    documented: docs.autoOs,
  },
  repairs: {
    code: "InvalidParameter",
    says: "Automatic repairs need a health source.",
    documented: docs.repairs,
  },
  grace: {
    code: "InvalidParameter",
    says: "The grace period of repairs is 10 to 90 minutes.",
    documented: docs.repairs,
  },
});

/** Whether a model has a health source. */
export const hasHealthSource = (set: StoredResource): boolean =>
  extensionsOf(set).some(isHealthExtension);

const SETTINGS = "extensionProfile.extensions.settings";

/** One health source, with settings that the extension takes. */
export function* healthProblems({ desired }: Put): Generator<ArmError> {
  const sources = extensionsOf(desired).filter(isHealthExtension);
  if (sources.length > 1) {
    yield refuse(
      refusals.sources,
      `The model has ${sources.length} ApplicationHealthLinux extensions; one is allowed.`,
      "extensionProfile.extensions",
    );
  }
  for (const { properties } of sources) {
    const settings = asBody(properties.settings) ?? {};
    yield* settingProblems(settings);
    if (!/^[12]\.\d+$/.test(asText(properties.typeHandlerVersion) ?? "")) {
      yield refuse(
        refusals.version,
        `ApplicationHealthLinux has versions 1.0 and 2.0, not ${properties.typeHandlerVersion}.`,
        "extensionProfile.extensions.typeHandlerVersion",
      );
    }
  }
}

function* settingProblems(settings: Record<string, unknown>): Generator<ArmError> {
  const wrong = (field: string, rule: string) =>
    refuse(
      refusals.settings,
      `Setting ${field} of ApplicationHealthLinux is ${JSON.stringify(settings[field])}; ${rule}.`,
      `${SETTINGS}.${field}`,
    );
  const { protocol, requestPath } = settings;
  const known = ["http", "https", "tcp"];
  if (typeof protocol !== "string" || !known.includes(protocol)) {
    yield wrong("protocol", "it must be http, https or tcp");
  }
  const whole = (field: string, min: number, max: number, needed: boolean) => {
    const value = settings[field];
    if (value === undefined && !needed) return [];
    const fits = Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
    return fits ? [] : [wrong(field, `it must be a whole number from ${min} to ${max}`)];
  };
  // Without a port the extension asks on the one that is usual for the protocol; TCP has none.
  yield* whole("port", 1, 65_535, protocol === "tcp");
  yield* whole("intervalInSeconds", 5, 60, false);
  yield* whole("numberOfProbes", 1, 24, false);
  yield* whole("gracePeriod", 5, 14_400, false);
  if (protocol === "tcp" ? requestPath !== undefined : typeof requestPath !== "string") {
    yield wrong("requestPath", "http and https need it, tcp does not take it");
  }
  const unknown = Object.keys(settings).filter((field) => !FIELDS.includes(field));
  for (const field of unknown) yield wrong(field, `known settings are ${FIELDS.join(", ")}`);
}

const FIELDS = [
  "protocol",
  "port",
  "requestPath",
  "intervalInSeconds",
  "numberOfProbes",
  "gracePeriod",
];

/** Policies that need to know who is well. */
export function* healthSourceProblems({ desired }: Put): Generator<ArmError> {
  const { upgradePolicy, automaticRepairsPolicy } = desired.properties;
  const repairs = asBody(automaticRepairsPolicy);
  const upgrade = asBody(upgradePolicy);
  const os = asBody(upgrade?.automaticOSUpgradePolicy);
  if (!hasHealthSource(desired)) {
    const without = "because a health probe or health extension was not provided";
    if (upgrade?.mode === "Rolling") {
      yield refuse(
        refusals.rolling,
        `Rolling Upgrade mode is not supported for this Virtual Machine Scale Set ${without}.`,
        "upgradePolicy.mode",
      );
    }
    if (os?.enableAutomaticOSUpgrade === true) {
      yield refuse(
        refusals.autoOs,
        `Automatic OS Upgrade is not supported for this Virtual Machine Scale Set ${without}.`,
        "upgradePolicy.automaticOSUpgradePolicy",
      );
    }
    if (repairs?.enabled === true) {
      yield refuse(
        refusals.repairs,
        `Automatic repairs are not supported for this Virtual Machine Scale Set ${without}.`,
        "automaticRepairsPolicy.enabled",
      );
    }
  }
  const grace = asText(repairs?.gracePeriod);
  const seconds = grace === undefined ? 600 : durationSeconds(grace);
  if (seconds === undefined || seconds < 600 || seconds > 5400) {
    yield refuse(
      refusals.grace,
      `automaticRepairsPolicy.gracePeriod is ${grace}; it must be PT10M to PT90M.`,
      "automaticRepairsPolicy.gracePeriod",
    );
  }
}
