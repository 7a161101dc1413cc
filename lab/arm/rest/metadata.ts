/** Questions of a client without a token: the cloud's endpoints, its directory, a token. */
import { refuse } from "../errors";
import { keyOf } from "../ids";
import { TENANT } from "../principals";
import { refusalsOf } from "../rules";
import { quoted } from "../sources";
import type { Directory, Principal } from "./identity";
import { type Answer, ok, type RestRequest } from "./request";

const refusals = refusalsOf("The HTTP API", {
  post: {
    code: "invalid_request",
    says: "A token is asked for with POST.",
    documented: "https://datatracker.ietf.org/doc/html/rfc6749#section-5.2",
  },
  get: {
    code: "MethodNotAllowed",
    says: "The cloud's metadata are read with GET.",
    http: 405,
    assumed: "The status is HTTP's own; no source shows the code.",
  },
  version: {
    code: "InvalidApiVersionParameter",
    says: "The cloud's metadata have a version that clients know.",
    reported: quoted("InvalidApiVersionParameter"),
  },
});

type Asked = Pick<RestRequest, "method" | "segments" | "query" | "endpoint">;

/** The name under which clients register the cloud. */
export const CLOUD_NAME = "AzureLab";

/** Answers what needs no token; undefined for everything else. */
export async function answerOpen(
  request: Asked,
  form: () => Promise<URLSearchParams>,
  directory: Directory,
  principalOf: (clientId: string) => Principal,
): Promise<Answer | undefined> {
  const { method, segments, endpoint } = request;
  const path = segments.map(keyOf).join("/");
  if (path === "metadata/endpoints") return metadata(request);
  const tenant = keyOf(segments[0] ?? "");
  if (![TENANT, "common", "organizations"].includes(tenant)) return undefined;
  const below = segments.slice(1).map(keyOf).join("/");
  if (/^(v2\.0\/)?\.well-known\/openid-configuration$/.test(below)) {
    return ok(openId(endpoint, directory));
  }
  if (/^discovery(\/v2\.0)?\/keys$/.test(below)) return ok({ keys: directory.keys });
  if (/^oauth2(\/v2\.0)?\/token$/.test(below)) {
    if (method !== "POST") throw refuse(refusals.post, "A token is asked for with POST.");
    return token(await form(), directory, principalOf);
  }
  return undefined;
}

const METADATA_VERSIONS = ["2018-05-01", "2019-05-01", "2020-06-01", "2022-09-01", "2023-11-01"];

function metadata({ method, query, endpoint }: Asked): Answer {
  const version = query.get("api-version");
  if (method !== "GET") throw refuse(refusals.get, "Only GET is possible here.");
  if (version === null || !METADATA_VERSIONS.includes(version)) {
    throw refuse(
      refusals.version,
      `The api-version '${version ?? ""}' is invalid. The supported versions are '${METADATA_VERSIONS.join(",")}'.`,
    );
  }
  const one = {
    name: CLOUD_NAME,
    portal: endpoint,
    authentication: {
      loginEndpoint: endpoint,
      audiences: [endpoint, "https://management.azure.com/"],
      tenant: "common",
      identityProvider: "AAD",
    },
    resourceManager: endpoint,
    graph: endpoint,
    graphAudience: endpoint,
    microsoftGraphResourceId: endpoint,
    media: endpoint,
    batch: endpoint,
    sqlManagement: endpoint,
    gallery: endpoint,
    vmImageAliasDoc: `${endpoint}/metadata/images`,
    activeDirectoryDataLake: endpoint,
    suffixes: {
      keyVaultDns: "vault.localhost",
      storage: "storage.localhost",
      sqlServerHostname: "database.localhost",
      acrLoginServer: "azurecr.localhost",
    },
  };
  return ok(version >= "2022-09-01" || version === "2020-06-01" ? one : [one]);
}

function openId(endpoint: string, directory: Directory) {
  const at = `${endpoint}/${TENANT}`;
  return {
    issuer: directory.issuer,
    authorization_endpoint: `${at}/oauth2/v2.0/authorize`,
    token_endpoint: `${at}/oauth2/v2.0/token`,
    jwks_uri: `${at}/discovery/v2.0/keys`,
    device_authorization_endpoint: `${at}/oauth2/v2.0/devicecode`,
    end_session_endpoint: `${at}/oauth2/v2.0/logout`,
    token_endpoint_auth_methods_supported: ["client_secret_post"],
    response_types_supported: ["code", "id_token", "token"],
    response_modes_supported: ["query", "fragment", "form_post"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid"],
    claims_supported: ["sub", "iss", "aud", "exp", "iat", "nbf", "appid", "oid", "tid", "ver"],
    cloud_instance_name: "localhost",
    tenant_region_scope: null,
  };
}

/** Scopes of OpenID Connect, which clients send beside the one of the resource. */
const SIGN_IN_SCOPES = new Set(["openid", "profile", "offline_access", "email"]);

/** The client credentials grant: any client of the directory, with the lab's secret. */
function token(
  form: URLSearchParams,
  directory: Directory,
  principalOf: (clientId: string) => Principal,
): Answer {
  const clientId = form.get("client_id") ?? "";
  if (form.get("grant_type") !== "client_credentials") {
    const grant = form.get("grant_type") ?? "";
    return denied("unsupported_grant_type", `The grant '${grant.slice(0, 60)}' is not supported.`);
  }
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(clientId)) {
    return denied("unauthorized_client", "Application was not found in the directory.", 700016);
  }
  if (!directory.isSecret(form.get("client_secret") ?? "")) {
    return denied("invalid_client", "Invalid client secret provided.", 7000215, 401);
  }
  const [scope = "", ...others] = (form.get("scope") ?? "")
    .split(" ")
    .filter((word) => word !== "" && !SIGN_IN_SCOPES.has(word));
  if (others.length > 0) {
    const scopes = [scope, ...others].join(" ").slice(0, 200);
    return denied("invalid_scope", `The provided value for scope ${scopes} is not valid.`, 70011);
  }
  const wanted = form.get("resource") ?? scope.replace(/\/\.default$/, "");
  const audience = wanted.replace(/\/+$/, "") || directory.endpoint;
  const { token: made, expiresIn } = directory.tokenFor(principalOf(clientId), audience);
  return {
    ...ok({
      token_type: "Bearer",
      expires_in: expiresIn,
      ext_expires_in: expiresIn,
      expires_on: String(Math.floor(Date.now() / 1000) + expiresIn),
      resource: audience,
      access_token: made,
    }),
    headers: { "cache-control": "no-store", pragma: "no-cache" },
  };
}

function denied(error: string, why: string, number = 70003, status = 400): Answer {
  return {
    status,
    body: {
      error,
      error_description: `AADSTS${number}: ${why}`,
      error_codes: [number],
      timestamp: new Date().toISOString(),
    },
  };
}
