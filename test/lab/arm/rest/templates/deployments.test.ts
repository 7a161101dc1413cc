import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { asBodies, asBody, type Body } from "../../../../../lab/arm/resource";
import { good } from "../../fixture";
import { codeOf, type Reply, type RestAzure, restAzure } from "../client";

const SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001";
const GROUP = `${SUBSCRIPTION}/resourceGroups/templates`;
const DEPLOYMENTS = `${GROUP}/providers/Microsoft.Resources/deployments`;
const address = (name: string, more: Body = {}): Body => ({
  ...{ type: "Microsoft.Network/publicIPAddresses", apiVersion: "2024-05-01", name },
  ...{ location: "westeurope", sku: { name: "Standard" } },
  properties: { publicIPAllocationMethod: "Static" },
  ...more,
});

describe("deployments over the interface", () => {
  let azure: RestAzure;
  before(async () => {
    azure = await restAzure();
    await azure.send("PUT", GROUP, { body: good.group() });
  });
  after(() => azure.close());
  const deploy = (name: string, properties: Body) =>
    azure.send("PUT", `${DEPLOYMENTS}/${name}`, { body: { properties } });
  /** The end of a deployment, as its poller sees it. */
  const end = async (reply: Reply): Promise<Reply> => {
    const at = String(reply.headers["azure-asyncoperation"]).slice(azure.server.endpoint.length);
    for (;;) {
      const seen = await azure.send("GET", at, { version: null });
      if (!["Accepted", "Running"].includes(String(seen.body.status))) return seen;
    }
  };

  test("write resources and give outputs; what is secret stays so", async () => {
    const begun = await deploy("good", {
      mode: "Incremental",
      template: {
        parameters: { key: { type: "securestring" } },
        resources: [address("a"), address("b", { dependsOn: ["a"] })],
        outputs: {
          ip: { type: "string", value: "[reference('b').publicIPAllocationMethod]" },
          key: { type: "secureString", value: "[parameters('key')]" },
        },
      },
      parameters: { key: { value: "hidden" } },
    });
    assert.equal(begun.status, 201, begun.text);
    assert.equal((await end(begun)).body.status, "Succeeded");
    const { body, text } = await azure.send("GET", `${DEPLOYMENTS}/good`);
    const properties = asBody(body.properties);
    assert.equal(properties?.provisioningState, "Succeeded");
    assert.deepEqual(properties?.outputs, {
      ...{ ip: { type: "string", value: "Static" }, key: { type: "secureString" } },
    });
    assert.equal(asBodies(properties?.outputResources).length, 2);
    assert.doesNotMatch(text, /hidden/);
  });

  test("that meet a refusal fail afterwards, with its code, and say how far they came", async () => {
    const begun = await deploy("bad", {
      mode: "Incremental",
      template: { resources: [address("c"), address("d", { sku: { name: "Basic" } })] },
    });
    assert.equal(begun.status, 201, begun.text);
    const { body } = await end(begun);
    assert.equal(body.status, "Failed");
    const error = asBody(body.error);
    assert.equal(error?.code, "DeploymentFailed");
    const single = await azure.send(
      "PUT",
      `${GROUP}/providers/Microsoft.Network/publicIPAddresses/d`,
      {
        body: { location: "westeurope", sku: { name: "Basic" } },
      },
    );
    assert.equal(asBodies(error?.details)[0]?.code, codeOf(single));
    const operations = await azure.send("GET", `${DEPLOYMENTS}/bad/operations`);
    const states = asBodies(operations.body.value).map(
      (o) => asBody(o.properties)?.provisioningState,
    );
    assert.deepEqual(states, ["Succeeded", "Failed"]);
  });

  for (const [name, properties, code] of [
    ["a wrong template", { mode: "Incremental", template: { resources: [{}] } }, "InvalidTemplate"],
    ["mode Complete", { mode: "Complete", template: { resources: [] } }, "InvalidDeploymentMode"],
    ["a linked template", { mode: "Incremental", templateLink: { uri: "x" } }, "InvalidDeployment"],
  ] as const) {
    test(`${name} is refused at once`, async () => {
      const reply = await deploy("refused", { ...properties });
      assert.deepEqual([reply.status, codeOf(reply)], [400, code]);
      assert.equal((await azure.send("GET", `${DEPLOYMENTS}/refused`)).status, 404);
    });
  }

  test("into a group that is not there are refused", async () => {
    const where = DEPLOYMENTS.replace("templates/", "none/");
    assert.equal(
      codeOf(await azure.send("PUT", `${where}/x`, { body: {} })),
      "ResourceGroupNotFound",
    );
  });

  test("belong to who may write them", async () => {
    const token = azure.tokenOf("11111111-0000-0000-0000-00000000dead");
    const body = { properties: { mode: "Incremental", template: { resources: [] } } };
    const reply = await azure.send("PUT", `${DEPLOYMENTS}/x`, { body, token });
    assert.deepEqual([reply.status, codeOf(reply)], [403, "AuthorizationFailed"]);
  });
});

describe("the catalogue over the interface", () => {
  let azure: RestAzure;
  before(async () => {
    azure = await restAzure();
  });
  after(() => azure.close());
  const compute = `${SUBSCRIPTION}/providers/Microsoft.Compute`;
  const offers = `${compute}/locations/westeurope/publishers/canonical/artifacttypes/vmimage/offers`;

  test("leads from a publisher to a version", async () => {
    const names = async (path: string) => {
      const { text } = await azure.send("GET", path);
      return (JSON.parse(text) as { name: string }[]).map(({ name }) => name);
    };
    assert.ok((await names(offers)).includes("ubuntu-24_04-lts"));
    const [version] = await names(`${offers}/ubuntu-24_04-lts/skus/server/versions?$top=1`);
    const where = `${offers}/ubuntu-24_04-lts/skus/server/versions/${version}`;
    const { body } = await azure.send("GET", where);
    assert.equal(asBody(body.properties)?.hyperVGeneration, "V2");
    const none = await azure.send("GET", `${offers}/none/skus`);
    assert.equal(none.status, 404);
  });

  test("has sizes that machines can have", async () => {
    const { body } = await azure.send("GET", `${compute}/locations/westeurope/vmSizes`);
    assert.ok(asBodies(body.value).some(({ name }) => name === "Standard_D2s_v5"));
    const filter = encodeURIComponent("location eq 'westeurope'");
    const skus = await azure.send("GET", `${compute}/skus?$filter=${filter}`);
    assert.ok(
      asBodies(skus.body.value).every(({ locations }) => String(locations) === "westeurope"),
    );
  });
});
