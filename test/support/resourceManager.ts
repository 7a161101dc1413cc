/** Azure Resource Manager over HTTP, for what asks it past the engine: lists of the embedded Azure. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Arm } from "../../lab/arm/arm";
import { keyOf } from "../../lab/arm/ids";
import type { Undo } from "../../lab/undo";

export interface ResourceManager {
  endpoint: string;
  /** Paths that were asked for, in order. */
  asked: string[];
}

/** Small pages, so that every list has more than one. */
const PAGE = 2;

/** Serves lists to whoever shows the token; subscriptions that are not `readable` are refused. */
export async function serveLists(
  arm: Arm,
  token: string,
  readable: readonly string[],
  undo: Undo,
): Promise<ResourceManager> {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", endpoint());
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    const refuse = (status: number, code: string) =>
      answer(status, { error: { code, message: `${code}: ${url.pathname}` } });
    asked.push(url.pathname);
    if (request.headers.authorization !== `Bearer ${token}`) return refuse(401, "InvalidToken");
    if (!url.searchParams.has("api-version")) return refuse(400, "MissingApiVersionParameter");
    const page = (list: readonly unknown[]) => {
      const from = Number(url.searchParams.get("$skiptoken") ?? 0);
      const next = new URL(url);
      next.searchParams.set("$skiptoken", String(from + PAGE));
      const more = from + PAGE < list.length ? { nextLink: next.href } : {};
      answer(200, { value: list.slice(from, from + PAGE), ...more });
    };
    if (url.pathname === "/subscriptions") {
      return page(readable.map((subscriptionId) => ({ subscriptionId, state: "Enabled" })));
    }
    const [, subscription = "", type = ""] =
      /^\/subscriptions\/([^/]+)\/providers\/(.+)$/.exec(url.pathname) ?? [];
    if (!readable.includes(subscription)) return refuse(403, "AuthorizationFailed");
    const all = await arm.list(type);
    page(all.filter(({ id }) => keyOf(id).startsWith(keyOf(`/subscriptions/${subscription}/`))));
  });
  const endpoint = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  undo.add("resource manager", () => new Promise<void>((resolve) => server.close(() => resolve())));
  return { endpoint: endpoint(), asked };
}
