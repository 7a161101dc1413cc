import assert from "node:assert/strict";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { after, before, describe, test } from "node:test";
import { asBodies, asBody, type Body } from "../../../../lab/arm/resource";
import { MAX_BODY_BYTES } from "../../../../lab/arm/rest/request";
import * as az from "../fixture";
import { codeOf, type RestAzure, restAzure } from "./client";

const { good, network, group } = az;

describe("the embedded Azure's interface", () => {
  let azure: RestAzure;
  before(async () => {
    const { store } = await az.referenceAzure();
    azure = await restAzure(store);
  });
  after(() => azure.close());

  test("a resource comes back as it was put, first with 201, then with 200", async () => {
    const id = network("publicIPAddresses", "made");
    const first = await azure.send("PUT", id, { body: good.publicIp() });
    assert.equal(first.status, 201, first.text);
    assert.equal(first.headers["retry-after"], undefined);
    assert.equal((await azure.send("PUT", id, { body: good.publicIp() })).status, 200);
    const { body } = await azure.send("GET", id);
    assert.equal(body.id, id);
    assert.equal(asBody(body.properties)?.provisioningState, "Succeeded");
    assert.equal((await azure.send("HEAD", id)).status, 204);
    assert.equal((await azure.send("DELETE", id)).status, 200);
    assert.equal((await azure.send("DELETE", id)).status, 204);
    assert.equal((await azure.send("HEAD", id)).status, 404);
  });

  test("groups are made, found by HEAD, tagged by PATCH, and go with all that is in them", async () => {
    const id = `/subscriptions/${az.subscription}/resourceGroups/other`;
    assert.equal((await azure.send("PUT", id, { body: good.group() })).status, 201);
    assert.equal((await azure.send("HEAD", id)).status, 204);
    const tagged = await azure.send("PATCH", id, { body: { tags: { team: "net" } } });
    assert.deepEqual(tagged.body.tags, { team: "net" });
    assert.equal(tagged.body.etag, undefined, "a group has no etag");
    await azure.send("PUT", `${id}/providers/Microsoft.Network/publicIPAddresses/p`, {
      body: good.publicIp(),
    });
    assert.equal((await azure.send("DELETE", id)).status, 200);
    assert.equal(codeOf(await azure.send("DELETE", id)), "ResourceGroupNotFound");
  });

  test("parts have ids of their own: read, written, deleted, listed", async () => {
    const pool = `${az.gateway}/backendAddressPools/nvas`;
    assert.equal((await azure.send("GET", pool)).body.name, "nvas");
    for (const collection of ["frontendIPConfigurations", "probes", "loadBalancingRules"]) {
      const { body } = await azure.send("GET", `${az.gateway}/${collection}`);
      const [first] = asBodies(body.value);
      assert.ok(first, collection);
      assert.deepEqual((await azure.send("GET", String(first.id))).body, first);
    }
    const extra = `${az.publicLb}/backendAddressPools/extra`;
    assert.equal((await azure.send("PUT", extra, { body: { properties: {} } })).status, 201);
    const { body } = await azure.send("GET", `${az.publicLb}/backendAddressPools`);
    assert.ok(asBodies(body.value).some(({ name }) => name === "extra"));
    assert.equal((await azure.send("DELETE", extra)).status, 200);
    assert.equal(codeOf(await azure.send("GET", extra)), "NotFound");
    assert.equal((await azure.send("DELETE", `${az.gateway}/probes/health`)).status, 405);
  });

  test("lists are filtered by name, type, group and tag", async () => {
    const all = `/subscriptions/${az.subscription}/resources`;
    const ask = async (filter: string) =>
      asBodies(
        (await azure.send("GET", `${all}?$filter=${encodeURIComponent(filter)}`)).body.value,
      ).map(({ id }) => id);
    const kind = "resourceType eq 'microsoft.network/loadBalancers'";
    assert.deepEqual(await ask(`${kind} and name eq 'GWLB'`), [az.gateway]);
    assert.deepEqual(await ask(`(name eq 'gwlb' or name eq 'web') and ${kind}`), [
      az.gateway,
      az.publicLb,
    ]);
    assert.deepEqual(await ask("tagName eq 'nobody'"), []);
    const wrong = await azure.send("GET", `${all}?$filter=${encodeURIComponent("name eq 'a")}`);
    assert.equal(codeOf(wrong), "InvalidFilterInQueryString");
  });

  test("a list has no more elements than asked for", async () => {
    const all = `/subscriptions/${az.subscription}/resources`;
    const { body } = await azure.send("GET", `${all}?$top=2`);
    assert.equal(asBodies(body.value).length, 2);
  });

  test("a write meets the conditions of its etag, and changes nothing when it does not", async () => {
    const id = network("natGateways", "tagged");
    const body = good.natGateway();
    const made = await azure.send("PUT", id, { body, headers: { "if-none-match": "*" } });
    const again = await azure.send("PUT", id, { body, headers: { "if-none-match": "*" } });
    assert.deepEqual([made.status, again.status], [201, 412], again.text);
    const etag = String(made.body.etag);
    const changed = { ...body, tags: { a: "b" } };
    const stale = await azure.send("PUT", id, { body: changed, headers: { "if-match": 'W/"x"' } });
    assert.deepEqual([stale.status, codeOf(stale)], [412, "PreconditionFailed"]);
    assert.equal((await azure.send("GET", id)).body.etag, etag);
    const fresh = await azure.send("PUT", id, { body: changed, headers: { "if-match": etag } });
    assert.equal(fresh.status, 200);
    const late = await azure.send("DELETE", id, { headers: { "if-match": etag } });
    assert.equal(late.status, 412);
  });

  test("references are expanded where a request asks for it", async () => {
    const path = `${az.publicLb}?$expand=frontendIPConfigurations/publicIPAddress`;
    const { body } = await azure.send("GET", path);
    const [frontend] = asBodies(asBody(body.properties)?.frontendIPConfigurations);
    const address = asBody(asBody(frontend?.properties)?.publicIPAddress);
    assert.equal(address?.name, "web-ip");
  });

  test("what is not known is refused by its name", async () => {
    const ask = async (path: string) => codeOf(await azure.send("GET", path));
    assert.equal(await ask(network("firewalls", "x")), "InvalidResourceType");
    assert.equal(
      await ask(`${group}/providers/Microsoft.Nothing/things/x`),
      "InvalidResourceNamespace",
    );
    const post = await azure.send("POST", `${az.nva}/capture`);
    assert.match(post.text, /does not know the action 'capture'/);
    assert.equal(await ask("/somewhere/else"), "NotFound");
  });
});

