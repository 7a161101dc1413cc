/** The service's own write of a resource, past the rules of requests. */
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { StoredResource } from "./resource";
import type { StoreTransaction } from "./store";

/** Changes a resource as the service itself does, past the rules; undefined if there is none. */
export function amend(
  id: string,
  change: (resource: StoredResource) => void,
  tx: StoreTransaction,
): StoredResource | undefined {
  const existing = tx.get(id);
  if (existing === undefined) return undefined;
  const desired = structuredClone(existing);
  change(desired);
  const changed = JSON.parse(JSON.stringify(desired)) as StoredResource;
  if (isDeepStrictEqual(changed, existing)) return existing;
  changed.etag = `W/"${randomUUID()}"`;
  tx.put(changed);
  return changed;
}
