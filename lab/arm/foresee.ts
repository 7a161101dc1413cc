/** Refusals that a preview can foresee of a write: nothing else in the plan can change them. */
import { accept } from "./accept";
import { type ArmError, joined } from "./errors";
import { nameOf, parseId } from "./ids";
import { merged } from "./merge";
import type { Body, StoredResource } from "./resource";
import type { ResourceType } from "./types";
import { withoutWay } from "./underWay";
import { worldOver } from "./world";

/** Rules of this kind look at the resource alone. */
const NOTHING = worldOver({ get: () => undefined, usersOf: () => [], all: () => [].values() });

/**
 * Why Azure will refuse to make a resource, or to change it from `existing`, whatever the other
 * resources are by then. `isKnown` says of a refusal's target whether its value is final.
 */
export function foresee(
  type: ResourceType,
  id: string,
  body: Body,
  { existing, isKnown }: { existing?: StoredResource; isKnown: (target: string) => boolean },
): ArmError | undefined {
  const parsed = parseId(id);
  if (parsed === undefined || type.inline !== undefined) return undefined;
  const whole =
    existing !== undefined && type.keepsOmitted ? merged(withoutWay(existing), body) : body;
  const problems: ArmError[] = [];
  const { properties, ...outer } = accept(type.shape, whole, problems);
  const desired: StoredResource = structuredClone({
    ...{ id, name: nameOf(parsed), type: type.type, etag: "" },
    ...outer,
    properties: (properties ?? {}) as Body,
  });
  const put = { id: parsed, desired, existing, world: NOTHING, serial: 0 };
  if (problems.length === 0) type.prepare?.(put);
  problems.push(...(type.ownRules ?? []).flatMap((rule) => [...rule(put)]));
  return joined(problems.filter(({ target }) => target !== undefined && isKnown(target)));
}
