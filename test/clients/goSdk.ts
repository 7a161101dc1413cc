/** Microsoft's SDK for Go, used as Pulumi's azure-native provider uses it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Arm } from "../../lab/arm/arm";
import { clientSettings, variablesOf } from "../../lab/arm/rest/clientSettings";
import { cacheDir } from "../../lab/paths";
import { run } from "../../lab/run";
import * as az from "../lab/arm/fixture";
import { type RestAzure, restAzure } from "../lab/arm/rest/client";
import { Talker } from "../support/talker";
import { goClient } from "./goClient";

/** Long enough to be seen by a poller, in milliseconds. */
const WRITE_MS = 300;
const NETWORK = "2024-05-01";

interface Answer {
  status: number;
  code?: string;
  polled: boolean;
  body?: { properties?: Record<string, unknown>; value?: { name: string }[] };
}

describe("Microsoft's SDK for Go, as azure-native uses it", () => {
  let azure: RestAzure;
  let program: string;
  let client: Talker;

  const ask = (method: string, path: string, body?: unknown) =>
    client.ask<Answer>({ method, path, apiVersion: NETWORK, body });

  before(async () => {
    const { store } = await az.referenceAzure();
    azure = await restAzure(store, {
      armFor: (caller) => new Arm(store, { caller, writeMs: WRITE_MS }),
    });
    Object.assign(process.env, variablesOf(clientSettings(azure.server)));
    program = await goClient(cacheDir());
    client = await Talker.start("Go client", [program]);
  });
  after(async () => {
    client?.stop();
    await azure?.close();
  });

  test("finds the cloud by its metadata, signs in, and follows a list to its last page", async () => {
    const subscription = `/subscriptions/${az.subscription}/providers/Microsoft.Network`;
    const { body } = await ask("LIST", `${subscription}/loadBalancers`);
    assert.deepEqual(body?.value?.map(({ name }) => name).sort(), ["gwlb", "web"]);
  });

  test("waits for a write that goes on after its answer", async () => {
    const vnet = az.network("virtualNetworks", "third");
    const made = await ask("PUT", vnet, az.good.vnet("10.9.0.0/16"));
    assert.deepEqual([made.status, made.polled], [201, true]);
    assert.equal(made.body?.properties?.provisioningState, "Succeeded");
    const read = await ask("GET", vnet);
    assert.deepEqual(read.body, made.body);
    const gone = await ask("DELETE", vnet);
    assert.ok([200, 202, 204].includes(gone.status), `${gone.status}`);
    const absent = await ask("GET", vnet);
    assert.deepEqual([absent.status, absent.code], [404, "ResourceNotFound"]);
  });

  test("takes a chain away and sets it again", async () => {
    const { body } = await ask("GET", az.publicLb);
    const chained = structuredClone(body);
    const frontends = body?.properties?.frontendIPConfigurations ?? [];
    const [frontend] = frontends as { properties: { gatewayLoadBalancer?: object } }[];
    assert.ok(frontend?.properties.gatewayLoadBalancer);
    delete frontend.properties.gatewayLoadBalancer;
    assert.equal((await ask("PUT", az.publicLb, body)).status, 200);
    assert.equal((await ask("PUT", az.publicLb, chained)).status, 200);
    const now = await ask("GET", az.publicLb);
    assert.match(JSON.stringify(now.body), /"gatewayLoadBalancer":\{"id"/);
  });

  test("is refused with Azure's code and status", async () => {
    const refused = await ask("DELETE", az.gateway);
    assert.equal(refused.code, "GatewayLoadBalancerInUseByChain");
    assert.equal(refused.status, 400);
    const { body } = await ask("GET", az.gateway);
    const other = { ...body, sku: { name: "Standard", tier: "Regional" } };
    const changed = await ask("PUT", az.gateway, other);
    assert.equal(changed.code, "SkuCannotBeChangedOnUpdate");
  });

  test("does not sign in with another lab's secret", async () => {
    const env = { ...process.env, AZURE_CLIENT_SECRET: "another" };
    const input = JSON.stringify({ method: "GET", path: az.gateway, apiVersion: NETWORK });
    const { stderr } = await run([program], { env, input, allowed: [1] });
    assert.match(stderr, /AADSTS7000215/);
  });
});
