/** API versions: required, well formed, and none from before the type or after today. Pure. */
import { refuse } from "../errors";
import { keyOf } from "../ids";
import { behavesSo, refusalsOf } from "../rules";
import { docs, quoted } from "../sources";
import type { RestRequest } from "./request";

const refusals = refusalsOf("The HTTP API", {
  none: {
    code: "MissingApiVersionParameter",
    says: "A request says the version of the API.",
    reported: quoted("MissingApiVersionParameter"),
  },
  form: {
    code: "InvalidApiVersionParameter",
    says: "A version is a date.",
    reported: quoted("InvalidApiVersionParameter"),
  },
  range: {
    code: "InvalidApiVersionParameter",
    says: "A version is one that there was: from the first on until today.",
    assumed: "The lab has no list of versions: it takes each day.",
  },
  provider: {
    code: "NoRegisteredProviderFound",
    says: "A type is asked in a version that it had: from its first on until today.",
    documented: docs.apiErrors,
  },
});

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

behavesSo("The HTTP API", {
  says: "The version null stands for whichever a type has.",
  assumed:
    "It is the lab's own: refusals that users report often come without the version of their request.",
});

/** The version of a request whose version is not known; Azure would refuse it. */
const UNKNOWN = "null";

/** Refuses a request without a version, or with one that its type cannot have. */
export function checkVersion({ query, segments }: RestRequest): void {
  const version = query.get("api-version");
  if (version === UNKNOWN) return;
  if (version === null || version === "") {
    throw refuse(
      refusals.none,
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
      refusals.form,
      `The api-version '${version.slice(0, 60)}' is invalid. A version is a date, e.g. '2024-05-01'.`,
    );
  }
  const today = new Date().toISOString().slice(0, 10);
  if ((first === undefined || version >= first) && date <= today) return;
  throw refuse(
    type === "" ? refusals.range : refusals.provider,
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
