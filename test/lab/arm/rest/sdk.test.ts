import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { ComputeManagementClient } from "@azure/arm-compute";
import { NetworkManagementClient } from "@azure/arm-network";
import { ClientSecretCredential } from "@azure/identity";
import type { Body } from "../../../../lab/arm/resource";
import * as az from "../fixture";
import { type RestAzure, restAzure } from "./client";
import { type Modelled, modelProblems } from "./models";

/** Properties that real answers have and Microsoft's models do not. */
const NOT_IN_MODELS =
  /\.(enableDestinationServiceEndpoint|allowBackendPortConflict|allowPort25Out|kind)$/;

describe("Microsoft's SDK for JavaScript", () => {
  let azure: RestAzure;
  let network: NetworkManagementClient;
  let compute: ComputeManagementClient;
  let last: Body = {};
  /** Values as the SDK's models have them, by the model's name. */
  const seen: Modelled[] = [];

  before(async () => {
    const { store } = await az.referenceAzure();
    azure = await restAzure(store);
    const { endpoint, caFile, directory } = azure.server;
    const { tenantId, clientId, clientSecret } = directory;
    const tlsOptions = { ca: readFileSync(caFile, "utf8") };
    const signIn = { authorityHost: endpoint, disableInstanceDiscovery: true, tlsOptions };
    const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, signIn);
    const credentials = { scopes: [`${endpoint}/.default`] };
    const options = { endpoint, credentials, tlsOptions };
    network = new NetworkManagementClient(credential, az.subscription, options);
    compute = new ComputeManagementClient(credential, az.subscription, options);
  });
  after(() => azure.close());

  const onResponse = ({
    parsedBody,
    bodyAsText,
  }: {
    parsedBody?: unknown;
    bodyAsText?: string | null;
  }) => {
    last = (parsedBody ?? JSON.parse(bodyAsText ?? "{}")) as Body;
  };
  /** Keeps a value for the models, and what of the answer the SDK left out. */
  const keep = <T>(model: string, value: T, from: Modelled["from"] = "@azure/arm-network"): T => {
    seen.push({ from, model, value });
    const lost = missing(last, value as Body);
    assert.deepEqual(
      lost.filter((at) => !NOT_IN_MODELS.test(at)),
      [],
      model,
    );
    return value;
  };

  test("reads every type that the reference layout has", async () => {
    const { loadBalancers, networkInterfaces, publicIPAddresses } = network;
    const read = { onResponse };
    const lb = keep("LoadBalancer", await loadBalancers.get("rg", "gwlb", read));
    assert.equal(lb.sku?.name, "Gateway");
    const [pool] = lb.backendAddressPools ?? [];
    assert.equal(pool?.tunnelInterfaces?.length, 2);
    assert.equal(pool?.backendIPConfigurations?.length, 1);
    keep("LoadBalancer", await loadBalancers.get("rg", "web", read));
    keep("NetworkInterface", await networkInterfaces.get("rg", "work-nic", read));
    keep("PublicIPAddress", await publicIPAddresses.get("rg", "web-ip", read));
    keep("VirtualNetwork", await network.virtualNetworks.get("rg", "provider", read));
    keep("Subnet", await network.subnets.get("rg", "provider", "nva", read));
    keep("NetworkSecurityGroup", await network.networkSecurityGroups.get("rg", "nsg", read));
    const expand = { ...read, expand: "instanceView" as const };
    const shown = await compute.virtualMachines.get("rg", "nva", expand);
    const vm = keep("VirtualMachine", shown, "@azure/arm-compute");
    assert.equal(vm.instanceView?.statuses?.[1]?.code, "PowerState/running");
    const names: (string | undefined)[] = [];
    for await (const { name } of loadBalancers.listAll()) names.push(name);
    assert.deepEqual(names.sort(), ["gwlb", "web"]);
  });

  test("chains a frontend, takes the chain away, and deletes what nothing holds", async () => {
    const { loadBalancers } = network;
    const web = await loadBalancers.get("rg", "web");
    const [frontend] = web.frontendIPConfigurations ?? [];
    assert.ok(frontend?.gatewayLoadBalancer?.id);
    const gateway = frontend.gatewayLoadBalancer;
    frontend.gatewayLoadBalancer = undefined;
    const bare = await loadBalancers.createOrUpdate("rg", "web", web);
    assert.equal(bare.frontendIPConfigurations?.[0]?.gatewayLoadBalancer, undefined);
    frontend.gatewayLoadBalancer = gateway;
    const chained = keep(
      "LoadBalancer",
      await loadBalancers.createOrUpdate("rg", "web", web, { onResponse }),
    );
    const chain = chained.frontendIPConfigurations?.[0]?.gatewayLoadBalancer?.id;
    assert.equal(chain, az.gatewayFrontend);
    await assert.rejects(loadBalancers.delete("rg", "gwlb"), { statusCode: 400 });
    await network.publicIPAddresses.createOrUpdate("rg", "spare", {
      location: az.location,
      sku: { name: "Standard" },
      publicIPAllocationMethod: "Static",
    });
    await network.publicIPAddresses.delete("rg", "spare");
    await assert.rejects(network.publicIPAddresses.get("rg", "spare"), {
      code: "ResourceNotFound",
    });
  });

  test("operates machines", async () => {
    await compute.virtualMachines.powerOff("rg", "nva", { skipShutdown: true });
    const view = await compute.virtualMachines.instanceView("rg", "nva");
    assert.equal(view.statuses?.[1]?.code, "PowerState/stopped");
    await compute.virtualMachines.start("rg", "nva");
    await compute.virtualMachines.restart("rg", "nva");
  });

  test("every property that comes back has the type of the SDK's model", () => {
    assert.ok(seen.length > 0);
    assert.deepEqual(modelProblems(path.resolve(__dirname, "../../../.."), seen), []);
  });
});

/** Paths of an answer that its counterpart in the SDK's shape has nowhere; `properties` is flattened there. */
function missing(answer: unknown, value: unknown, at = ""): string[] {
  if (Array.isArray(answer)) {
    const items = Array.isArray(value) ? value : [];
    return answer.flatMap((item, i) => missing(item, items[i], `${at}[${i}]`));
  }
  if (typeof answer !== "object" || answer === null) return value === undefined ? [at] : [];
  const shown = (typeof value === "object" && value !== null ? value : {}) as Body;
  return Object.entries(answer).flatMap(([name, inner]) => {
    const flat = name === "properties" && shown.properties === undefined;
    return missing(inner, flat ? shown : shown[name], flat ? at : `${at}.${name}`);
  });
}
