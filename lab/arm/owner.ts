/** The resource that another one is a part of. */
import { type ArmId, parentOf, typeOf } from "./ids";
import { typeNamed } from "./types";

/**
 * The id of the resource that must be there for this one to be; what Azure makes by itself, such as
 * a storage account's `blobServices/default`, is passed over. Undefined for a top-level resource.
 */
export function ownerOf(id: ArmId): ArmId | undefined {
  const place = typeNamed(typeOf(id))?.place;
  if (place === undefined) return parentOf(id);
  const names = place.split("/").filter((_, i) => i > 0 && i % 2 === 0);
  const at = names.slice(0, -1).findLastIndex((name) => name.startsWith("{"));
  if (at < 0) return undefined;
  return { ...id, types: id.types.slice(0, at + 1), names: id.names.slice(0, at + 1) };
}
