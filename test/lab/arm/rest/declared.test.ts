/** Types that the lab keeps and nothing more, as Azure's own clients ask for them. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { asBodies } from "../../../../lab/arm/resource";
import * as az from "../fixture";
import { codeOf, type RestAzure, restAzure } from "./client";

const group = az.network("x", "y").split("/providers/")[0];
const account = `${group}/providers/Microsoft.Storage/storageAccounts/data`;
const body = {
  ...{ location: "westeurope", kind: "StorageV2", sku: { name: "Standard_LRS" } },
  properties: { networkAcls: { defaultAction: "Deny" } },
};

describe("declared types over HTTPS", () => {
  let azure: RestAzure;
  const folder = mkdtempSync(path.join(tmpdir(), "declared-rest-"));
  const cache = process.env.XDG_CACHE_HOME;
  before(async () => {
    process.env.XDG_CACHE_HOME = folder;
    azure = await restAzure((await az.referenceAzure()).store);
  });
  after(async () => {
    await azure.close();
    if (cache === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = cache;
    rmSync(folder, { recursive: true, force: true });
  });

  test("PUT, GET, PATCH, lists and DELETE of a resource and its parts", async () => {
    const made = await azure.send("PUT", account, { body });
    assert.equal(made.status, 201, made.text);
    const again = await azure.send("PUT", account, { body });
    assert.equal(again.status, 200);
    const part = `${account}/blobServices/default/containers/logs`;
    assert.equal((await azure.send("PUT", part, { body: {} })).status, 201);
    const { body: shown } = await azure.send("GET", account);
    assert.deepEqual([shown.kind, shown.type], ["StorageV2", "Microsoft.Storage/storageAccounts"]);
    const tagged = await azure.send("PATCH", account, { body: { tags: { team: "web" } } });
    assert.deepEqual(tagged.body.tags, { team: "web" });
    const below = path.posix.dirname(part);
    for (const list of [
      path.posix.dirname(account),
      `/subscriptions/${az.subscription}/providers/Microsoft.Storage/storageAccounts`,
      below,
    ]) {
      const { body: found } = await azure.send("GET", list);
      const ids = asBodies(found.value).map(({ id }) => id);
      assert.deepEqual(ids, [list === below ? part : account], list);
    }
    assert.equal((await azure.send("DELETE", account)).status, 200);
    assert.equal((await azure.send("GET", part)).status, 404);
    assert.equal((await azure.send("DELETE", account)).status, 204);
    const parts = await azure.send("GET", below);
    assert.equal(codeOf(parts), "ResourceNotFound");
  });

  test("the version of the API is asked for, and what is wrong is told at once", async () => {
    const none = await azure.send("PUT", account, { body, version: null });
    assert.equal(codeOf(none), "MissingApiVersionParameter");
    const bad = { ...body, sku: {}, properties: { networkAcls: { defaultAction: "Deny" }, x: 1 } };
    const { body: answer } = await azure.send("PUT", account, { body: bad });
    const { details = [], target } = answer.error as { details?: unknown; target?: string };
    assert.deepEqual(
      [target, ...asBodies(details).map((one) => one.target)],
      ["sku.name", "properties.x"],
    );
  });

  test("a namespace is there with its types; one of no type is refused by name", async () => {
    const providers = `/subscriptions/${az.subscription}/providers`;
    const { body: known } = await azure.send("GET", `${providers}/microsoft.keyvault`);
    const types = asBodies(known.resourceTypes).map(({ resourceType }) => resourceType);
    assert.ok(types.includes("vaults") && types.includes("vaults/secrets"), types.join(" "));
    const routes = `${group}/providers/Microsoft.Network/routeTables/r`;
    assert.equal(codeOf(await azure.send("PUT", routes, { body })), "InvalidResourceType");
    const cdn = `${group}/providers/Microsoft.Cdn/profiles/p`;
    assert.equal(codeOf(await azure.send("PUT", cdn, { body })), "InvalidResourceNamespace");
    const unknown = `${group}/providers/Microsoft.KeyVault/vault/p`;
    assert.equal(codeOf(await azure.send("PUT", unknown, { body })), "InvalidResourceType");
  });
});
