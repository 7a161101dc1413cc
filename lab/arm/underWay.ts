/** Writes that take time: what is still under way, and what has to wait for it. */
import { randomUUID } from "node:crypto";
import { ArmError, refuse } from "./errors";
import { referencesOf } from "./references";
import { asBody, type Body, type StoredResource } from "./resource";
import { behavesSo, type Rule, refusalsOf } from "./rules";
import { quoted, recordings } from "./sources";
import type { Put } from "./world";

const refusals = refusalsOf("Writes under way", {
  referenced: {
    code: "RetryableError",
    says: "A write waits until what it names is Succeeded; the details say ReferencedResourceNotProvisioned.",
    http: 429,
    recorded: `PUT of a load balancer right after its public address; ${recordings.operator}`,
  },
  notProvisioned: {
    code: "ReferencedResourceNotProvisioned",
    says: "The detail of a write that names a resource in state Updating.",
    http: 429,
    recorded: `PUT of a load balancer right after its public address; ${recordings.operator}`,
  },
  own: {
    code: "RetryableError",
    says: "A network resource takes one write at a time; the details say which one is under way.",
    http: 429,
    recorded: `PUT of a subnet beside another write of its network; ${recordings.operator}`,
  },
  anotherOperation: {
    code: "RetryableErrorDueToAnotherOperation",
    says: "The detail of a write beside another one of the same network resource.",
    http: 429,
    recorded: `PUT of a subnet beside another write of its network; ${recordings.operator}`,
  },
  inProgress: {
    code: "AnotherOperationInProgress",
    says: "A resource is not deleted while a write is under way, and Compute takes one write at a time.",
    http: 409,
    reported: quoted("AnotherOperationInProgress"),
  },
});

behavesSo("Writes under way", {
  says: "A write of a chain does not hold the gateway: other chains are written beside it.",
  assumed:
    "No source shows a lock; a hundred chains would otherwise outlast every client's retries.",
});

const RETRYABLE = "A retryable error occurred.";

/** A refusal that holds for a while: the same request will be taken later. */
export class ForNow extends ArmError {
  constructor(
    /** Milliseconds until then. */
    readonly retryAfterMs: number,
    rule: Rule,
    message: string,
    details: readonly ArmError[] = [],
  ) {
    super(rule, message, undefined, details);
  }
}

/** A write that goes on after it was answered. */
interface UnderWay {
  /** Milliseconds since 1970. */
  until: number;
  operation: string;
  operationId: string;
}

/** The name under which it is kept in a resource; no request writes it, no answer shows it. */
const FIELD = "underWay";

/** Milliseconds that a resource's last write still takes. */
export function remaining(resource: StoredResource | undefined): number {
  return Math.max(0, (underWay(resource)?.until ?? 0) - Date.now());
}

const underWay = (resource: StoredResource | undefined): UnderWay | undefined =>
  resource?.[FIELD] as UnderWay | undefined;

/** The resource without what is kept of its last write. */
export function withoutWay(resource: StoredResource): StoredResource {
  const { [FIELD]: _, ...rest } = resource;
  return rest as StoredResource;
}

/** Notes in a resource that its write takes so long. */
export function begin(resource: StoredResource, milliseconds: number): void {
  delete resource[FIELD];
  if (milliseconds <= 0) return;
  const kind = resource.type.split("/").at(-1) ?? "";
  const operation = `Put${kind.charAt(0).toUpperCase()}${kind.slice(1)}Operation`;
  const own: UnderWay = {
    until: Date.now() + milliseconds,
    ...{ operation, operationId: randomUUID() },
  };
  resource[FIELD] = own;
}

/** A resource as it is shown while its write is under way, with its parts. */
export function shownUnderWay(stored: StoredResource, shown: StoredResource): StoredResource {
  const { [FIELD]: _, ...rest } = shown;
  return remaining(stored) === 0 ? (rest as StoredResource) : (updating(rest) as StoredResource);
}

function updating(body: Body): Body {
  const properties = asBody(body.properties);
  if (properties === undefined) return body;
  const changed = Object.entries(properties).map(([name, value]) => {
    if (name === "provisioningState") return [name, "Updating"];
    const parts = Array.isArray(value)
      ? value.map((p) => (asBody(p) ? updating(p as Body) : p))
      : value;
    return [name, parts];
  });
  return { ...body, properties: Object.fromEntries(changed) as Body };
}

/** Refuses a write beside another one of the same resource, or of one that it names. */
export function waitForWrites({ desired, existing, world }: Put): void {
  const own = underWay(existing);
  if (existing !== undefined && own !== undefined && remaining(existing) > 0) {
    throw busy(existing, own, /^microsoft\.network\//i.test(existing.type) ? "write" : "conflict");
  }
  for (const id of referencesOf(desired)) {
    const other = world.get(id);
    const way = underWay(other);
    if (other === undefined || way === undefined || remaining(other) === 0) continue;
    const detail = refuse(
      refusals.notProvisioned,
      `Cannot proceed with operation because resource ${other.id} used by resource ${desired.id} is not in Succeeded state. Resource is in Updating state and the last operation that updated/is updating the resource is ${way.operation}.`,
    );
    throw new ForNow(remaining(other), refusals.referenced, RETRYABLE, [detail]);
  }
}

/** Refuses a delete of what is being written. */
export function waitToDelete(existing: StoredResource): void {
  const own = underWay(existing);
  if (own !== undefined && remaining(existing) > 0) throw busy(existing, own, "conflict");
}

function busy(resource: StoredResource, way: UnderWay, kind: "write" | "conflict"): ArmError {
  const { operation, operationId } = way;
  if (kind === "conflict") {
    const message = `Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: ${resource.id} (${operation} ${operationId}).`;
    return new ForNow(remaining(resource), refusals.inProgress, message);
  }
  const seconds = Math.ceil(remaining(resource) / 1000);
  const detail = refuse(
    refusals.anotherOperation,
    `Operation ${operation} (${operationId}) is updating resource ${resource.id}. The call can be retried in ${seconds} seconds.`,
  );
  return new ForNow(remaining(resource), refusals.own, RETRYABLE, [detail]);
}
