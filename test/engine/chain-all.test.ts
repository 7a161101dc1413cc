/** chainAll with a gateway of the same stack, by the real engine: order, plans, options. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ProjectLab } from "../support/lab";

const program = `
import * as network from "@pulumi/azure-native/network";
import { ResourceGroup } from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import { chainAll, GatewayProvider } from "./components/index";

const resourceGroupName = new ResourceGroup("own", { resourceGroupName: "own" }).name;
const gateway = new GatewayProvider("hub", { resourceGroupName });
chainAll(gateway.gatewayFrontendId);

class Shop extends pulumi.ComponentResource {
  constructor(name: string) {
    super("test:index:Shop", name);
    const address = new network.PublicIPAddress(
      name,
      {
        ...{ resourceGroupName, publicIpAddressName: name, sku: { name: "Standard" } },
        publicIPAllocationMethod: "Static",
      },
      { parent: this },
    );
    new network.LoadBalancer(
      name,
      {
        ...{ resourceGroupName, loadBalancerName: name, sku: { name: "Standard" } },
        frontendIPConfigurations: [{ name: "fe", publicIPAddress: { id: address.id } }],
      },
      { parent: this },
    );
  }
}
new Shop("shop");
`;

interface State {
  deployment: {
    resources: {
      urn: string;
      propertyDependencies?: Record<string, string[]>;
      protect?: boolean;
      inputs?: Inputs;
    }[];
  };
}
interface Inputs {
  frontendIPConfigurations?: { gatewayLoadBalancer?: { id: string } }[];
}

describe("chainAll before a gateway of the same stack", () => {
  let project: ProjectLab;
  before(async () => {
    project = await ProjectLab.withProgram("chain-all", program);
    await project.up();
  });
  after(() => project.remove());

  test("chains what is inside a component, and makes it depend on the gateway", async () => {
    const { stdout } = await project.pulumi("stack", "export");
    const { resources } = (JSON.parse(stdout.slice(stdout.indexOf("{"))) as State).deployment;
    const named = (ending: string) => {
      const found = resources.find(({ urn }) => urn.endsWith(ending));
      assert.ok(found, ending);
      return found;
    };
    const shop = named("azure-native:network:LoadBalancer::shop");
    const gateway = named("azure-native:network:LoadBalancer::hub-gateway");
    const [frontend] = shop.inputs?.frontendIPConfigurations ?? [];
    assert.match(
      frontend?.gatewayLoadBalancer?.id ?? "",
      /\/hub-gateway\/frontendIPConfigurations\//,
    );
    const depends = shop.propertyDependencies?.frontendIPConfigurations ?? [];
    assert.ok(depends.includes(gateway.urn), depends.join());
    assert.ok(
      depends.some((urn) => urn.endsWith("PublicIPAddress::shop")),
      "as without chainAll",
    );
    assert.ok(!shop.protect);
  });

  test("plans nothing when nothing changes, and goes in an order that Azure takes", async () => {
    await project.pulumi("preview", "--expect-no-changes");
    await project.pulumi("destroy", "--yes", "--skip-preview");
    assert.deepEqual(await project.ids(), []);
  });
});
