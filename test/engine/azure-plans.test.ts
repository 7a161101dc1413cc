import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { AzureStack, laidOver, provider, tunnels } from "../support/azureStack";
import type { Declared } from "../support/stackOfData";

/** A change that azure-native plans as an update, and what Azure then says. */
interface Unplanned {
  name: string;
  resource: string;
  change: object;
  path: string;
  answer: RegExp;
  /** Whether a preview can know; default true. */
  early?: boolean;
}

const of = (name: string) => provider.find((declared) => declared.name === name) as Declared;
const part = (name: string, key: string) => of(name).properties[key] as Record<string, unknown>;
const [frontend] = of("gwlb").properties.frontendIPConfigurations as object[];

const unplanned: Unplanned[] = [
  {
    name: "customData",
    resource: "nva",
    change: { osProfile: { ...part("nva", "osProfile"), customData: "bmV3" } },
    path: "osProfile.customData",
    answer: /Status=409 Code="PropertyChangeNotAllowed" .*Target="osProfile.customData"/,
  },
  {
    name: "zones of a machine",
    resource: "nva",
    change: { zones: ["1"] },
    path: "zones",
    answer: /Code="PropertyChangeNotAllowed" .*Target="zones"/,
  },
  {
    name: "the SKU of a load balancer",
    resource: "gwlb",
    change: { sku: { name: "Standard", tier: "Regional" } },
    path: "sku.name",
    answer: /Code="SkuCannotBeChangedOnUpdate"/,
  },
  {
    name: "tunnels in use",
    resource: "gwlb",
    change: { backendAddressPools: tunnels(850) },
    path: "backendAddressPools[0].tunnelInterfaces[0].identifier",
    answer: /Code="TunnelInterfacesCannotBeChangedWhileInUse"/,
    early: false,
  },
  {
    name: "zones of a frontend",
    resource: "gwlb",
    change: { frontendIPConfigurations: [{ ...frontend, zones: ["1"] }] },
    path: "frontendIPConfigurations[0].zones",
    answer: /Code="ResourceAvailabilityZonesCannotBeModified"/,
  },
];

/** An address that is new in the plan, and a load balancer on it that names no SKU. */
const publicBalancer = (frontend: object): Declared[] => [
  {
    type: "azure-native:network:PublicIPAddress",
    name: "address",
    properties: {
      ...{ resourceGroupName: "@group.name", publicIpAddressName: "address" },
      ...{ sku: { name: "Standard" }, publicIPAllocationMethod: "Static" },
    },
  },
  {
    type: "azure-native:network:LoadBalancer",
    name: "web",
    properties: {
      ...{ resourceGroupName: "@group.name", loadBalancerName: "web" },
      frontendIPConfigurations: [frontend],
    },
  },
];

describe("plans, by the real engine", () => {
  const stack = new AzureStack();
  before(async () => {
    await stack.init();
    const { code, stdout, stderr } = await stack.up(provider);
    assert.equal(code, 0, stdout + stderr);
  });
  after(() => stack.remove());

  for (const { name, resource, change, path, answer, early = true } of unplanned) {
    const when = early ? "the preview says so" : "which depends on what else is deployed";
    test(`${name}: planned as an update, refused by Azure, ${when}, and nothing changed`, async () => {
      const changed = laidOver(provider, resource, change);
      if (early) {
        stack.declare(changed);
        const { code, stdout, stderr } = await stack.pulumi("preview", "--stack", "dev");
        assert.notEqual(code, 0);
        assert.match(stdout + stderr, answer);
      } else {
        assert.deepEqual(await stack.plan(changed), [
          { op: "update", name: resource, paths: [path] },
        ]);
      }
      const { seq } = stack.store.snapshot();
      const { code, stdout, stderr } = await stack.up(changed);
      assert.notEqual(code, 0);
      assert.match(stdout + stderr, answer);
      assert.equal(stack.store.snapshot().seq, seq);
    });
  }

  test("replaceOnChanges makes a replacement of it, in the order that names allow", async () => {
    const change = { osProfile: { ...part("nva", "osProfile"), customData: "bmV3" } };
    const options = { replaceOnChanges: ["osProfile.customData"], deleteBeforeReplace: true };
    const changed = laidOver(provider, "nva", change, options);
    const [step] = await stack.plan(changed);
    assert.deepEqual([step?.op, step?.paths], ["replace", ["osProfile.customData"]]);
    assert.equal((await stack.up(changed)).code, 0);
    assert.equal((await stack.up(laidOver(provider, "nva", {}, options))).code, 0);
  });

  test("azure-native itself replaces a network that moves", async () => {
    const moved = laidOver(provider, "vnet", { location: "northeurope" });
    const step = (await stack.plan(moved)).find(({ op }) => op === "replace");
    assert.deepEqual([step?.name, step?.paths], ["vnet", ["location"]]);
  });

  test("a load balancer without a SKU fails in the preview, chained or not", async () => {
    const frontend = { name: "fe", publicIPAddress: { id: "@address" } };
    const chained = {
      ...frontend,
      gatewayLoadBalancer: { id: "@gwlb/frontendIPConfigurations/fe" },
    };
    for (const one of [frontend, chained]) {
      stack.declare([...provider, ...publicBalancer(one)]);
      const { code, stdout, stderr } = await stack.pulumi("preview", "--stack", "dev");
      assert.notEqual(code, 0);
      assert.match(stdout + stderr, /Code="BasicSkuLoadBalancerRetired" .*sku\.name/);
    }
  });

  test("wrong inputs fail in the preview, each by its path", async () => {
    stack.declare(laidOver(provider, "gwlb", { sku: { name: 7 }, frontends: [] }));
    const { code, stdout, stderr } = await stack.pulumi("preview", "--stack", "dev");
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /'sku.name' should be of type 'string' but got a number/);
    assert.match(stdout + stderr, /does not know property 'frontends'/);
  });
});
