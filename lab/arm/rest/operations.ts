/** What goes on after an answer: an operation's id says what to look for, so no restart loses it. */
import { ArmError } from "../errors";
import type { Answer, RestRequest } from "./request";

/** What an operation waits for. */
export interface Operation {
  /** `gone`: until nothing is there. */
  until: "gone";
  id: string;
}

/** Seconds between two looks of a client. */
const RETRY_AFTER = "1";

/** The answer to a request that goes on: 202 with where to look. */
export function begun(request: RestRequest, waiting: Operation, location = "westeurope"): Answer {
  const { endpoint, query, segments } = request;
  const id = Buffer.from(JSON.stringify(waiting)).toString("base64url");
  const namespace = segments[segments.findIndex((part) => /^providers$/i.test(part)) + 1];
  const provider = /^microsoft\./i.test(namespace ?? "") ? namespace : "Microsoft.Resources";
  const base = `${endpoint}/subscriptions/${segments[1]}/providers/${provider}/locations/${location}`;
  const version = `api-version=${encodeURIComponent(query.get("api-version") ?? "")}`;
  return {
    status: 202,
    headers: {
      "azure-asyncoperation": `${base}/operations/${id}?${version}`,
      location: `${base}/operationResults/${id}?${version}`,
      "retry-after": RETRY_AFTER,
    },
  };
}

/** How far an operation is. */
export function operation(request: RestRequest, values: string[]): Answer {
  const name = values.at(-1) ?? "";
  const { id } = read(name);
  const isDone = request.arm.look((world) => world.find(id)) === undefined;
  if (/operationresults/i.test(request.path)) {
    if (isDone) return { status: 204 };
    return { status: 202, headers: { location: here(request), "retry-after": RETRY_AFTER } };
  }
  const status = isDone ? "Succeeded" : "InProgress";
  return {
    status: 200,
    body: { id: request.path, name, status },
    headers: isDone ? {} : { "retry-after": RETRY_AFTER },
  };
}

const here = ({ endpoint, path, query }: RestRequest) => `${endpoint}${path}?${query}`;

function read(name: string): Operation {
  try {
    const value = JSON.parse(Buffer.from(name, "base64url").toString()) as Partial<Operation>;
    if (value.until === "gone" && typeof value.id === "string") return value as Operation;
  } catch {
    // Whatever it is, no operation has this name.
  }
  throw new ArmError(404, "OperationNotFound", `There is no operation '${name.slice(0, 60)}'.`);
}
