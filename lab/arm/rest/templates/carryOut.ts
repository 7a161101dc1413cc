/** Carrying out a deployment: its resources in turn, then its outputs. */
import type { Arm } from "../../arm";
import { ArmError, refuse } from "../../errors";
import { keyOf, sameId } from "../../ids";
import { asBody, type Body } from "../../resource";
import { refusalsOf } from "../../rules";
import { docs } from "../../sources";
import { argumentsOf, invalidTemplate, resolved, type Scope } from "./expression";
import { type DeploymentInput, type Step, scopeOf } from "./template";

const refusals = refusalsOf("Deployments", {
  failed: {
    code: "DeploymentFailed",
    says: "Each resource of a deployment is taken; the first that is not ends it, and is in the details.",
    http: 409,
    documented: docs.apiErrors,
  },
  broken: {
    code: "InternalServerError",
    says: "Nothing of the service itself fails.",
    http: 500,
    assumed: "The lab's own fault shows nothing of itself.",
  },
});

/** A deployment, and how far it is. */
export interface Deployment {
  input: DeploymentInput;
  id: string;
  correlationId: string;
  startedAt: number;
  endedAt?: number;
  state: "Accepted" | "Running" | "Succeeded" | "Failed";
  steps: readonly Step[];
  operations: Body[];
  outputs?: Body;
  error?: ArmError;
}

/** The refusal where the lab itself is at fault. */
export const broken = (message: string): ArmError => refuse(refusals.broken, message);

/** Whether values of a type of the template language are not shown. */
export const isSecret = (type: unknown): boolean => /^secure/i.test(String(type));

/** Writes one resource after the other, and ends with the first refusal. */
export async function carryOut(made: Deployment, arm: Arm): Promise<void> {
  made.state = "Running";
  try {
    for (const step of made.steps) await carryOutStep(step, made, arm);
    const outputs = asBody(made.input.template.outputs) ?? {};
    const scope = await withReferences(outputs, made, scopeOf(made.input), arm);
    made.outputs = Object.fromEntries(
      Object.entries(outputs).map(([name, output]) => {
        const { type, value } = asBody(output) ?? {};
        // As with parameters, a secret is not shown.
        return [name, isSecret(type) ? { type } : { type, value: resolved(value, scope) }];
      }),
    );
    made.state = "Succeeded";
  } catch (error) {
    const cause = error instanceof ArmError ? error : broken(String(error));
    made.error = new ArmError(
      refusals.failed,
      "At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.",
      made.id,
      [cause, ...cause.details],
    );
    made.state = "Failed";
  }
  made.endedAt = Date.now();
}

async function carryOutStep(step: Step, made: Deployment, arm: Arm): Promise<void> {
  const operation = (provisioningState: string, statusCode: string, statusMessage?: unknown) =>
    made.operations.push({
      id: `${made.id}/operations/${made.operations.length + 1}`,
      operationId: String(made.operations.length + 1),
      properties: {
        provisioningOperation: "Create",
        ...{ provisioningState, statusCode, statusMessage },
        timestamp: new Date().toISOString(),
        targetResource: { id: step.id, resourceType: step.type, resourceName: step.name },
      },
    });
  try {
    const scope = await withReferences(step.body, made, step.scope, arm);
    const body = asBody(resolved(step.body, scope)) ?? {};
    const before = await arm.get(step.id);
    await arm.put(step.id, body, { apiVersion: step.apiVersion });
    operation("Succeeded", before === undefined ? "Created" : "OK");
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    operation("Failed", String(error.status), error.toJSON());
    throw error;
  }
}

/** A scope that has the resources which a value refers to, read beforehand. */
async function withReferences(
  value: unknown,
  made: Deployment,
  scope: Scope,
  arm: Arm,
): Promise<Scope> {
  const found = new Map<string, Body>();
  const idFor = (wanted: unknown) => {
    const text = String(wanted);
    const own = made.steps.find(({ id, name }) => sameId(id, text) || sameId(name, text));
    if (own === undefined && !text.startsWith("/")) {
      throw invalidTemplate(`The resource '${text}' is not defined in the template`);
    }
    return own?.id ?? text;
  };
  for (const wanted of argumentsOf("reference", value, scope)) {
    const id = idFor(wanted);
    found.set(keyOf(id), (await arm.need(id)) as Body);
  }
  return {
    ...scope,
    reference: (wanted, _version, full) => {
      const whole = found.get(keyOf(idFor(wanted))) ?? {};
      return keyOf(String(full ?? "")) === "full" ? whole : whole.properties;
    },
  };
}
