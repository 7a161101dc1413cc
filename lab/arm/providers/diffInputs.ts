/** Diff as azure-native does it: inputs against old inputs, replacement only where it says so. */
import { isDeepStrictEqual } from "node:util";
import { canonicalRegion } from "../regions";
import { asText, type Body } from "../resource";
import type { ResourceType } from "../types";
import { CREATE_FIRST } from "./checkInputs";
import { type Change, changesOf } from "./values";

/** A plan for one resource. */
export interface Plan {
  /** Every change with its path, and whether it means a replacement. */
  changes: (Change & { replace: boolean })[];
  deleteBeforeReplace: boolean;
}

/** Compares inputs; `state` is what the resource looked like after the last update. */
export function planOf(type: ResourceType, before: Body, after: Body, state: Body): Plan {
  const old = { ...before };
  // States of azure-native 2 have the version only among the outputs.
  old.azureApiVersion ??= state.azureApiVersion;
  if (old.azureApiVersion === undefined) delete old.azureApiVersion;
  const changes = changesOf(old, after)
    .filter((change) => !sameRegion(change, old, after))
    .map((change) => ({ ...change, replace: replaces(type, change, after, state) }));
  const replacing = changes.some((change) => change.replace);
  return {
    changes,
    // A name that was made up can be made up again; a fixed one must be free first.
    deleteBeforeReplace: before[CREATE_FIRST] === true ? false : replacing,
  };
}

/** `West Europe` and `westeurope` do not differ. */
function sameRegion({ path }: Change, before: Body, after: Body): boolean {
  const [a, b] = [asText(before.location), asText(after.location)];
  if (path !== "location" || a === undefined || b === undefined) return false;
  return canonicalRegion(a) === canonicalRegion(b);
}

function replaces(type: ResourceType, { key, kind }: Change, after: Body, state: Body): boolean {
  const keys = [...type.path, ...(type.replaces ?? [])];
  const hit = keys.some(
    (field) => key === field || key.startsWith(`${field}.`) || key.startsWith(`${field}[`),
  );
  if (!hit) return false;
  // A value that is now said and that the resource has anyway changes nothing.
  return !(kind === "add" && key in state && isDeepStrictEqual(after[key], state[key]));
}
