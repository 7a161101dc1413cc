/** Settings of a client that speaks with a lab: values, and environment variables. Pure. */
import { DEFAULT_SUBSCRIPTION, objectIdOf, TENANT } from "../principals";
import type { Directory } from "./identity";

export interface ClientSettings {
  endpoint: string;
  /** The authority that signed the endpoint's certificate. */
  caFile: string;
  tenantId: string;
  subscriptionId: string;
  clientId: string;
  clientSecret: string;
  /** Of an administrator of every subscription. */
  token: string;
}

/** Long enough for a day's work in one shell, in seconds. */
const TOKEN_SECONDS = 12 * 3600;

export function clientSettings(of: {
  endpoint: string;
  caFile: string;
  directory: Directory;
}): ClientSettings {
  const { clientId, clientSecret } = of.directory;
  const principal = { clientId, objectId: objectIdOf(clientId) };
  return {
    endpoint: of.endpoint,
    caFile: of.caFile,
    tenantId: TENANT,
    subscriptionId: DEFAULT_SUBSCRIPTION,
    clientId,
    clientSecret,
    token: of.directory.tokenFor(principal, of.endpoint, TOKEN_SECONDS).token,
  };
}

/** Variables by which Azure's clients find the lab and sign in. */
export function variablesOf(settings: ClientSettings): Record<string, string> {
  const { endpoint, caFile, tenantId, subscriptionId, clientId, clientSecret, token } = settings;
  const host = endpoint.replace(/^https:\/\//, "");
  return {
    ARM_ENDPOINT: endpoint,
    ARM_TOKEN: token,
    ARM_METADATA_HOSTNAME: host,
    ARM_DISABLE_INSTANCE_DISCOVERY: "true",
    NODE_EXTRA_CA_CERTS: caFile,
    REQUESTS_CA_BUNDLE: caFile,
    SSL_CERT_FILE: caFile,
    AZURE_AUTHORITY_HOST: endpoint,
    AZURE_TENANT_ID: tenantId,
    AZURE_SUBSCRIPTION_ID: subscriptionId,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: clientSecret,
  };
}

/** The same as lines for a shell to evaluate. */
export function environmentOf(settings: ClientSettings): string {
  const quoted = (value: string) => `'${value.replaceAll("'", "'\\''")}'`;
  return Object.entries(variablesOf(settings))
    .map(([name, value]) => `export ${name}=${quoted(value)}`)
    .join("\n");
}
