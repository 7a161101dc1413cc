import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { asBodies, asBody } from "../../../../lab/arm/resource";
import * as az from "../fixture";
import { type RestAzure, restAzure } from "./client";

const READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const definitions = `/subscriptions/${az.subscription}/providers/Microsoft.Authorization/roleDefinitions`;

describe("built-in roles over the interface", () => {
  let azure: RestAzure;
  before(async () => {
    azure = await restAzure();
  });
  after(() => azure.close());

  test("are found by their name, beside the tenant's own", async () => {
    const own = "11111111-0000-0000-0000-000000000001";
    const body = {
      properties: {
        roleName: "Watcher",
        assignableScopes: [`/subscriptions/${az.subscription}`],
        permissions: [{ actions: ["*/read"] }],
      },
    };
    assert.equal((await azure.send("PUT", `${definitions}/${own}`, { body })).status, 201);
    const named = async (role: string) => {
      const filter = encodeURIComponent(`roleName eq '${role}'`);
      const { body: found } = await azure.send("GET", `${definitions}?$filter=${filter}`);
      return asBodies(found.value).map(({ name }) => name);
    };
    assert.deepEqual(await named("Reader"), [READER]);
    assert.deepEqual(await named("Watcher"), [own]);
  });

  test("are shown whole by their GUID, in every subscription and at every scope", async () => {
    for (const where of [definitions, definitions.replace(/0001\/providers/, "00ff/providers")]) {
      const { status, body } = await azure.send("GET", `${where}/${READER}`);
      assert.equal(status, 200);
      const { roleName, type, permissions } = asBody(body.properties) ?? {};
      assert.deepEqual([roleName, type], ["Reader", "BuiltInRole"]);
      assert.deepEqual(asBodies(permissions)[0]?.actions, ["*/read"]);
    }
    assert.equal(
      (await azure.send("GET", `${definitions}/${READER.replace("a", "b")}`)).status,
      404,
    );
  });
});