describe("who asks, and how", () => {
  let azure: RestAzure;
  let seq: number;
  before(async () => {
    const { store } = await az.referenceAzure();
    azure = await restAzure(store);
    seq = store.snapshot().seq;
  });
  after(async () => {
    assert.equal(azure.store.snapshot().seq, seq, "something was written");
    await azure.close();
  });
  const form = (values: Record<string, string>) => ({
    raw: new URLSearchParams(values).toString(),
    headers: { "content-type": "application/x-www-form-urlencoded" },
    ...{ token: null, version: null },
  });

  test("a client finds the directory by the metadata, and signs in with the lab's secret", async () => {
    const metadata = await azure.send("GET", "/metadata/endpoints", {
      ...{ token: null, version: "2022-09-01" },
    });
    const login = asBody(metadata.body.authentication)?.loginEndpoint;
    assert.equal(login, azure.server.endpoint);
    const { tenantId, clientId, clientSecret } = azure.server.directory;
    const discovery = await azure.send(
      "GET",
      `/${tenantId}/v2.0/.well-known/openid-configuration`,
      {
        ...{ token: null, version: null },
      },
    );
    const tokens = new URL(String(discovery.body.token_endpoint)).pathname;
    const asked = {
      ...{ grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret },
      scope: `${azure.server.endpoint}/.default`,
    };
    const signedIn = await azure.send("POST", tokens, form(asked));
    assert.equal(signedIn.status, 200, signedIn.text);
    const token = String(signedIn.body.access_token);
    assert.equal((await azure.send("GET", group, { token })).status, 200);
    // Microsoft's library for Go sends the scopes of OpenID Connect as well.
    const scope = `${asked.scope} openid offline_access profile`;
    const beside = await azure.send("POST", tokens, form({ ...asked, scope }));
    const second = String(beside.body.access_token);
    assert.equal((await azure.send("GET", group, { token: second })).status, 200);
    const two = `${asked.scope} https://vault.azure.net/.default`;
    const both = await azure.send("POST", tokens, form({ ...asked, scope: two }));
    assert.deepEqual([both.status, both.body.error], [400, "invalid_scope"]);
    const wrong = await azure.send("POST", tokens, form({ ...asked, client_secret: "guess" }));
    assert.deepEqual([wrong.status, wrong.body.error], [401, "invalid_client"]);
    assert.ok(!wrong.text.includes(clientSecret));
  });

  test("a token is refused when it is missing, broken, expired, of another lab or audience", async () => {
    const other = await restAzure();
    const { directory } = azure.server;
    const self = { clientId: directory.clientId, objectId: "o" };
    const [head, body, signature] = azure.token.split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    const cases: [string | null, string][] = [
      [null, "AuthenticationFailed"],
      ["nonsense", "InvalidAuthenticationToken"],
      [`${head}.${body}`, "InvalidAuthenticationToken"],
      [`${none}.${body}.`, "InvalidAuthenticationToken"],
      [`${head}.${body}x.${signature}`, "InvalidAuthenticationToken"],
      [other.token, "InvalidAuthenticationToken"],
      [directory.tokenFor(self, undefined, -1).token, "ExpiredAuthenticationToken"],
      [
        directory.tokenFor(self, "https://vault.azure.net").token,
        "InvalidAuthenticationTokenAudience",
      ],
    ];
    for (const [token, code] of cases) {
      const reply = await azure.send("GET", group, { token });
      assert.deepEqual([reply.status, codeOf(reply)], [401, code]);
      assert.match(String(reply.headers["www-authenticate"]), /authorization_uri/);
    }
    await other.close();
  });

  test("a client without a role may neither read nor write nor act", async () => {
    const token = azure.tokenOf("11111111-2222-3333-4444-555555555555");
    const replies = [
      await azure.send("GET", az.gateway, { token }),
      await azure.send("PUT", network("publicIPAddresses", "x"), { token, body: good.publicIp() }),
      await azure.send("DELETE", az.gateway, { token }),
      await azure.send("POST", `${az.nva}/restart`, { token }),
    ];
    for (const reply of replies) {
      assert.deepEqual([reply.status, codeOf(reply)], [403, "AuthorizationFailed"], reply.text);
    }
    const list = `/subscriptions/${az.subscription}/resources`;
    assert.deepEqual((await azure.send("GET", list, { token })).body.value, []);
    assert.deepEqual((await azure.send("GET", "/subscriptions", { token })).body.value, []);
  });

  test("a request without a version, or with one that cannot be, is refused", async () => {
    const ask = async (version: string | null, path = group) =>
      codeOf(await azure.send("GET", path, { version }));
    assert.equal(await ask(null), "MissingApiVersionParameter");
    assert.equal(await ask(""), "MissingApiVersionParameter");
    assert.equal(await ask("latest"), "InvalidApiVersionParameter");
    assert.equal(
      await ask("2018-01-01", network("natGateways", "nat")),
      "NoRegisteredProviderFound",
    );
    assert.equal(await ask("2999-01-01", az.gateway), "NoRegisteredProviderFound");
  });

  test("bodies that are no JSON object, too deep or too long are refused", async () => {
    const put = (raw: string | Buffer, type = "application/json") =>
      azure.send("PUT", network("natGateways", "b"), { raw, headers: { "content-type": type } });
    const whole = JSON.stringify(good.natGateway());
    const cases: [Awaited<ReturnType<typeof put>>, number, string][] = [
      [await put(whole.slice(0, -3)), 400, "InvalidRequestContent"],
      [await put("[]"), 400, "InvalidRequestContent"],
      [await put(Buffer.from([0x7b, 0xff, 0x7d])), 400, "InvalidRequestContent"],
      [await put(`${"[".repeat(100_000)}`), 400, "InvalidRequestContent"],
      [await put(whole, "text/plain"), 415, "UnsupportedMediaType"],
      [await put(""), 400, "InvalidRequestContent"],
    ];
    for (const [reply, status, code] of cases) {
      assert.deepEqual([reply.status, codeOf(reply)], [status, code], reply.text);
    }
    const long = put("x".repeat(MAX_BODY_BYTES + 1));
    // The answer comes before the body's end; the connection goes with it.
    const reply = await long.catch((error: NodeJS.ErrnoException) => error.code);
    if (typeof reply === "object") assert.equal(reply.status, 413);
    else assert.match(String(reply), /EPIPE|ECONNRESET/);
  });

  test("a path means what it says: dots, encoded slashes and empty parts are refused", async () => {
    for (const path of [
      `${group}/../other`,
      `${group}/%2e%2e/other`,
      `${group}%2Fproviders`,
      `${group}/providers//x`,
      `${group}/%00`,
      `${group}/%zz`,
    ]) {
      const reply = await azure.send("GET", path);
      assert.deepEqual([path, reply.status, codeOf(reply)], [path, 400, "BadRequest"]);
    }
  });

  test("it listens on loopback alone", async () => {
    const outer = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === "IPv4" && !internal);
    for (const { address } of outer) {
      const code = await new Promise((resolve) => {
        connect(azure.server.port, address)
          .on("connect", () => resolve("connected"))
          .on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
      });
      assert.equal(code, "ECONNREFUSED", address);
    }
  });
});

test("a long list comes in pages, each with the way to the next", async () => {
  const { store } = await az.referenceAzure();
  const azure = await restAzure(store, { pageSize: 3 });
  const seen: unknown[] = [];
  for (let next: string | undefined = `/subscriptions/${az.subscription}/resources`; next; ) {
    const version = next.includes("api-version") ? null : "2022-09-01";
    const { body }: { body: Body } = await azure.send("GET", next, { version });
    const value = asBodies(body.value);
    assert.ok(value.length > 0 && value.length <= 3);
    seen.push(...value.map(({ id }) => id));
    next =
      body.nextLink === undefined
        ? undefined
        : String(body.nextLink).slice(azure.server.endpoint.length);
  }
  const all = [...store.snapshot().resources.values()].filter(
    ({ type }) => !/resourceGroups$/.test(type),
  );
  assert.deepEqual(
    seen,
    all.map(({ id }) => id),
  );
  assert.equal(new Set(seen).size, seen.length);
  await azure.close();
});
