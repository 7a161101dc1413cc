import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Resource } from "../../lab/arm/arm";
import type { Body } from "../../lab/arm/resource";
import { AzureStack, consumer, gatewayFrontend, laidOver, provider } from "../support/azureStack";

const gateway = gatewayFrontend.split("/").slice(0, -2).join("/");
const nva = gateway.replace(
  "Microsoft.Network/loadBalancers/gwlb",
  "Microsoft.Compute/virtualMachines/nva",
);
const web = gateway.replace("/rg/", "/web/").replace(/gwlb$/, "web");
const chainOf = (lb: Resource | undefined) =>
  (lb?.properties.frontendIPConfigurations as { properties: Body }[] | undefined)?.[0]?.properties
    .gatewayLoadBalancer;

describe("the life of a stack, by the real engine", () => {
  const stack = new AzureStack();
  const all = [...provider, ...consumer("@gwlb/frontendIPConfigurations/fe").slice(1)];
  const inRg = web.replace("/web/providers", "/rg/providers");
  before(async () => {
    await stack.init();
    const { code, stdout, stderr } = await stack.up(all);
    assert.equal(code, 0, stdout + stderr);
  });
  after(() => stack.remove());

  test("after an update nothing is left to do, nor after a refresh", async () => {
    assert.deepEqual(await stack.plan(all), []);
    await stack.refresh("--expect-no-changes");
    assert.deepEqual(await stack.plan(all), []);
  });

  test("userData is updated in place, and a refresh sees no drift in it", async () => {
    const changed = laidOver(all, "nva", { userData: "bmV3" });
    const before = (await stack.arm.get(nva))?.properties.vmId;
    assert.deepEqual(await stack.plan(changed), [
      { op: "update", name: "nva", paths: ["userData"] },
    ]);
    assert.equal((await stack.up(changed)).code, 0);
    const vm = await stack.arm.get(nva, { expand: "userData" });
    assert.deepEqual([vm?.properties.userData, vm?.properties.vmId], ["bmV3", before]);
    await stack.refresh("--expect-no-changes");
    assert.equal((await stack.up(all)).code, 0);
  });

  test("a chain that another tool dropped is seen by a refresh and repaired by an update", async () => {
    const lb = structuredClone(await stack.arm.get(inRg)) as Body & { properties: Body };
    const [frontend] = lb.properties.frontendIPConfigurations as { properties: Body }[];
    delete frontend?.properties.gatewayLoadBalancer;
    await stack.arm.put(inRg, lb);
    assert.deepEqual(await stack.plan(all), [], "unseen until it is looked for");
    await stack.refresh();
    assert.deepEqual(await stack.plan(all), [
      { op: "update", name: "web", paths: ["frontendIPConfigurations[0].gatewayLoadBalancer"] },
    ]);
    assert.equal((await stack.up(all)).code, 0);
    assert.deepEqual(chainOf(await stack.arm.get(inRg)), { id: gatewayFrontend });
  });

  test("what somebody deleted is made again", async () => {
    await stack.arm.delete(nva);
    await stack.refresh();
    assert.deepEqual(
      (await stack.plan(all)).map(({ op, name }) => [op, name]),
      [["create", "nva"]],
    );
    assert.equal((await stack.up(all)).code, 0);
    assert.ok(await stack.arm.get(nva));
  });

  test("a resource that is there already can be taken into a stack", async () => {
    const id = gateway.replace("loadBalancers/gwlb", "publicIPAddresses/found");
    const sku = { name: "Standard" };
    await stack.arm.put(id, {
      location: "westeurope",
      sku,
      properties: { publicIPAllocationMethod: "Static" },
    });
    const found = {
      type: "azure-native:network:PublicIPAddress",
      name: "found",
      properties: {
        resourceGroupName: "rg",
        publicIpAddressName: "found",
        sku: { ...sku, tier: "Regional" },
        publicIPAllocationMethod: "Static",
        publicIPAddressVersion: "IPv4",
        idleTimeoutInMinutes: 4,
        ipAddress: (await stack.arm.get(id))?.properties.ipAddress,
      },
    };
    const imported = [...all, { ...found, options: { import: id } }];
    const { code, stdout, stderr } = await stack.up(imported);
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(await stack.plan([...all, found]), []);
    assert.equal((await stack.up(all)).code, 0);
    assert.equal(await stack.arm.get(id), undefined);
  });
});
