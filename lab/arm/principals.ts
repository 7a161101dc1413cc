/** The identities of the tenant: of provider configurations, and of clients that sign in. Pure. */
import { createHash } from "node:crypto";
import type { Caller, World } from "./world";

/** Used when the program's configuration names no subscription. */
export const DEFAULT_SUBSCRIPTION = "00000000-0000-0000-0000-000000000001";

/** The tenant of every identity. */
export const TENANT = "00000000-0000-0000-0000-0000000000aa";

const DEFAULT_CALLER = {
  clientId: "00000000-0000-0000-0000-0000000000c1",
  objectId: "00000000-0000-0000-0000-0000000000c2",
};

/**
 * Each subscription has an identity of its own that deploys into it, unless the configuration
 * names another client: a client of two subscriptions on Azure may have fewer rights here.
 */
export function callerOf(config: { subscription: string; clientId?: string }): Caller {
  const { subscription, clientId } = config;
  if (clientId === undefined && subscription === DEFAULT_SUBSCRIPTION) {
    return { ...DEFAULT_CALLER, subscription };
  }
  return {
    clientId: clientId ?? guidOf(`client of ${subscription}`),
    objectId: guidOf(`object of ${clientId ?? subscription}`),
    subscription,
  };
}

/**
 * The caller with a client id: the identity of one of the subscriptions, which owns it, or another
 * one, which has the roles that were assigned to it and nothing more.
 */
export function callerOfClient(clientId: string, subscriptions: Iterable<string>): Caller {
  for (const subscription of subscriptions) {
    const own = callerOf({ subscription });
    if (own.clientId === clientId.toLowerCase()) return own;
  }
  return { clientId, objectId: objectIdOf(clientId), subscription: "" };
}

/** The object id of a client that is not the identity of a subscription. */
export const objectIdOf = (clientId: string): string => guidOf(`object of ${clientId}`);

/** Whether an object id is of somebody in the directory: a provider's identity, or one in the store. */
export function isPrincipal(objectId: string, world: Pick<World, "all">): boolean {
  const wanted = objectId.toLowerCase();
  const subscriptions = new Set([DEFAULT_SUBSCRIPTION]);
  for (const { id, identity, properties } of world.all()) {
    subscriptions.add(id.split("/")[2]?.toLowerCase() ?? "");
    if (identity?.principalId === wanted || properties.principalId === wanted) {
      if (!/roleassignments/i.test(id)) return true;
    }
  }
  return [...subscriptions].some((subscription) => callerOf({ subscription }).objectId === wanted);
}

/** A GUID that is the same for the same words. */
export function guidOf(text: string): string {
  const hex = createHash("sha256").update(text.toLowerCase()).digest("hex").slice(0, 32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
