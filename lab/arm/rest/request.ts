/** A request as the routes see it: bounded, decoded, with the caller behind it. */
import type { IncomingMessage } from "node:http";
import type { Arm } from "../arm";
import { refuse } from "../errors";
import type { Body, StoredResource } from "../resource";
import { refusalsOf } from "../rules";
import { quoted } from "../sources";
import type { Caller } from "../world";
import { parseJson } from "./json";
import type { Deployments } from "./templates/kept";

const refusals = refusalsOf("The HTTP API", {
  uri: {
    code: "BadRequest",
    says: "A request has a URI that can be read.",
    assumed: "The service's gateway answers before the API does.",
  },
  late: {
    code: "RequestTimeout",
    says: "A body arrives in time.",
    http: 408,
    assumed: "It is the lab's own limit.",
  },
  large: {
    code: "RequestContentTooLarge",
    says: "A body is no larger than the limit.",
    http: 413,
    reported: quoted("RequestContentTooLarge"),
  },
  media: {
    code: "UnsupportedMediaType",
    says: "A body is JSON.",
    http: 415,
    assumed: "The status is HTTP's own; no source shows the code.",
  },
});

/** How a command gets into a running machine; undefined where no machine runs. */
export type RunInMachine = (
  vm: StoredResource,
  argv: readonly string[],
  input: string,
) => Promise<{ code: number; stdout: string; stderr: string }>;

/** Azure Resource Manager takes bodies of up to 4 MB. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** Time for a whole body, in milliseconds. */
const BODY_MS = 20_000;

export interface RestRequest {
  method: string;
  /** Decoded parts of the path. */
  segments: readonly string[];
  /** `/` and the segments. */
  path: string;
  query: URLSearchParams;
  header: (name: string) => string | undefined;
  /** The body of a request that has one. */
  body?: Body;
  /** The embedded Azure, on the caller's behalf. */
  arm: Arm;
  /** Undefined for the administrator of every subscription. */
  caller?: Caller;
  /** `https://localhost:PORT`. */
  endpoint: string;
  /** Elements of a list in one answer. */
  pageSize: number;
  runInMachine?: RunInMachine;
  /** Deployments of templates. */
  deployments: Deployments;
}

export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export const ok = (body: unknown): Answer => ({ status: 200, body });

/** A path's parts. Nothing in it may mean another path: no dots, no encoded slashes, no blanks. */
export function segmentsOf(path: string): string[] {
  const parts = path.replace(/^\/|\/$/g, "").split("/");
  return parts.map((part) => {
    let text: string;
    try {
      text = decodeURIComponent(part);
    } catch {
      throw invalidUri();
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    if (/[/\\%?#\u0000-\u001f\u007f]/.test(text) || text === "." || text === "..") {
      throw invalidUri();
    }
    if (text === "" && parts.length > 1) throw invalidUri();
    return text;
  });
}

const invalidUri = () => refuse(refusals.uri, "The request URI is not valid.");

/** Reads a body to its end, its bound, or its time. */
export function readBody(message: IncomingMessage, most: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => {
      reject(refuse(refusals.late, "The request body did not arrive in time."));
    }, BODY_MS);
    const settle = (work: () => void) => {
      clearTimeout(timer);
      work();
    };
    message.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= most) chunks.push(chunk);
      else settle(() => reject(tooLarge(most)));
    });
    message.on("end", () => settle(() => resolve(Buffer.concat(chunks))));
    message.on("error", (error) => settle(() => reject(error)));
    message.on("close", () => settle(() => reject(new Error("the client went away"))));
  });
}

const tooLarge = (most: number) =>
  refuse(refusals.large, `The request content size exceeds the maximum size of ${most / 1024} KB.`);

/** The JSON object of a body; undefined for an empty one. */
export function bodyOf(bytes: Buffer, contentType: string | undefined): Body | undefined {
  if (bytes.length === 0) return undefined;
  const [type = ""] = (contentType ?? "").split(";");
  if (!/^(application|text)\/json$/i.test(type.trim())) {
    throw refuse(
      refusals.media,
      `The content media type '${type.trim().slice(0, 80) || "<null>"}' is not supported. Only 'application/json' is supported.`,
    );
  }
  return parseJson(bytes);
}
