/** A machine that filters everybody's traffic boots only signed code, and can attest it. */
import { type Nva, nvasOf, nvaTypes } from "../nvas";
import { Level, type Rule, Scope } from "../rule";
import { at, sameWord, UNKNOWN } from "../values";

/** Appliances use Trusted Launch (or a confidential machine, which includes it). */
export const nvaBootsTrusted: Rule = {
  name: "nva-boots-trusted",
  description: "Machines in a gateway's pool use Trusted Launch with Secure Boot and a vTPM.",
  level: Level.Mandatory,
  scope: Scope.Stack,
  types: nvaTypes,
  defaults: {},
  schema: {},
  check: (resources) =>
    nvasOf(resources).flatMap((nva) =>
      problems(nva).map((message) => ({ urn: nva.urn, message: `"${nva.name}": ${message}` })),
    ),
};

function problems({ profile }: Nva): string[] {
  const security = at(profile, "securityProfile");
  if (security === UNKNOWN) return [];
  const type = at(security, "securityType");
  if (type === UNKNOWN) return [];
  if (!["TrustedLaunch", "ConfidentialVM"].some((word) => sameWord(type, word))) {
    return [`securityProfile.securityType must be TrustedLaunch, got ${String(type)}`];
  }
  return ["secureBootEnabled", "vTpmEnabled"].flatMap((key) => {
    const enabled = at(security, "uefiSettings", key);
    return enabled === true || enabled === UNKNOWN
      ? []
      : [`securityProfile.uefiSettings.${key} must be true, got ${String(enabled)}`];
  });
}
