/** Azure Resource Manager over HTTPS on loopback: bounds, sign-in, and what every answer carries. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Arm } from "../arm";
import { ArmError, refuse } from "../errors";
import { keyOf } from "../ids";
import { callerOfClient, DEFAULT_SUBSCRIPTION } from "../principals";
import { ForNow } from "../underWay";
import type { Caller } from "../world";
import { certificatesIn } from "./certificates";
import { Directory, signIn } from "./identity";
import { answerOpen } from "./metadata";
import { broken } from "./operations";
import {
  type Answer,
  bodyOf,
  MAX_BODY_BYTES,
  type RunInMachine,
  readBody,
  segmentsOf,
} from "./request";
import { route } from "./routes";
import { Deployments } from "./templates/kept";

export interface RestOptions {
  /** Folder of the certificate authority, the secret and the signing key. */
  folder: string;
  /** The embedded Azure on behalf of a caller; undefined is an administrator of everything. */
  armFor: (caller: Caller | undefined) => Arm;
  /** Tried first; another one is taken when it is in use. Default: any. */
  port?: number;
  /** Elements of a list in one answer; default 1000, as Azure has it. */
  pageSize?: number;
  /** How commands get into running machines; default: none runs. */
  runInMachine?: () => RunInMachine | undefined;
}

export interface RestServer {
  endpoint: string;
  port: number;
  caFile: string;
  directory: Directory;
  close(): Promise<void>;
}

/** Longest a request may take to arrive, in milliseconds. */
const REQUEST_MS = 30_000;
const HEADERS_MS = 10_000;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 1000;
/** Nobody is known yet who asks for a token. */
const MAX_FORM_BYTES = 64 * 1024;

/** Starts the interface; it listens on 127.0.0.1 only. */
export async function startRest(options: RestOptions): Promise<RestServer> {
  const { caFile, cert, key } = await certificatesIn(options.folder);
  const server = createServer({
    ...{ cert, key, minVersion: "TLSv1.2" },
    ...{ requestTimeout: REQUEST_MS, headersTimeout: HEADERS_MS, keepAliveTimeout: 60_000 },
    ...{ maxHeaderSize: MAX_HEADER_BYTES, handshakeTimeout: HEADERS_MS },
  });
  server.maxConnections = MAX_CONNECTIONS;
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", reject);
        resolve();
      });
    });
  await listen(options.port ?? 0).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE" || !options.port) throw error;
    return listen(0);
  });
  const { port } = server.address() as AddressInfo;
  const endpoint = `https://localhost:${port}`;
  const directory = Directory.open(options.folder, endpoint);
  const front = new Front(options, directory);
  server.on("request", (message, response) => void front.serve(message, response));
  return {
    ...{ endpoint, port, caFile, directory },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class Front {
  readonly #deployments: Deployments;

  constructor(
    private readonly options: RestOptions,
    private readonly directory: Directory,
  ) {
    this.#deployments = new Deployments(options.folder);
  }

  async serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const common: Record<string, string> = {
      "cache-control": "no-cache",
      pragma: "no-cache",
      "strict-transport-security": "max-age=31536000; includeSubDomains",
      "x-content-type-options": "nosniff",
      "x-ms-request-id": requestId,
      "x-ms-correlation-request-id": one(message, "x-ms-correlation-request-id") ?? requestId,
    };
    let answer: Answer;
    try {
      answer = await this.#answer(message);
    } catch (error) {
      answer = refusalOf(error, requestId, this.directory);
      if (!message.complete) common.connection = "close";
    }
    if (response.destroyed) return;
    const { status, body, headers } = answer;
    const text = body === undefined || message.method === "HEAD" ? "" : JSON.stringify(body);
    const type = text === "" ? {} : { "content-type": "application/json; charset=utf-8" };
    const length = { "content-length": String(Buffer.byteLength(text)) };
    response.writeHead(status, { ...common, ...type, ...length, ...headers }).end(text);
  }

  async #answer(message: IncomingMessage): Promise<Answer> {
    const { method = "GET", url = "/" } = message;
    const [path = "/", search = ""] = url.split("?", 2);
    const segments = segmentsOf(path);
    const query = new URLSearchParams(search);
    const { endpoint } = this.directory;
    const open = await answerOpen(
      { method, segments, query, endpoint },
      async () => new URLSearchParams((await readBody(message, MAX_FORM_BYTES)).toString()),
      this.directory,
      (clientId) => this.#callerOf(clientId),
    );
    if (open !== undefined) return open;
    const caller = this.#caller(one(message, "authorization"));
    const hasBody = !["GET", "HEAD", "DELETE"].includes(method);
    const bytes = hasBody ? await readBody(message, MAX_BODY_BYTES) : Buffer.alloc(0);
    return route({
      ...{ method, segments, query, endpoint, caller },
      path: `/${segments.join("/")}`,
      header: (name) => one(message, name),
      body: bodyOf(bytes, one(message, "content-type")),
      arm: this.options.armFor(caller),
      pageSize: this.options.pageSize ?? 1000,
      runInMachine: this.options.runInMachine?.(),
      deployments: this.#deployments,
    });
  }

  /** The caller that a token stands for; undefined is the administrator of every subscription. */
  #caller(authorization: string | undefined): Caller | undefined {
    if (authorization === undefined) {
      const message = "Authentication failed. The 'Authorization' header is missing.";
      throw refuse(signIn.noHeader, message);
    }
    const [, token] = /^Bearer\s+(\S+)$/i.exec(authorization) ?? [];
    if (token === undefined) {
      const message =
        "Authentication failed. The 'Authorization' header is provided in an invalid format.";
      throw refuse(signIn.header, message);
    }
    const { appid } = this.directory.verify(token);
    return appid === this.directory.clientId ? undefined : this.#callerOf(appid);
  }

  #callerOf(clientId: string): Caller {
    const subscriptions = this.options.armFor(undefined).look(({ all }) => {
      const found = [...all()].map(({ id }) => keyOf(id.split("/")[2] ?? ""));
      return new Set([DEFAULT_SUBSCRIPTION, ...found]);
    });
    return callerOfClient(clientId, subscriptions);
  }
}

const one = (message: IncomingMessage, name: string): string | undefined => {
  const value = message.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

/** Azure's answer to an error; an error of the lab's own stays in the log. */
function refusalOf(error: unknown, requestId: string, directory: Directory): Answer {
  if (!(error instanceof ArmError)) {
    console.error(`request ${requestId}:`, error);
    const message = `The server encountered an internal error. Please retry the request. The correlation id is '${requestId}'.`;
    return { status: 500, body: broken(message).toJSON() };
  }
  const { status, code } = error;
  const headers: Record<string, string> = { "x-ms-failure-cause": "gateway" };
  if (error instanceof ForNow) {
    headers["retry-after"] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  }
  if (status === 401) {
    const uri = `${directory.endpoint}/${directory.tenantId}`;
    headers["www-authenticate"] =
      `Bearer authorization_uri="${uri}", error="invalid_token", error_description="${code}"`;
  }
  return { status, body: error.toJSON(), headers };
}
