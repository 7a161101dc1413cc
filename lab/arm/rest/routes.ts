/** Which part of the interface answers a path; what none answers is refused by name. */
import { refuse } from "../errors";
import { keyOf } from "../ids";
import { refusalsOf } from "../rules";
import { actOn } from "./actions";
import { checkVersion } from "./apiVersions";
import { listImages, listSizes, listSkus, oneImage } from "./catalogue";
import { listGroups, listResources, listTypes } from "./lists";
import { operation } from "./operations";
import { listProviders, oneProvider } from "./providers";
import type { Answer, RestRequest } from "./request";
import { answerResource } from "./resources";
import {
  listLocations,
  listSubscriptions,
  listTags,
  listTenants,
  oneSubscription,
} from "./subscriptions";
import {
  deployment,
  deploymentOperations,
  deploymentStatus,
  listDeployments,
  validateDeployment,
} from "./templates/deployments";

const refusals = refusalsOf("The HTTP API", {
  subscription: {
    code: "InvalidSubscriptionId",
    says: "A subscription is named by a GUID.",
    ours: true,
    assumed: "No source shows the service's answer to another name.",
  },
  method: {
    code: "MethodNotAllowed",
    says: "A path is asked with a method that it has.",
    http: 405,
    assumed: "The status is HTTP's own; no source shows the code.",
  },
  path: {
    code: "NotFound",
    says: "A path is one of the API's.",
    http: 404,
    assumed: "The lab carries a part of the API.",
  },
});

/** Answers a request with the values that its path has for the braces of a pattern. */
type Handler = (request: RestRequest, values: string[]) => Answer | Promise<Answer>;

const DEPLOYMENT_ROUTES: readonly [methods: string, below: string, handler: Handler][] = [
  ["GET", "", listDeployments],
  ["GET HEAD PUT DELETE", "/{}", deployment],
  ["POST", "/{}/validate", validateDeployment],
  ["GET", "/{}/operations", deploymentOperations],
  ["GET", "/{}/operationstatuses/{}", deploymentStatus],
];

const REGION = "subscriptions/{}/providers/microsoft.compute/locations/{}";
const OFFERS = `${REGION}/publishers/{}/artifacttypes/vmimage/offers`;

/** A word in braces stands for one segment. */
const ROUTES: readonly (readonly [methods: string, pattern: string, handler: Handler])[] = [
  ["GET", "tenants", listTenants],
  ["GET", "subscriptions", listSubscriptions],
  ["GET", "subscriptions/{}", oneSubscription],
  ["GET", "subscriptions/{}/locations", listLocations],
  ["GET", "subscriptions/{}/resources", listResources],
  ["GET", "subscriptions/{}/resourcegroups", listGroups],
  ["GET", "subscriptions/{}/resourcegroups/{}/resources", listResources],
  ["GET", "subscriptions/{}/tagnames", listTags],
  ["GET", "subscriptions/{}/providers", listProviders],
  ["GET", "subscriptions/{}/providers/{}", oneProvider],
  ["POST", "subscriptions/{}/providers/{}/register", oneProvider],
  ["GET", "subscriptions/{}/providers/{}/locations/{}/operations/{}", operation],
  ["GET", "subscriptions/{}/providers/{}/locations/{}/operationresults/{}", operation],
  ["GET", "subscriptions/{}/providers/microsoft.compute/skus", listSkus],
  ["GET", `${REGION}/vmsizes`, listSizes],
  ["GET", `${REGION}/publishers`, listImages],
  ["GET", `${OFFERS}`, listImages],
  ["GET", `${OFFERS}/{}/skus`, listImages],
  ["GET", `${OFFERS}/{}/skus/{}/versions`, listImages],
  ["GET", `${OFFERS}/{}/skus/{}/versions/{}`, oneImage],
  ...["subscriptions/{}", "subscriptions/{}/resourcegroups/{}"].flatMap((scope) =>
    DEPLOYMENT_ROUTES.map(([methods, below, handler]): (typeof ROUTES)[number] => [
      methods,
      `${scope}/providers/microsoft.resources/deployments${below}`,
      handler,
    ]),
  ),
];

const PATTERNS = ROUTES.map(([methods, pattern, handler]) => ({
  methods: methods.split(" "),
  parts: pattern.split("/"),
  handler,
}));

/** Answers a request of a caller who has signed in. */
export async function route(request: RestRequest): Promise<Answer> {
  const { segments, method } = request;
  checkVersion(request);
  if (
    segments[0] === undefined ||
    !["subscriptions", "tenants", "providers"].includes(keyOf(segments[0]))
  ) {
    throw unknownPath(request);
  }
  if (keyOf(segments[0]) === "subscriptions" && segments[1] !== undefined) {
    checkSubscription(segments[1]);
  }
  for (const { methods, parts, handler } of PATTERNS) {
    const values = match(parts, segments);
    if (values === undefined) continue;
    if (methods.includes(method)) return handler(request, values);
    throw notAllowed(request);
  }
  const answer =
    (await actOn(request)) ?? (await listTypes(request)) ?? (await answerResource(request));
  if (answer !== undefined) return answer;
  throw unknownPath(request);
}

function match(parts: readonly string[], segments: readonly string[]): string[] | undefined {
  if (parts.length !== segments.length) return undefined;
  const values: string[] = [];
  for (const [i, part] of parts.entries()) {
    const segment = segments[i] ?? "";
    if (part === "{}") values.push(segment);
    else if (part !== keyOf(segment)) return undefined;
  }
  return values;
}

function checkSubscription(subscription: string): void {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(subscription)) return;
  throw refuse(
    refusals.subscription,
    `The provided subscription identifier '${subscription}' is malformed or invalid.`,
  );
}

export const notAllowed = ({ method, path }: RestRequest) =>
  refuse(
    refusals.method,
    `The HTTP method '${method}' is not supported for '${path}' by the embedded Azure.`,
  );

const unknownPath = ({ method, path }: RestRequest) =>
  refuse(refusals.path, `The embedded Azure does not know ${method} ${path.slice(0, 300)}.`);
