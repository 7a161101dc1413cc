/** Values of a plan in words that fit a table cell. */
import { code } from "./escape";

/** Longest text that is shown whole, in characters. */
export const SHOWN_LENGTH = 60;

/** How the engine writes what it knows only after the deployment (one mark per type). */
const unknownMarks = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** Key of an object that stands for a special value of the engine's, above all a secret. */
const SECRET_KEY = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** True for what will be known only after the deployment. */
export const isUnknown = (value: unknown): boolean =>
  typeof value === "string" && unknownMarks.has(value);

/** True for a value of which a part will be known only after the deployment. */
export const holdsUnknown = (value: unknown): boolean => holds(value, isUnknown);

/** True for a value of which a part is secret. */
export const holdsSecret = (value: unknown): boolean => holds(value, isSecret);

function holds(value: unknown, is: (part: unknown) => boolean): boolean {
  if (is(value)) return true;
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).some((part) => holds(part, is))
  );
}

/**
 * The value at a path of the engine's, such as `a.b[0]["c.d"]`; undefined when there is none, or
 * when the way to it is secret.
 */
export function valueAt(holder: unknown, path: string): unknown {
  let found = holder;
  for (const [, name, index, quoted] of path.matchAll(/([^.[\]]+)|\[(\d+)\]|\["([^"]*)"\]/g)) {
    if (isSecret(found)) return found;
    if (typeof found !== "object" || found === null) return undefined;
    found = Reflect.get(found, name ?? index ?? quoted ?? "");
  }
  return found;
}

/** The value in Markdown; never what is secret, never a long text. */
export function words(value: unknown): string {
  if (isSecret(value)) return "(secret)";
  if (isUnknown(value)) return "(known after deployment)";
  if (value === undefined || value === null) return "(none)";
  // A reference to another resource is an object around its id.
  const id = valueAt(value, "id");
  if (typeof id === "string" && !Array.isArray(value)) return words(id);
  const text = typeof value === "string" ? value : JSON.stringify(value, withoutSecrets);
  if (text.length <= SHOWN_LENGTH) return code(text);
  // The telling part of a resource id is its end.
  const segments = text.startsWith("/subscriptions/") ? text.split("/").slice(-4) : [];
  const end = `…/${segments.join("/")}`;
  return segments.length > 0 && end.length <= SHOWN_LENGTH
    ? code(end)
    : `(${text.length} characters)`;
}

const withoutSecrets = (_key: string, value: unknown) => (isSecret(value) ? "(secret)" : value);

function isSecret(value: unknown): boolean {
  if (typeof value === "string") return value === "[secret]";
  if (typeof value !== "object" || value === null) return false;
  return Reflect.get(value, SECRET_KEY) === secretSignature;
}
