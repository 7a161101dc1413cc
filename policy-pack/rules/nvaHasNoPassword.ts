/** Passwords are guessed; nobody has to log in to an appliance to change its rules. */
import { type Nva, nvasOf, nvaTypes } from "../nvas";
import { Level, type Rule, Scope } from "../rule";
import { at, isSet, UNKNOWN } from "../values";

/** Appliances refuse logins by password. */
export const nvaHasNoPassword: Rule = {
  name: "nva-has-no-password",
  description: "Machines in a gateway's pool take no login by password.",
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
  const os = at(profile, "osProfile");
  // A machine made from a specialised disk has no profile: what its disk holds cannot be seen.
  if (os === UNKNOWN || !isSet(os)) return [];
  const found: string[] = [];
  if (isSet(at(os, "adminPassword"))) found.push("osProfile.adminPassword is set: remove it");
  const path = "linuxConfiguration.disablePasswordAuthentication";
  const disabled = at(os, ...path.split("."));
  if (disabled !== true && disabled !== UNKNOWN) {
    found.push(`osProfile.${path} must be true, got ${String(disabled)}`);
  }
  return found;
}
