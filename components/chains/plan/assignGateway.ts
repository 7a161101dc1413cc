/** Consumers spread over several gateways, each of which takes a limited number of chains. */
import { createHash } from "node:crypto";

/**
 * The gateway of a consumer, of several: always the same one for the same key and gateways, with
 * about equal shares. Give it the gateways' names and the consumer's, which do not change, not ids
 * that are known only later. An added gateway takes its share from all others and nothing else
 * moves; consumers of a removed one are spread over the rest (rendezvous hashing). The order of
 * `gateways` has no meaning.
 *
 * A consumer that moves is chained to another gateway: its running flows end.
 *
 * Throws for an empty list, and for a name that is there twice.
 */
export function assignGateway(key: string, gateways: readonly string[]): string {
  if (new Set(gateways).size < gateways.length) {
    throw new Error(`assignGateway: a gateway is named twice: ${gateways.join(", ")}`);
  }
  const [first, ...others] = [...gateways].sort();
  if (first === undefined) throw new Error("assignGateway: there is no gateway to choose from");
  return others.reduce(
    (best, other) => (weight(key, other) > weight(key, best) ? other : best),
    first,
  );
}

/** How much a gateway wants a consumer; a digest, so that no pattern of names makes shares uneven. */
function weight(key: string, gateway: string): bigint {
  const text = JSON.stringify([gateway, key]);
  return createHash("sha256").update(text).digest().readBigUInt64BE();
}
