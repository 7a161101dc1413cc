/** Resource providers: which types there are, and with which API versions. */

import { declaredIn, declaredNamespaces, type Outline } from "../declared";
import { refuse } from "../errors";
import { keyOf } from "../ids";
import { regionNames } from "../regions";
import { refusalsOf } from "../rules";
import { docs } from "../sources";
import { namespaces, resourceTypes } from "../types";
import { page } from "./lists";
import { type Answer, ok, type RestRequest } from "./request";

const refusals = refusalsOf("The HTTP API", {
  namespace: {
    code: "InvalidResourceNamespace",
    says: "A provider that is asked for is there; the lab has those of its types.",
    http: 404,
    documented: docs.apiErrors,
  },
});

export const listProviders = (request: RestRequest, [subscription = ""]: string[]): Answer =>
  page(
    request,
    namespaces.map((namespace) => provider(subscription, namespace)),
  );

export function oneProvider(_request: RestRequest, [subscription = "", name = ""]: string[]) {
  const all = [...namespaces, ...declaredNamespaces()];
  const namespace = all.find((known) => keyOf(known) === keyOf(name));
  if (namespace !== undefined) return ok(provider(subscription, namespace));
  throw refuse(
    refusals.namespace,
    `The resource namespace '${name}' is invalid: the embedded Azure has ${namespaces.join(", ")}.`,
  );
}

const provider = (subscription: string, namespace: string) => ({
  id: `/subscriptions/${subscription}/providers/${namespace}`,
  namespace,
  registrationPolicy: "RegistrationRequired",
  registrationState: "Registered",
  resourceTypes: typesOf(namespace).map(({ type, apiVersion, located }) => ({
    resourceType: type.split("/").slice(1).join("/"),
    locations: located ? regionNames() : [],
    apiVersions: [apiVersion],
    defaultApiVersion: apiVersion,
    capabilities: located ? "SupportsTags, SupportsLocation" : "None",
  })),
});

/** Simulated types, and for a namespace that has none, those that are declared only. */
function typesOf(namespace: string): readonly Outline[] {
  const own = resourceTypes.filter(({ type }) => type.split("/")[0] === namespace);
  return own.length > 0 ? own : declaredIn(namespace);
}
