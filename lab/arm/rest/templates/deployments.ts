/** Deployments of templates: checked at once, carried out afterwards, and remembered. */
import { randomUUID } from "node:crypto";
import { refuse } from "../../errors";
import { keyOf, resourceGroupId } from "../../ids";
import { groupMissing } from "../../missing";
import { asBody, asText, type Body } from "../../resource";
import { refusalsOf } from "../../rules";
import { docs, quoted } from "../../sources";
import { page } from "../lists";
import { type Answer, ok, type RestRequest } from "../request";
import { carryOut, type Deployment, isSecret } from "./carryOut";
import { errorOf, type KeptDeployment } from "./kept";
import { scopeOf, stepsOf } from "./template";

const refusals = refusalsOf("Deployments", {
  missing: {
    code: "DeploymentNotFound",
    says: "A deployment that is asked for was made.",
    http: 404,
    documented: docs.apiErrors,
  },
  linked: {
    code: "InvalidDeployment",
    says: "A deployment has its template in the request.",
    assumed: "The lab follows no links; Azure takes them.",
  },
  mode: {
    code: "InvalidDeploymentMode",
    says: "A deployment is incremental.",
    ours: true,
    assumed: "The lab deletes nothing that a template leaves out, as mode Complete would.",
  },
  active: {
    code: "DeploymentActive",
    says: "A deployment of one name ends before the next begins.",
    http: 409,
    reported: quoted("DeploymentActive"),
  },
});

const POLL_SECONDS = "1";

/** `…/deployments/NAME` of a group or of a subscription. */
export async function deployment(request: RestRequest): Promise<Answer> {
  const { method, arm, path } = request;
  const { subscription, resourceGroup } = placeOf(request);
  if (resourceGroup !== undefined) await needGroup(request, subscription, resourceGroup);
  if (method === "PUT") return begin(request);
  const found = request.deployments.get(path);
  if (method === "HEAD") return { status: found === undefined ? 404 : 204 };
  if (method === "DELETE") {
    arm.mayWrite(path);
    request.deployments.delete(path);
    return { status: found === undefined ? 204 : 200 };
  }
  await arm.get(path);
  return ok(needed(found, path).body);
}

/** `…/deployments/NAME/validate`. */
export async function validateDeployment(request: RestRequest): Promise<Answer> {
  const made = plan({ ...request, path: request.path.replace(/\/[^/]+$/, "") });
  return ok(shown({ ...made, state: "Succeeded" }));
}

/** `…/deployments/NAME/operations`: what each resource came to. */
export async function deploymentOperations(request: RestRequest): Promise<Answer> {
  const id = request.path.replace(/\/[^/]+$/, "");
  await request.arm.get(id);
  return page(request, needed(request.deployments.get(id), id).operations);
}

/** `…/deployments/NAME/operationStatuses/ID`: how far it is. */
export function deploymentStatus(request: RestRequest): Answer {
  const id = request.path.replace(/\/[^/]+\/[^/]+$/, "");
  const { state, error } = needed(request.deployments.get(id), id);
  const goesOn = state === "Accepted" || state === "Running";
  const headers = goesOn ? { "retry-after": POLL_SECONDS } : undefined;
  return { status: 200, body: { status: state, ...error }, headers };
}

/** `…/deployments`. */
export async function listDeployments(request: RestRequest): Promise<Answer> {
  const { path } = request;
  await request.arm.get(`${path}/x`);
  return page(
    request,
    request.deployments.under(path).map(({ body }) => body),
  );
}

function needed(found: KeptDeployment | undefined, id: string): KeptDeployment {
  if (found !== undefined) return found;
  const name = id.split("/").at(-1);
  throw refuse(refusals.missing, `Deployment '${name}' could not be found.`);
}

function placeOf({ segments }: RestRequest): { subscription: string; resourceGroup?: string } {
  const inGroup = keyOf(segments[2] ?? "") === "resourcegroups";
  return { subscription: segments[1] ?? "", resourceGroup: inGroup ? segments[3] : undefined };
}

