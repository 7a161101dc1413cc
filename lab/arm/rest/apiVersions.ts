/** API versions: required, well formed, and none from before the type or after today. Pure. */
import { ArmError, refuse } from "../errors";
import { keyOf } from "../ids";
import type { RestRequest } from "./request";

/** The version that a namespace's types began with, or a type's own. */
const FIRST: Readonly<Record<string, string>> = {
  "microsoft.network": "2015-05-01-preview",
  "microsoft.network/natgateways": "2019-02-01",
  "microsoft.network/publicipprefixes": "2018-07-01",
  "microsoft.network/loadbalancers/backendaddresspools": "2020-04-01",
  "microsoft.compute": "2015-05-01-preview",
  "microsoft.compute/sshpublickeys": "2019-12-01",
  "microsoft.authorization": "2014-04-01-preview",
  "microsoft.insights": "2014-04-01",
  "microsoft.resources": "2014-04-01-preview",
};

/** Refuses a request without a version, or with one that its type cannot have. */
export function checkVersion({ query, segments }: RestRequest): void {
  const version = query.get("api-version");
  if (version === null || version === "") {
    throw refuse(
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests.",
    );
  }
  const [, date] = /^(\d{4}-\d{2}-\d{2})(?:-[a-z]+(?:\.\d+)?)?$/i.exec(version) ?? [];
  const isDay = date !== undefined && !Number.isNaN(Date.parse(date));
  const type = typeIn(segments);
  const [namespace = ""] = type.split("/");
  const first = FIRST[type] ?? FIRST[namespace];
  if (!isDay) {
    throw refuse(
      "InvalidApiVersionParameter",
      `The api-version '${version.slice(0, 60)}' is invalid. A version is a date, e.g. '2024-05-01'.`,
    );
  }
  const today = new Date().toISOString().slice(0, 10);
  if ((first === undefined || version >= first) && date <= today) return;
  throw new ArmError(
    400,
    type === "" ? "InvalidApiVersionParameter" : "NoRegisteredProviderFound",
    `No registered resource provider found for API version '${version}' for type '${type.split("/").slice(1).join("/")}'. The supported api-versions begin with '${first ?? "2014-04-01"}'.`,
  );
}

/** The type that a path is about, in lower case: what follows its last `providers`. */
function typeIn(segments: readonly string[]): string {
  const at = segments.map(keyOf).lastIndexOf("providers");
  if (at < 0) return "microsoft.resources";
  const [namespace = "", ...rest] = segments.slice(at + 1);
  return keyOf([namespace, ...rest.filter((_, i) => i % 2 === 0)].join("/"));
}
