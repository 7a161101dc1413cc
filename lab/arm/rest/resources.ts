/** GET, HEAD, PUT, PATCH and DELETE of a resource or a part of one. */
import { declaredNamespaces } from "../declared";
import { type ArmError, refuse } from "../errors";
import { keyOf, parentOf, parseId, typeOf } from "../ids";
import { merged } from "../merge";
import { asBody, type Body } from "../resource";
import { refusalsOf } from "../rules";
import { docs } from "../sources";
import { childrenIn, namespaces, type ResourceType, typeNamed } from "../types";
import { expanded } from "./expand";
import { begun } from "./operations";
import { type Answer, ok, type RestRequest } from "./request";

const refusals = refusalsOf("The HTTP API", {
  method: {
    code: "MethodNotAllowed",
    says: "A resource is asked with a method that its type has.",
    http: 405,
    assumed: "The status is HTTP's own; no source shows the code.",
  },
  namespace: {
    code: "InvalidResourceNamespace",
    says: "A namespace is one that the service has; the lab has those of its types.",
    http: 404,
    documented: docs.apiErrors,
  },
  type: {
    code: "InvalidResourceType",
    says: "A type is one that the namespace has; the lab has those of its catalogue.",
    http: 404,
    documented: docs.apiErrors,
  },
  otherName: {
    code: "ResourceNameMismatch",
    says: "A name in a body is that of the path.",
    ours: true,
    assumed: "No source shows the service's answer to another name.",
  },
  onlyTags: {
    code: "InvalidRequestContent",
    says: "A PATCH of a network resource has tags, and nothing else.",
    documented: docs.apiErrors,
  },
  empty: {
    code: "InvalidRequestContent",
    says: "A PUT has a body.",
    documented: docs.apiErrors,
  },
});

/** A write that takes no longer is answered when it is done, in milliseconds. */
const SOON_MS = 100;

/** Answers a request about one resource; undefined for a path that is no id. */
export async function answerResource(request: RestRequest): Promise<Answer | undefined> {
  const id = parseId(request.path);
  if (id === undefined) return undefined;
  const type = typeNamed(typeOf(id));
  if (type === undefined && !isPart(request.path)) throw unknownType(typeOf(id), request);
  switch (request.method) {
    case "GET":
      return ok(await shown(request));
    case "HEAD":
      return head(request);
    case "DELETE":
      if (type !== undefined) return remove(request);
      break;
    case "PUT":
      if (type !== undefined) return put(request);
      break;
    case "PATCH":
      if (type !== undefined) return patch(request, type);
      break;
  }
  throw refuse(
    refusals.method,
    `The HTTP method '${request.method}' is not supported for a ${typeOf(id)} by the embedded Azure.`,
  );
}

/** Whether a path is that of a part without a life of its own: a frontend, a probe, a rule. */
function isPart(path: string): boolean {
  const id = parseId(path);
  const parent = id === undefined ? undefined : parentOf(id);
  if (id === undefined || parent === undefined) return false;
  const owner = typeNamed(typeOf(parent));
  return owner !== undefined && childrenIn(owner, id.types.at(-1) ?? "") !== undefined;
}

function unknownType(type: string, { query }: RestRequest): ArmError {
  const [namespace = "", ...kinds] = type.split("/");
  const all = [...namespaces, ...declaredNamespaces()];
  if (!all.some((known) => keyOf(known) === keyOf(namespace))) {
    return refuse(
      refusals.namespace,
      `The resource namespace '${namespace}' is invalid: the embedded Azure does not have it.`,
    );
  }
  return refuse(
    refusals.type,
    `The resource type '${kinds.join("/")}' could not be found in the namespace '${namespace}' of the embedded Azure for api version '${query.get("api-version")}'.`,
  );
}

async function shown(request: RestRequest): Promise<Body> {
  const { arm, path, query } = request;
  const expand = query.get("$expand") ?? undefined;
  const found = await arm.need(path, { expand });
  return expand === undefined ? found : expanded(found, expand, arm);
}

async function head({ arm, path }: RestRequest): Promise<Answer> {
  return { status: (await arm.get(path)) === undefined ? 404 : 204 };
}

const conditionsOf = ({ header, query }: RestRequest) => ({
  ifMatch: header("if-match"),
  ifNoneMatch: header("if-none-match"),
  apiVersion: query.get("api-version") ?? undefined,
});

async function put(request: RestRequest): Promise<Answer> {
  const body = needBody(request);
  sameIdentity(request, body);
  const { created, resource } = await request.arm.write(
    request.path,
    () => body,
    conditionsOf(request),
  );
  return answered(request, created ? 201 : 200, resource);
}

/** Azure compares what a body says of name, type and id with the path. */
function sameIdentity({ path }: RestRequest, body: Body): void {
  const id = parseId(path);
  if (id === undefined || typeof body.name !== "string" || id.namespace === undefined) return;
  const name = id.names.at(-1) ?? "";
  const whole = id.names.join("/");
  if ([name, whole].some((own) => keyOf(own) === keyOf(String(body.name)))) return;
  throw refuse(
    refusals.otherName,
    `The resource name '${body.name}' in the request body does not match '${name}' in the request's path.`,
  );
}

/** Compute merges what a PATCH says; the others take tags. */
async function patch(request: RestRequest, type: ResourceType): Promise<Answer> {
  const change = needBody(request);
  const { arm, path } = request;
  if (!/^microsoft\.compute\//i.test(type.type)) {
    const other = Object.keys(change).find((name) => keyOf(name) !== "tags");
    if (other !== undefined) {
      throw refuse(
        refusals.onlyTags,
        `The request content was invalid and could not be deserialized: 'Could not find member '${other}': a PATCH of ${type.type} takes tags.'.`,
      );
    }
  }
  if ((await arm.get(path)) === undefined) await arm.need(path);
  const { resource } = await arm.write(
    path,
    (existing) => merged(existing ?? {}, change),
    conditionsOf(request),
  );
  return answered(request, 200, resource);
}

/**
 * The answer to a write: when it is done, if that is soon, since clients look again after a second at
 * the earliest; else at once, with where to look.
 */
async function answered(request: RestRequest, status: number, written: Body): Promise<Answer> {
  const { arm, path } = request;
  if (asBody(written.properties)?.provisioningState !== "Updating")
    return { status, body: written };
  if (arm.underWay(path) > SOON_MS) {
    const { headers } = begun(request, { until: "settled", id: path });
    return { status, body: written, headers };
  }
  await arm.settled(path);
  return { status, body: (await arm.get(path)) ?? written };
}

async function remove(request: RestRequest): Promise<Answer> {
  const { arm, path } = request;
  const there = (await arm.get(path)) !== undefined;
  const told = await arm.beginDelete(path, conditionsOf(request));
  if (told.length > 0) {
    // Goes on as the machines' notices run out; a failure shows in what is still there.
    void arm.delete(path).catch((error: unknown) => console.error(`delete of ${path}:`, error));
    return begun(request, { until: "gone", id: path });
  }
  return { status: there ? 200 : 204 };
}

function needBody({ body, path }: RestRequest): Body {
  if (body !== undefined) return body;
  throw refuse(
    refusals.empty,
    `The request content is required for '${path.slice(0, 200)}' but was empty.`,
  );
}