async function needGroup({ arm }: RestRequest, subscription: string, group: string) {
  if ((await arm.get(resourceGroupId(subscription, group))) === undefined)
    throw groupMissing(group);
}

/** A deployment as a GET shows it; parameters that are secret have no value. */
function shown({ input, id, state, startedAt, endedAt, ...more }: Deployment): Body {
  const declared = asBody(input.template.parameters) ?? {};
  const parameters = Object.entries(input.parameters).map(([name, given]) => {
    const type = asText(asBody(declared[name])?.type) ?? "String";
    return [name, isSecret(type) ? { type } : { type, value: asBody(given)?.value }];
  });
  const took = ((endedAt ?? Date.now()) - startedAt) / 1000;
  const isDone = state === "Succeeded";
  return {
    ...{ id, name: input.name, type: "Microsoft.Resources/deployments" },
    properties: {
      ...{ mode: "Incremental", provisioningState: state },
      parameters: Object.fromEntries(parameters) as Body,
      ...{ timestamp: new Date(endedAt ?? startedAt).toISOString(), duration: `PT${took}S` },
      ...{ correlationId: more.correlationId, dependencies: [] },
      providers: providersOf(more.steps),
      outputs: more.outputs,
      outputResources: isDone ? more.steps.map((step) => ({ id: step.id })) : undefined,
      ...more.error?.toJSON(),
    },
  };
}

const keptOf = (made: Deployment): KeptDeployment => ({
  ...{ id: made.id, name: made.input.name, startedAt: made.startedAt, state: made.state },
  ...{ body: shown(made), operations: made.operations, error: errorOf(made.error) },
});

function providersOf(steps: Deployment["steps"]): Body[] {
  const types = [...new Set(steps.map(({ type }) => type))];
  const namespaces = [...new Set(types.map((type) => type.split("/")[0] ?? ""))];
  return namespaces.map((namespace) => ({
    namespace,
    resourceTypes: types
      .filter((type) => type.startsWith(`${namespace}/`))
      .map((type) => ({ resourceType: type.slice(namespace.length + 1), locations: [null] })),
  }));
}

/** Reads a request and puts its resources in order; refuses what no deployment can come of. */
function plan(request: RestRequest): Deployment {
  const { body = {}, path } = request;
  const properties = asBody(body.properties) ?? {};
  const template = asBody(properties.template);
  if (template === undefined) {
    throw refuse(
      refusals.linked,
      "The embedded Azure takes a deployment's template in the request, not by a link.",
    );
  }
  if (keyOf(asText(properties.mode) ?? "") !== "incremental") {
    throw refuse(
      refusals.mode,
      `The embedded Azure deploys in mode 'Incremental', not '${asText(properties.mode) ?? ""}'.`,
    );
  }
  const name = path.split("/").at(-1) ?? "";
  const parameters = asBody(properties.parameters) ?? {};
  const input = { ...placeOf(request), name, template, parameters };
  const steps = stepsOf(input, scopeOf(input));
  const correlationId = randomUUID();
  const startedAt = Date.now();
  return {
    ...{ input, id: path, correlationId, startedAt, state: "Accepted", steps },
    operations: [],
  };
}

function begin(request: RestRequest): Answer {
  const { path, endpoint, query, arm, deployments } = request;
  arm.mayWrite(path);
  const before = deployments.get(path);
  if (before?.state === "Accepted" || before?.state === "Running") {
    throw refuse(
      refusals.active,
      `Unable to edit or replace deployment '${before.name}': previous deployment from '${new Date(before.startedAt).toISOString()}' is still active.`,
    );
  }
  const made = plan(request);
  deployments.begin(path, () => keptOf(made), carryOut(made, arm));
  const version = `api-version=${encodeURIComponent(query.get("api-version") ?? "")}`;
  const status = `${endpoint}${path}/operationStatuses/${randomUUID()}?${version}`;
  const headers = { "azure-asyncoperation": status, "retry-after": POLL_SECONDS };
  return { status: before === undefined ? 201 : 200, body: shown(made), headers };
}
