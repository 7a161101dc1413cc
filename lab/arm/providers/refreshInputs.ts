/** Inputs after a refresh: what changed in Azure since the last update, applied to the old inputs. */
import { isDeepStrictEqual } from "node:util";
import { asBody, type Body } from "../resource";
import type { Prop } from "../schema";
import { toInputs } from "./sdkShape";

/**
 * Defaults that the service fills in are no news, so inputs cannot be read off the resource: the
 * difference between old and new outputs says what was changed outside, and only that is taken over.
 */
export function refreshedInputs(shape: Prop, inputs: Body, before: Body, after: Body): Body {
  const shown = { ...after };
  for (const [name, prop] of Object.entries(shape.fields ?? {})) {
    // Sub-resources that the program does not define inline are others' business.
    if (prop.maintain && inputs[name] === undefined) delete shown[name];
  }
  return merged(inputs, toInputs(shape, before), toInputs(shape, shown));
}

/** `base` with the difference between `before` and `after`. */
function merged(base: Body, before: Body, after: Body): Body {
  const result: Body = { ...base };
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (isDeepStrictEqual(before[name], after[name])) continue;
    if (!(name in after)) delete result[name];
    else if (!(name in before) || !(name in base)) result[name] = after[name];
    else result[name] = mergedValue(base[name], before[name], after[name]);
  }
  return result;
}

function mergedValue(base: unknown, before: unknown, after: unknown): unknown {
  const [a, b, c] = [asBody(base), asBody(before), asBody(after)];
  if (a !== undefined && b !== undefined && c !== undefined) return merged(a, b, c);
  if (Array.isArray(base) && Array.isArray(before) && Array.isArray(after)) {
    return after.map((item, i) =>
      i < base.length && i < before.length ? mergedValue(base[i], before[i], item) : item,
    );
  }
  return isDeepStrictEqual(before, after) ? base : after;
}
