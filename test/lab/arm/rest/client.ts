/** The interface over a fresh Azure in this process, and a client that trusts its authority. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { Arm } from "../../../../lab/arm/arm";
import { objectIdOf } from "../../../../lab/arm/principals";
import type { Body } from "../../../../lab/arm/resource";
import { type RestOptions, type RestServer, startRest } from "../../../../lab/arm/rest/server";
import { Store } from "../../../../lab/arm/store";

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Body;
  text: string;
}

export interface Call {
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  raw?: string | Buffer;
  /** null: none. */
  token?: string | null;
  headers?: Record<string, string>;
  /** null: none. */
  version?: string | null;
}

export interface RestAzure {
  store: Store;
  server: RestServer;
  /** A token of the administrator of every subscription. */
  token: string;
  send(method: string, path: string, call?: Call): Promise<Reply>;
  /** A token of a client that has only what roles give it. */
  tokenOf(clientId: string): string;
  close(): Promise<void>;
}

/** Starts the interface over a store; without one, over an empty Azure. */
export async function restAzure(
  store?: Store,
  options: Partial<RestOptions> = {},
): Promise<RestAzure> {
  const folder = mkdtempSync(path.join(tmpdir(), "gwlb-rest-"));
  const own = store ?? Store.open(path.join(folder, "azure"));
  const armFor: RestOptions["armFor"] = (caller) => new Arm(own, { caller });
  const server = await startRest({ folder, armFor, ...options });
  const ca = readFileSync(server.caFile);
  const tokenOf = (clientId: string) =>
    server.directory.tokenFor({ clientId, objectId: objectIdOf(clientId) }).token;
  const token = tokenOf(server.directory.clientId);
  return {
    ...{ store: own, server, token, tokenOf },
    send: (method, where, call = {}) => send(server.endpoint, ca, token, method, where, call),
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function send(
  endpoint: string,
  ca: Buffer,
  admin: string,
  method: string,
  where: string,
  call: Call,
): Promise<Reply> {
  const { token = admin, version = "2024-05-01" } = call;
  const query = version === null ? "" : `${where.includes("?") ? "&" : "?"}api-version=${version}`;
  const raw = call.raw ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
  const headers = {
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(raw === undefined ? {} : { "content-type": "application/json" }),
    ...call.headers,
  };
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { method, hostname, port, path: where + query, ca, headers, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const body = text === "" ? {} : (JSON.parse(text) as Body);
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body, text });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(raw);
  });
}

/** Code of a refusal. */
export const codeOf = ({ body }: Reply): unknown => (body.error as Body | undefined)?.code;
