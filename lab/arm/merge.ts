/** A resource changed in part. Pure. */
import { keyOf } from "./ids";
import { asBody, type Body } from "./resource";

/** Replaced as wholes: tags, and a reference whose parts mean something only together. */
const WHOLE = /^(tags|imagereference)$/i;

/** The existing value with a change over it: objects are merged, everything else is replaced. */
export function merged(before: Body, change: Body): Body {
  const result: Body = structuredClone(before);
  for (const [name, value] of Object.entries(change)) {
    const field = Object.keys(before).find((known) => keyOf(known) === keyOf(name)) ?? name;
    const [old, body] = [asBody(before[field]), asBody(value)];
    const whole = WHOLE.test(field) || old === undefined || body === undefined;
    result[field] = whole ? value : merged(old, body);
  }
  return result;
}
