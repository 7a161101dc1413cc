/** A program with types that the lab only keeps, next to a chained consumer. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { asBodies, asBody } from "../../lab/arm/resource";
import { AzureStack, consumer, gatewayFrontend, provider } from "../support/azureStack";
import type { Declared } from "../support/stackOfData";

const inGroup = (type: string, name: string, properties: object): Declared => ({
  type: `azure-native:${type}`,
  name,
  properties: { resourceGroupName: "@group.name", ...properties },
});

const tenantId = "00000000-0000-0000-0000-0000000000aa";
const vaultProperties = { tenantId, sku: { family: "A", name: "standard" } };

/** Resources that stand around an application's load balancer. */
const around: readonly Declared[] = [
  inGroup("managedidentity:UserAssignedIdentity", "who", { resourceName: "who" }),
  inGroup("keyvault:Vault", "kv", { vaultName: "kv", properties: vaultProperties }),
  inGroup("keyvault:Secret", "word", {
    ...{ vaultName: "@kv.name", secretName: "word", properties: { value: "S3cret-word" } },
  }),
  inGroup("storage:StorageAccount", "data", {
    ...{ kind: "StorageV2", sku: { name: "Standard_LRS" }, enableHttpsTrafficOnly: true },
    networkRuleSet: { defaultAction: "Deny" },
  }),
  inGroup("storage:BlobContainer", "logs", { accountName: "@data.name", containerName: "logs" }),
  inGroup("compute:Disk", "disk", { creationData: { createOption: "Empty" }, diskSizeGB: 32 }),
  inGroup("compute:AvailabilitySet", "set", { platformFaultDomainCount: 2 }),
  inGroup("operationalinsights:Workspace", "watch", { sku: { name: "PerGB2018" } }),
  inGroup("dns:Zone", "zone", { zoneName: "example.org", location: "global" }),
  inGroup("dns:RecordSet", "www", {
    ...{ zoneName: "@zone.name", recordType: "A", relativeRecordSetName: "www" },
    ...{ ttl: 60, aRecords: [{ ipv4Address: "192.0.2.1" }] },
  }),
  inGroup("containerservice:ManagedCluster", "aks", {
    ...{ dnsPrefix: "aks", identity: { type: "UserAssigned", userAssignedIdentities: ["@who"] } },
    agentPoolProfiles: [{ name: "system", mode: "System", count: 1, vmSize: "Standard_D2s_v5" }],
  }),
  {
    type: "azure-native:monitor:DiagnosticSetting",
    name: "flows",
    properties: {
      ...{ resourceUri: "@web", workspaceId: "@watch", name: "flows" },
      metrics: [{ category: "AllMetrics", enabled: true }],
    },
  },
];

describe("types of azure-native that the lab does not simulate", () => {
  const stack = new AzureStack();
  const chained = [...provider, ...consumer("@gwlb/frontendIPConfigurations/fe").slice(1)];
  const all = [...chained, ...around];
  before(() => stack.init());
  after(() => stack.remove());

  test("a preview shows them, each with a word on what they are", async () => {
    stack.declare(all);
    const { stdout } = await stack.must("preview", "--stack", "dev");
    for (const name of ["kv", "data", "logs", "disk", "set", "watch", "www", "aks", "flows"]) {
      assert.match(stdout, new RegExp(` ${name} create declared, not simulated`), name);
    }
    assert.doesNotMatch(stdout, /(web|who) create declared/);
  });

  test("an update keeps them beside the chain, and the next one has nothing to do", async () => {
    const { code, stdout, stderr } = await stack.up(all);
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(await stack.plan(all), []);
    await stack.refresh("--expect-no-changes");
    const id = `${gatewayFrontend.split("/loadBalancers/")[0]}/loadBalancers/web`;
    const { properties } = await stack.arm.need(id);
    const [frontend] = asBodies(properties.frontendIPConfigurations);
    const { gatewayLoadBalancer } = asBody(frontend?.properties) ?? {};
    assert.deepEqual(gatewayLoadBalancer, { id: gatewayFrontend });
    const { stdout: status } = await stack.node(["lab/cli/main.ts", "--lab", stack.lab, "status"]);
    assert.match(status, /declared, not simulated.*\n.*\n.*Microsoft\./);
  });

  test("a change is an update in place, and a wrong one is told before anything is asked", async () => {
    const tagged = all.map((one) =>
      one.name === "kv"
        ? { ...one, properties: { ...one.properties, tags: { team: "web" } } }
        : one,
    );
    assert.deepEqual(await stack.plan(tagged), [{ op: "update", name: "kv", paths: ["tags"] }]);
    stack.declare([
      ...all,
      inGroup("keyvault:Vault", "bad", { properties: { sku: { name: 7 }, soft: true } }),
    ]);
    const { code, stdout } = await stack.pulumi("preview", "--stack", "dev");
    assert.notEqual(code, 0);
    for (const wrong of [
      "'properties.sku.name' should be of type 'string' but got a number",
      "missing required property 'properties.sku.family'",
      "missing required property 'properties.tenantId'",
      "does not know property 'properties.soft'",
    ]) {
      assert.ok(stdout.includes(wrong), `${wrong}\n${stdout}`);
    }
  });

  test("a type on a packet's way is refused by its name", async () => {
    stack.declare([...all, inGroup("network:RouteTable", "routes", {})]);
    const { code, stdout } = await stack.pulumi("preview", "--stack", "dev");
    assert.notEqual(code, 0);
    assert.match(stdout, /network:RouteTable': it would change a packet's way/);
  });

  test("they go with the stack", async () => {
    const { code, stdout, stderr } = await stack.destroy();
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(await stack.arm.list(), []);
  });
});
