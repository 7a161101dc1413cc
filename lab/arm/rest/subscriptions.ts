/** Tenants, subscriptions and regions. */
import { refuse } from "../errors";
import { keyOf } from "../ids";
import { DEFAULT_SUBSCRIPTION, TENANT } from "../principals";
import { regionNames } from "../regions";
import { refusalsOf } from "../rules";
import { docs } from "../sources";
import { page } from "./lists";
import { type Answer, ok, type RestRequest } from "./request";

const refusals = refusalsOf("The HTTP API", {
  absent: {
    code: "SubscriptionNotFound",
    says: "A subscription that is asked for is one that the caller may read.",
    http: 404,
    documented: docs.apiErrors,
  },
});

export const listTenants = (request: RestRequest): Answer =>
  page(request, [
    {
      id: `/tenants/${TENANT}`,
      tenantId: TENANT,
      countryCode: "NL",
      displayName: "Embedded Azure",
      domains: ["lab.localhost"],
      defaultDomain: "lab.localhost",
      tenantCategory: "Home",
      tenantType: "AAD",
    },
  ]);

export const listSubscriptions = (request: RestRequest): Answer =>
  page(request, readable(request).map(subscription));

export function oneSubscription(request: RestRequest, [id = ""]: string[]): Answer {
  const { arm, caller } = request;
  if (caller !== undefined && !arm.maySee(`/subscriptions/${id}`)) {
    throw refuse(refusals.absent, `The subscription '${id}' could not be found.`);
  }
  return ok(subscription(keyOf(id)));
}

/** Subscriptions that hold something, and the one that programs use by default, if seen. */
function readable({ arm, caller }: RestRequest): string[] {
  const held = arm.look(({ all }) => [...all()].map(({ id }) => keyOf(id.split("/")[2] ?? "")));
  const known = [...new Set([DEFAULT_SUBSCRIPTION, ...held])].sort();
  return known.filter((id) => caller === undefined || arm.maySee(`/subscriptions/${id}`));
}

const subscription = (id: string) => ({
  id: `/subscriptions/${id}`,
  subscriptionId: id,
  tenantId: TENANT,
  displayName: `Lab ${id.slice(-4)}`,
  state: "Enabled",
  subscriptionPolicies: {
    locationPlacementId: "Public_2014-09-01",
    quotaId: "PayAsYouGo_2014-09-01",
    spendingLimit: "Off",
  },
  authorizationSource: "RoleBased",
  managedByTenants: [],
});

export const listLocations = (request: RestRequest, [id = ""]: string[]): Answer =>
  page(
    request,
    regionNames().map((name) => ({
      id: `/subscriptions/${id}/locations/${name}`,
      name,
      type: "Region",
      displayName: name,
      regionalDisplayName: name,
      metadata: { regionType: "Physical", regionCategory: "Recommended" },
    })),
  );

/** Names of the tags that a subscription's resources have, with their values and how often each. */
export async function listTags(request: RestRequest, [id = ""]: string[]): Promise<Answer> {
  const counts = new Map<string, Map<string, number>>();
  for (const { tags = {} } of await request.arm.list(`/subscriptions/${id}`)) {
    for (const [name, value] of Object.entries(tags)) {
      const values = counts.get(name) ?? new Map<string, number>();
      counts.set(name, values.set(value, (values.get(value) ?? 0) + 1));
    }
  }
  const count = (value: number) => ({ type: "Total", value });
  return page(
    request,
    [...counts].map(([tagName, values]) => ({
      id: `/subscriptions/${id}/tagNames/${tagName}`,
      tagName,
      count: count([...values.values()].reduce((sum, one) => sum + one, 0)),
      values: [...values].map(([tagValue, times]) => ({
        id: `/subscriptions/${id}/tagNames/${tagName}/tagValues/${tagValue}`,
        ...{ tagValue, count: count(times) },
      })),
    })),
  );
}
