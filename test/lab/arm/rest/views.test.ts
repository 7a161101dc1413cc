import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { asBodies } from "../../../../lab/arm/resource";
import * as az from "../fixture";
import { type RestAzure, restAzure } from "./client";

describe("what clients ask besides resources", () => {
  let azure: RestAzure;
  before(async () => {
    const { store, arm } = await az.referenceAzure();
    const tagged = (name: string, team: string) =>
      arm.put(az.network("publicIPAddresses", name), { ...az.good.publicIp(), tags: { team } });
    for (const name of ["a", "b"]) await tagged(name, "web");
    await tagged("c", "core");
    azure = await restAzure(store);
  });
  after(() => azure.close());

  test("the interfaces behind a load balancer", async () => {
    const { body } = await azure.send("GET", `${az.gateway}/networkInterfaces`);
    assert.deepEqual(
      asBodies(body.value).map(({ id }) => id),
      [az.nvaNic],
    );
    const none = await azure.send("GET", `${az.gateway}x/networkInterfaces`);
    assert.equal(none.status, 404);
  });

  test("the tags of a subscription, with how often each is there", async () => {
    const { body } = await azure.send("GET", `/subscriptions/${az.subscription}/tagNames`);
    const [team] = asBodies(body.value);
    assert.deepEqual([team?.tagName, team?.count], ["team", { type: "Total", value: 3 }]);
    assert.deepEqual(
      asBodies(team?.values).map(({ tagValue, count }) => [tagValue, count]),
      [
        ["web", { type: "Total", value: 2 }],
        ["core", { type: "Total", value: 1 }],
      ],
    );
  });
});
