/** Operations that go on after an answer, and where a client sees how far they are. */
import { ArmError, refuse } from "../errors";
import { refusalsOf } from "../rules";
import { docs } from "../sources";
import type { Answer, RestRequest } from "./request";

const refusals = refusalsOf("The HTTP API", {
  broken: {
    code: "InternalServerError",
    says: "An operation fails by a rule, not by a fault of the service.",
    http: 500,
    documented: docs.apiErrors,
  },
  absent: {
    code: "OperationNotFound",
    says: "An operation that is asked for was begun a short while ago.",
    http: 404,
    ours: true,
    assumed: "No source shows the service's answer to an operation that it does not know.",
  },
});

/**
 * An operation that waits for a resource says so in its own name: no restart loses it.
 * One with a result is known to this process only.
 */
interface Waiting {
  until: "gone" | "settled";
  id: string;
}

interface Kept {
  /** Status of the answer when it is done and has no result. */
  empty?: number;
  result?: unknown;
  error?: ArmError;
  done: boolean;
}

/** Seconds between two looks of a client. */
const RETRY_AFTER = "1";
/** Results are there for this long, in milliseconds. */
const KEPT_MS = 3600_000;

const kept = new Map<string, Kept>();

const isKnown = (until: unknown) => until === "gone" || until === "settled";

/** The answer to a request that goes on until something is gone, or has been written. */
export function begun(request: RestRequest, waiting: Waiting): Answer {
  return accepted(request, Buffer.from(JSON.stringify(waiting)).toString("base64url"));
}

/**
 * The answer to a request that is carried out at once where Azure answers 202: clients that wait for
 * an operation to follow find it done at their first look.
 */
export function finished(request: RestRequest, id: string): Answer {
  const { status, headers } = begun(request, { until: "settled", id });
  const { "retry-after": _, ...rest } = headers ?? {};
  return { status, headers: rest };
}

/** Keeps what a piece of work comes to; returns the answer to a request that does not wait for it. */
export function keep(name: string, work: Promise<unknown>): (request: RestRequest) => Answer {
  const entry: Kept = { done: false };
  kept.set(name, entry);
  work
    .then(
      (result) => Object.assign(entry, { result }),
      (error: unknown) => Object.assign(entry, { error: asArmError(error) }),
    )
    .finally(() => {
      entry.done = true;
      setTimeout(() => kept.delete(name), KEPT_MS).unref();
    });
  return (request) => accepted(request, name);
}

/** The answer where the service itself is at fault. */
export const broken = (message: string): ArmError => refuse(refusals.broken, message);

const asArmError = (error: unknown) => (error instanceof ArmError ? error : broken(String(error)));

/** 202 with where to look. */
function accepted(request: RestRequest, name: string): Answer {
  const { endpoint, query, segments } = request;
  const namespace = segments[segments.findIndex((part) => /^providers$/i.test(part)) + 1];
  const provider = /^microsoft\./i.test(namespace ?? "") ? namespace : "Microsoft.Resources";
  const base = `${endpoint}/subscriptions/${segments[1]}/providers/${provider}/locations/lab`;
  const version = `api-version=${encodeURIComponent(query.get("api-version") ?? "")}`;
  return {
    status: 202,
    headers: {
      "azure-asyncoperation": `${base}/operations/${name}?${version}`,
      location: `${base}/operationResults/${name}?${version}`,
      "retry-after": RETRY_AFTER,
    },
  };
}

/** How far an operation is. */
export function operation(request: RestRequest, values: string[]): Answer {
  const name = values.at(-1) ?? "";
  const { done, result, error, empty = 200 } = kept.get(name) ?? stateOf(read(name), request);
  if (/operationresults/i.test(request.path)) {
    if (error !== undefined) throw error;
    if (done) return result === undefined ? { status: empty } : { status: 200, body: result };
    return { status: 202, headers: { location: here(request), "retry-after": RETRY_AFTER } };
  }
  const status = error !== undefined ? "Failed" : done ? "Succeeded" : "InProgress";
  const output = result === undefined ? {} : { properties: { output: result } };
  return {
    status: 200,
    body: { id: request.path, name, status, ...output, ...error?.toJSON() },
    headers: done ? {} : { "retry-after": RETRY_AFTER },
  };
}

const here = ({ endpoint, path, query }: RestRequest) => `${endpoint}${path}?${query}`;

const stateOf = ({ until, id }: Waiting, { arm }: RestRequest): Kept => ({
  empty: until === "gone" ? 204 : 200,
  done:
    until === "settled"
      ? arm.underWay(id) === 0
      : arm.look((world) => world.find(id)) === undefined,
});

function read(name: string): Waiting {
  try {
    const value = JSON.parse(Buffer.from(name, "base64url").toString()) as Partial<Waiting>;
    if (isKnown(value.until) && typeof value.id === "string") return value as Waiting;
  } catch {
    // No operation has such a name.
  }
  throw refuse(refusals.absent, `There is no operation '${name.slice(0, 60)}'.`);
}
