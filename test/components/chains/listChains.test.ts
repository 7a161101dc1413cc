import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { listChains } from "../../../components/index";
import { Arm } from "../../../lab/arm/arm";
import { Undo } from "../../../lab/undo";
import * as az from "../../lab/arm/fixture";
import { resolved } from "../../support/mocks";
import { type ResourceManager, serveLists } from "../../support/resourceManager";

const TOKEN = "of-the-identity";
const OTHER = "00000000-0000-0000-0000-000000000002";
const elsewhere = (id: string) => id.replace(az.subscription, OTHER);

describe("listChains", () => {
  const undo = new Undo();
  let azure: ResourceManager;
  before(async () => {
    await pulumi.runtime.setMocks({
      newResource: () => assert.fail("a resource"),
      call: ({ token }) => {
        assert.equal(token, "azure-native:authorization:getClientToken");
        return { token: TOKEN };
      },
    });
    const { arm, store } = await az.referenceAzure();
    const administrator = new Arm(store);
    const ip = elsewhere(az.network("publicIPAddresses", "theirs"));
    await administrator.put(elsewhere(az.group), az.good.group());
    await administrator.put(ip, az.good.publicIp());
    await administrator.put(elsewhere(az.publicLb), {
      location: az.location,
      sku: { name: "Standard" },
      properties: {
        frontendIPConfigurations: [
          {
            name: "theirs",
            properties: {
              publicIPAddress: { id: ip },
              gatewayLoadBalancer: { id: az.gatewayFrontend },
            },
          },
        ],
      },
    });
    azure = await serveLists(arm, TOKEN, [az.subscription, OTHER], undo);
  });
  after(() => undo.run());

  const all = () => [
    `${az.workNic}/ipConfigurations/ip`,
    `${az.publicLb}/frontendIPConfigurations/fe`,
    `${elsewhere(az.publicLb)}/frontendIPConfigurations/theirs`,
  ];
  const ids = async (...args: Parameters<typeof listChains>) =>
    (await resolved(listChains(...args)))?.map(({ id }) => id).sort();

  for (const { name, id } of [
    { name: "a frontend", id: az.gatewayFrontend },
    {
      name: "a frontend in another case",
      id: az.gatewayFrontend
        .toUpperCase()
        .replace(/^\/SUBSCRIPTIONS/, "/subscriptions")
        .replace("/RESOURCEGROUPS", "/resourceGroups"),
    },
    { name: "a load balancer", id: az.gateway },
  ]) {
    test(`finds what hangs on ${name}, in every subscription`, async () => {
      assert.deepEqual(await ids(id, { endpoint: azure.endpoint }), all().sort());
    });
  }

  test("says whose chain it is, for which address", async () => {
    const list = await resolved(
      listChains(az.gateway, { endpoint: azure.endpoint, subscriptionIds: [OTHER] }),
    );
    assert.deepEqual(list, [
      {
        id: `${elsewhere(az.publicLb)}/frontendIPConfigurations/theirs`,
        resourceId: elsewhere(az.publicLb),
        publicAddressId: elsewhere(az.network("publicIPAddresses", "theirs")),
        gatewayFrontendId: az.gatewayFrontend,
      },
    ]);
  });

  test("asks only named subscriptions, and says which one cannot be read", async () => {
    const unreadable = "00000000-0000-0000-0000-000000000003";
    const options = { endpoint: azure.endpoint, subscriptionIds: [unreadable] };
    await assert.rejects(resolved(listChains(az.gateway, options)), (error: Error) => {
      assert.match(error.message, new RegExp(`/subscriptions/${unreadable}/.*403.*Authorization`));
      assert.ok(!error.message.includes(TOKEN));
      return true;
    });
  });

  test("has nothing to say of a gateway without chains", async () => {
    const other = az.gateway.replace(/gwlb$/, "other");
    assert.deepEqual(await ids(other, { endpoint: azure.endpoint }), []);
  });

  for (const [name, id, options] of [
    ["an id of something else", az.vnet, {}],
    ["a token over plain HTTP", az.gateway, { endpoint: "http://management.example" }],
    ["no GUID", az.gateway, { subscriptionIds: ["prod"] }],
    ["no time", az.gateway, { timeoutSeconds: 0 }],
  ] as const) {
    test(`refuses ${name}`, () => {
      assert.throws(
        () => listChains(id, options as Parameters<typeof listChains>[1]),
        pulumi.InputPropertiesError,
      );
    });
  }
});
