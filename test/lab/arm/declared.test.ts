/** Types of azure-native that are kept and shown, not simulated. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { type Arm, ArmError } from "../../../lab/arm/arm";
import { declaredToken } from "../../../lab/arm/declared";
import { placeOf } from "../../../lab/arm/declared/places";
import { asBody, type Body } from "../../../lab/arm/resource";
import { isSimulated, typeNamed, typeOfToken } from "../../../lab/arm/types";
import * as az from "./fixture";

const group = az.network("x", "y").split("/providers/")[0];
const at = (rest: string) => `${group}/providers/${rest}`;
const location = "westeurope";
const vault = {
  location,
  properties: { tenantId: az.subscription, sku: { family: "A", name: "standard" } },
};

/** Code and path of all that is wrong. */
async function refused(work: Promise<unknown>): Promise<string[]> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ArmError)) throw error ?? new Error("nothing was refused");
  return [error, ...error.details].map(({ code, target }) => `${code} ${target}`);
}

describe("types that are declared, not simulated", () => {
  let arm: Arm;
  let folder: string;
  const cache = process.env.XDG_CACHE_HOME;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "declared-"));
    process.env.XDG_CACHE_HOME = folder;
    arm = (await az.referenceAzure()).arm;
  });
  after(() => {
    if (cache === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = cache;
    rmSync(folder, { recursive: true, force: true });
  });

  test("a vault is kept as it was written, shown and deleted", async () => {
    const id = at("Microsoft.KeyVault/vaults/kv");
    await arm.put(id, vault);
    const found = await arm.get(id.toUpperCase().replace("/SUBSCRIPTIONS", "/subscriptions"));
    assert.deepEqual(asBody(found?.properties)?.sku, vault.properties.sku);
    assert.equal(found?.type, "Microsoft.KeyVault/vaults");
    await arm.delete(id);
    assert.equal(await arm.get(id), undefined);
  });

  test("all that is wrong is told at once, by path", async () => {
    const bad = {
      location: "nowhere",
      properties: { sku: { family: "A", name: "gold" }, enableSoftDelete: 7, softDelete: true },
    };
    assert.deepEqual(await refused(arm.put(at("Microsoft.KeyVault/vaults/kv"), bad)), [
      "InvalidRequestFormat properties.sku.name",
      "InvalidRequestFormat properties.enableSoftDelete",
      "InvalidRequestContent properties.softDelete",
      "InvalidRequestFormat properties.tenantId",
    ]);
  });

  test("what a flattened type has beside properties stays there", async () => {
    const id = at("Microsoft.Storage/storageAccounts/data");
    const networkAcls = { defaultAction: "Deny" };
    await arm.put(id, {
      ...{ location, kind: "StorageV2", sku: { name: "Standard_LRS" } },
      properties: { networkAcls, supportsHttpsTrafficOnly: true },
    });
    const found = await arm.need(id);
    assert.deepEqual([found.kind, found.properties.networkAcls], ["StorageV2", networkAcls]);
  });

  test("a part needs what it is a part of, and goes with it", async () => {
    const account = at("Microsoft.Storage/storageAccounts/parts");
    const part = `${account}/blobServices/default/containers/logs`;
    assert.deepEqual(await refused(arm.put(part, {})), ["ParentResourceNotFound undefined"]);
    await arm.put(account, { location, kind: "StorageV2", sku: { name: "Standard_LRS" } });
    await arm.put(part, { properties: { publicAccess: "None" } });
    assert.equal(
      (await arm.need(part)).type,
      "Microsoft.Storage/storageAccounts/blobServices/containers",
    );
    await arm.delete(account);
    assert.equal(await arm.get(part), undefined);
  });

  test("records of a DNS zone have the type of their kind, and zones are of no region", async () => {
    const zone = at("Microsoft.Network/dnsZones/example.org");
    assert.deepEqual(await refused(arm.put(zone, { location })), [
      "LocationNotAvailableForResourceType location",
    ]);
    await arm.put(zone, { location: "global" });
    const properties = { TTL: 60, ARecords: [{ ipv4Address: "192.0.2.1" }] };
    await arm.put(`${zone}/A/www`, { properties });
    assert.equal((await arm.need(`${zone}/a/www`)).type, "Microsoft.Network/dnsZones/A");
    assert.equal(typeNamed("Microsoft.Network/dnsZones/B"), undefined);
  });

  test("an extension hangs on any resource", async () => {
    const id = `${az.gateway}/providers/Microsoft.Insights/diagnosticSettings/all`;
    await arm.put(id, { properties: { logs: [{ enabled: true, categoryGroup: "allLogs" }] } });
    assert.equal((await arm.need(id)).type, "Microsoft.Insights/diagnosticSettings");
  });

  test("a resource of its own identity is somebody in the directory", async () => {
    const id = at("Microsoft.Automation/automationAccounts/acts");
    await arm.put(id, { location, identity: { type: "SystemAssigned" }, properties: {} });
    const { identity } = (await arm.need(id)) as Body;
    const principalId = asBody(identity)?.principalId;
    const role = `${group}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-4111-8111-111111111111`;
    const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    await arm.put(role, {
      properties: {
        principalId,
        roleDefinitionId: `/subscriptions/${az.subscription}/providers/Microsoft.Authorization/roleDefinitions/${reader}`,
      },
    });
    await arm.put(id, { location, identity: { type: "SystemAssigned" }, properties: {}, tags: {} });
    assert.equal(asBody(((await arm.need(id)) as Body).identity)?.principalId, principalId);
  });

  test("a machine is in an availability set that is there", async () => {
    const set = at("Microsoft.Compute/availabilitySets/set");
    const properties = { subnet: { id: az.nvaSubnet } };
    await arm.put(az.spareNic, {
      location,
      properties: { ipConfigurations: [{ name: "ip", properties }] },
    });
    const body = az.changed(az.good.nva(), "properties.networkProfile.networkInterfaces", [
      { id: az.spareNic },
    ]);
    const within = az.changed(body, "properties.availabilitySet", { id: set });
    const put = () => arm.put(at("Microsoft.Compute/virtualMachines/set-vm"), within);
    assert.deepEqual(await refused(put()), [
      "InvalidResourceReference properties.availabilitySet.id",
    ]);
    await arm.put(set, { location, properties: { platformFaultDomainCount: 2 } });
    await put();
  });

  test("a password is judged and thrown away", async () => {
    const id = at("Microsoft.Sql/servers/db");
    await arm.put(id, {
      location,
      properties: { administratorLogin: "sa", administratorLoginPassword: "S3cret-word" },
    });
    assert.ok(!JSON.stringify(arm.look((world) => world.get(id))).includes("S3cret-word"));
  });

  test("what would change a packet's way, run in a machine or bind other requests is not taken", () => {
    for (const token of [
      "network:RouteTable network:VirtualNetworkPeering network:AzureFirewall network:BastionHost",
      "network:VirtualNetworkGateway network:ExpressRouteCircuit network:ApplicationGateway",
      "network:PrivateEndpoint network:PrivateLinkService network:ApplicationSecurityGroup",
      "storage:PrivateEndpointConnection trafficmanager:Profile cdn:Profile databricks:VNetPeering",
      "compute:VirtualMachineExtension authorization:ManagementLockByScope resources:Deployment",
    ].flatMap((line) => line.split(" "))) {
      const answer = typeOfToken(`azure-native:${token}`);
      assert.ok("why" in answer && answer.why !== "", token);
    }
    assert.equal(typeNamed("Microsoft.Network/routeTables"), undefined);
    assert.deepEqual(typeOfToken("azure-native:keyvault:Vaultt"), { why: "" });
    assert.deepEqual(typeOfToken("azure-native:keyvault/v20230701:Vault"), { why: "" });
  });

  test("Azure's names are made back from the SDK's, or known", () => {
    for (const [token, type] of [
      ["apimanagement:ApiOperation", "Microsoft.ApiManagement/service/apis/operations"],
      ["app:Certificate", "Microsoft.App/managedEnvironments/certificates"],
      ["compute:GalleryImageVersion", "Microsoft.Compute/galleries/images/versions"],
      ["containerservice:AgentPool", "Microsoft.ContainerService/managedClusters/agentPools"],
      ["cosmosdb:SqlResourceSqlDatabase", "Microsoft.DocumentDB/databaseAccounts/sqlDatabases"],
      ["dataprotection:BackupInstance", "Microsoft.DataProtection/backupVaults/backupInstances"],
      ["dbforpostgresql:Database", "Microsoft.DBforPostgreSQL/flexibleServers/databases"],
      ["eventhub:ConsumerGroup", "Microsoft.EventHub/namespaces/eventhubs/consumergroups"],
      ["monitor:MetricAlert", "Microsoft.Insights/metricAlerts"],
      ["network:FlowLog", "Microsoft.Network/networkWatchers/flowLogs"],
      ["privatedns:VirtualNetworkLink", "Microsoft.Network/privateDnsZones/virtualNetworkLinks"],
      ["servicebus:Subscription", "Microsoft.ServiceBus/namespaces/topics/subscriptions"],
      ["web:AppServicePlan", "Microsoft.Web/serverfarms"],
    ] as const) {
      const [module = "", name = ""] = token.split(":");
      const path = placeOf(module, name)?.path.replace(/\/\{\w+\}/g, "");
      assert.equal(path, type, token);
    }
    assert.equal(placeOf("keyvault", "AccessPolicy"), undefined, "nothing tells its id");
  });

  test("simulated types stay what they are", () => {
    assert.ok(isSimulated("microsoft.network/LOADBALANCERS"));
    assert.ok(!isSimulated("Microsoft.Compute/disks"));
    const answer = declaredToken("azure-native:compute:Disk");
    assert.ok("type" in answer && answer.type.type === "Microsoft.Compute/disks");
  });

  test("a declaration is read once and kept", () => {
    const [version = ""] = readdirSync(path.join(folder, "azure-gwlb", "declarations"));
    const kept = readdirSync(path.join(folder, "azure-gwlb", "declarations", version));
    assert.ok(kept.includes("azure-native.keyvault.Vault.json"), kept.join(" "));
  });
});
