/** Resource providers: which types there are, and with which API versions. */
import { ArmError } from "../errors";
import { keyOf } from "../ids";
import { regionNames } from "../regions";
import { namespaces, resourceTypes } from "../types";
import { page } from "./lists";
import { type Answer, ok, type RestRequest } from "./request";

export const listProviders = (request: RestRequest, [subscription = ""]: string[]): Answer =>
  page(
    request,
    namespaces.map((namespace) => provider(subscription, namespace)),
  );

export function oneProvider(_request: RestRequest, [subscription = "", name = ""]: string[]) {
  const namespace = namespaces.find((known) => keyOf(known) === keyOf(name));
  if (namespace !== undefined) return ok(provider(subscription, namespace));
  throw new ArmError(
    404,
    "InvalidResourceNamespace",
    `The resource namespace '${name}' is invalid: the embedded Azure has ${namespaces.join(", ")}.`,
  );
}

const provider = (subscription: string, namespace: string) => ({
  id: `/subscriptions/${subscription}/providers/${namespace}`,
  namespace,
  registrationPolicy: "RegistrationRequired",
  registrationState: "Registered",
  resourceTypes: resourceTypes
    .filter(({ type }) => type.split("/")[0] === namespace)
    .map(({ type, apiVersion, located }) => ({
      resourceType: type.split("/").slice(1).join("/"),
      locations: located ? regionNames() : [],
      apiVersions: [apiVersion],
      defaultApiVersion: apiVersion,
      capabilities: located ? "SupportsTags, SupportsLocation" : "None",
    })),
});
